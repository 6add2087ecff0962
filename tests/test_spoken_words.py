"""No word reaches a person past the catalogues: from no template, script, form or message."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType

from scripts import messages

ROOT = messages.ROOT
# What is called the same in every language: our name, units, and what is typed rather than read.
NAMES = re.compile(r"Swapline|kWh|km|min|CO2|API|CSV|QR|PDF|&\w+;")
SILENT = re.compile(r"blocktranslate\b|comment\b|block \w+_class\b")
WORD = re.compile(r"[^\W\d_]{2,}")
READ_ALOUD = {"alt", "title", "placeholder", "aria-label", "aria-description", "aria-roledescription", "label"}
SENTENCE = re.compile(r"[A-Za-z]{2,}[,.]? [a-z]{2,}")
# How something looks, and where in a page something is looked for, is read by browsers.
DRESS = re.compile(r'(className|font): "[^"\n]*"|"<html[^"\n]*"')
LIST_OF_ELEMENTS = re.compile(r"\w+(, \w+)+")
# The API's document is for programmers and in English; what the API answers to people is not.
DOCUMENT = re.compile(r"api|problems")
STANDARD = re.compile(r"ISO [\d-]+( alpha-\d)?|WGS 84")
SAID_BY = {"label", "help_text", "empty_label", "description", "short_description", "title", "placeholder"}
TOLD_BY = {"success", "info", "warning", "error", "add_error", "ValidationError"}


class Spoken(HTMLParser):
    """Collects what a page says: its text, and what a screen reader says of its elements."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.said: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in {"script", "style", "code"}
        self.said += [value for name, value in attrs if name in READ_ALOUD and value]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in {"script", "style", "code"}

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.said.append(data)


def untagged(source: str) -> str:
    """The template without its tags, variables, comments, names of classes and what stands in a translated block."""
    kept, inside = [], False
    for token in Lexer(source).tokenize():
        if token.token_type is TokenType.BLOCK:
            inside = bool(SILENT.match(token.contents)) or (inside and not token.contents.startswith("end"))
        elif token.token_type is TokenType.TEXT and not inside:
            kept.append(token.contents)
    return "".join(kept)


def words(text: str) -> list[str]:
    page = Spoken()
    page.feed(untagged(text))
    page.close()
    return [word for said in page.said for word in WORD.findall(NAMES.sub(" ", said))]


@pytest.mark.parametrize("path", messages.templates(), ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_has_no_words_outside_translation(path: Path) -> None:
    assert words(path.read_text(encoding="utf-8")) == []


def test_a_bare_word_in_a_template_is_found() -> None:
    assert words('{% if a %}<p title="Hello">{% translate "Good" %} day {{ name }}</p>{% endif %}') == ["Hello", "day"]
    assert words("{% blocktranslate %}Fine {{ a }}{% endblocktranslate %}<code>GET /</code> 5 kWh &middot;") == []


@pytest.mark.parametrize("path", sorted((ROOT / "static" / "js").glob("*.js")), ids=lambda path: path.name)
def test_a_script_brings_no_sentences_of_its_own(path: Path) -> None:
    code = re.sub(r"^\s*//.*$|(?<=[;{},(]) //.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    literals = re.findall(r'"[^"\n]*"|\'[^\'\n]*\'', DRESS.sub("", code))

    assert [text for text in literals if SENTENCE.search(text) and not LIST_OF_ELEMENTS.fullmatch(text[1:-1])] == []


def bare_words(source: str) -> Iterator[str]:
    """Literal sentences given to a form field, a refusal or a message."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name.startswith("logger."):
            continue
        given = [keyword.value for keyword in node.keywords if keyword.arg in SAID_BY]
        given += node.args if name.rpartition(".")[2] in TOLD_BY else []
        for value in given:
            if isinstance(value, ast.Constant) and " " in str(value.value) and not STANDARD.fullmatch(str(value.value)):
                yield str(value.value)


def test_forms_and_messages_are_given_translated_words() -> None:
    outside = [
        f"{path.relative_to(ROOT)}: {text}"
        for package in messages.PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "migrations" not in path.parts and not DOCUMENT.match(path.relative_to(ROOT / package).parts[0])
        for text in bare_words(path.read_text(encoding="utf-8"))
    ]

    assert outside == []


def test_a_bare_word_in_a_form_is_found() -> None:
    assert list(bare_words('forms.CharField(label="Your name", help_text=_("As you like."))')) == ["Your name"]
    assert list(bare_words('messages.success(request, "It is saved")')) == ["It is saved"]
