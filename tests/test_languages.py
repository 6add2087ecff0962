"""Every sentence of Swapline is said in every language, and says the same: what is missing or broken fails here."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import django
import polib
import pytest
from babel.core import Locale
from babel.messages.plurals import get_plural
from django.conf import settings
from django.utils import translation
from django.utils.translation import to_locale

from scripts import messages

LANGUAGES = messages.LANGUAGES
PLACEHOLDER = re.compile(r"%\(\w+\)0?\d*[sd]|(?<!%)%[sd]|\{\w*\}")
TAG = re.compile(r"</?[a-z][^>]*>")
# Brazilian, traditional, or over-polite: correct somewhere, and wrong here.
ELSEWHERE = {
    "pt": re.compile(
        r"\b(celular|tela|usuários?|cadastr\w+|senha|você|ônibus|arquivo|registro|deletar|salvar)\b", re.IGNORECASE
    ),
    "zh_Hans": re.compile("[電換隊單預約費號車處現時間點請錢]"),
    "th": re.compile("ครับ|ค่ะ|คะ(?![ก-๙])"),
}
WIDEST_LABEL = 24  # characters of English that stand on a button, a tab or above a figure


def catalogue(language: str) -> polib.POFile:
    return polib.pofile(str(messages.catalogue_file(language)))


def pairs(entry: polib.POEntry) -> list[tuple[str, str]]:
    """Each translation beside the English that it stands for."""
    if not entry.msgid_plural:
        return [(entry.msgid, entry.msgstr)]
    said = [text for _, text in sorted(entry.msgstr_plural.items())]
    return [*((entry.msgid, text) for text in said[:-1]), (entry.msgid_plural, said[-1])]


def wrong(language: str, is_right: Callable[[str, str], bool]) -> list[tuple[str, str]]:
    return [pair for entry in catalogue(language) for pair in pairs(entry) if not is_right(*pair)]


def width(text: str) -> float:
    """Roughly how wide a text is, in Latin letters: a Chinese character is two, a Thai vowel above another is none."""
    drawn = [sign for sign in text if not unicodedata.combining(sign) and unicodedata.category(sign) != "Mn"]
    return sum(1.8 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in drawn)


def test_a_catalogue_for_each_language_that_pages_are_written_for() -> None:
    assert [to_locale(code) for code, _ in settings.WRITTEN_FOR if code != "en"] == list(LANGUAGES)
    assert settings.LANGUAGES == settings.WRITTEN_FOR


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_the_sentences_of_the_code_and_no_others(language: str) -> None:
    known = messages.catalogue_file(language).read_text(encoding="utf-8")

    assert messages.written(language, messages.gathered(), known) == known, "`make messages` has something to collect"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated_and_nobody_guessed(language: str) -> None:
    entries = catalogue(language)

    assert [entry.msgid for entry in entries if not entry.translated()] == []
    assert [entry.msgid for entry in entries if entry.fuzzy or entry.obsolete] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_count_has_as_many_forms_as_the_language(language: str) -> None:
    forms = get_plural(Locale.parse(language)).num_plurals

    assert [
        entry.msgid for entry in catalogue(language) if entry.msgid_plural and len(entry.msgstr_plural) != forms
    ] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_filled_in_is_the_same_in_every_language(language: str) -> None:
    def is_right(english: str, said: str) -> bool:
        return Counter(PLACEHOLDER.findall(said)) == Counter(PLACEHOLDER.findall(english)) and (
            said.count("%%") == english.count("%%") and said.count("%") == english.count("%")
        )

    assert wrong(language, is_right) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_markup_is_the_same_in_every_language(language: str) -> None:
    assert wrong(language, lambda english, said: TAG.findall(said) == TAG.findall(english)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_stands_around_a_sentence_is_the_same_in_every_language(language: str) -> None:
    def edges(text: str) -> tuple[str, str, int, bool]:
        start, end = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        return start, end, text.count("\n"), text.endswith((":", "："))

    assert wrong(language, lambda english, said: edges(said) == edges(english)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_label_fits_where_the_english_one_does(language: str) -> None:
    def is_right(english: str, said: str) -> bool:
        return len(english) > WIDEST_LABEL or width(said) <= 2 * len(english) + 12

    assert wrong(language, is_right) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_those_of_the_country(language: str) -> None:
    assert wrong(language, lambda _, said: not ELSEWHERE[language].search(said)) == []


def test_what_we_say_for_django_is_what_django_says() -> None:
    folder = Path(django.__file__).parent
    theirs = {
        (entry.msgid, entry.msgid_plural or None)
        for part in ("conf", "contrib/auth")
        for entry in polib.pofile(str(folder / part / "locale" / "en" / "LC_MESSAGES" / "django.po"))
    }

    assert {(one, many) for _, one, many in messages.OF_DJANGO} - theirs == set()


@pytest.mark.parametrize(
    ("language", "said"), [("pt", "Códigos de recuperação"), ("zh-hans", "恢复代码"), ("th", "รหัสการกู้คืน")]
)
def test_the_pages_of_allauth_speak_it_too(language: str, said: str) -> None:
    with translation.override(language):
        assert translation.gettext("Recovery Codes").casefold() == said.casefold()
