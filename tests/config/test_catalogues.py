"""A catalogue is compiled when it has changed, and what stands there is always a whole one."""

import gettext
import os
from pathlib import Path

import pytest

from config import catalogues
from scripts import messages

SOURCE = """msgid ""
msgstr ""
"Language: pt\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "%d pack"
msgid_plural "%d packs"
msgstr[0] "%d bateria"
msgstr[1] "%d baterias"
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "pt" / "LC_MESSAGES" / "django.po"
    file.parent.mkdir(parents=True)
    file.write_text(SOURCE)
    return file


def test_a_catalogue_is_compiled_as_gettext_reads_it(source: Path, tmp_path: Path) -> None:
    [compiled] = catalogues.compile_changed(tmp_path)

    with compiled.open("rb") as file:
        said = gettext.GNUTranslations(file)
    assert [said.ngettext("%d pack", "%d packs", count) for count in (1, 2)] == ["%d bateria", "%d baterias"]
    assert sorted(source.parent.iterdir()) == [compiled, source]


def test_only_what_has_changed_is_compiled_again(source: Path, tmp_path: Path) -> None:
    [compiled] = catalogues.compile_changed(tmp_path)
    os.utime(source, ns=(1, 1))
    assert catalogues.compile_changed(tmp_path) == []

    os.utime(source, ns=(compiled.stat().st_mtime_ns + 1,) * 2)

    assert catalogues.compile_changed(tmp_path) == [compiled]


def test_the_languages_of_the_catalogues_are_collected_together() -> None:
    assert sorted(path.name for path in catalogues.LOCALE.iterdir()) == sorted(messages.LANGUAGES)


def test_a_sentence_is_collected_with_its_context_and_its_plural() -> None:
    found = set(messages.sentences(b'_("Saved."); ngettext("%d a", "%d b", n); pgettext("of a day", "Open"); _(name)'))

    assert found == {(None, "Saved.", None), (None, "%d a", "%d b"), ("of a day", "Open", None)}


def test_a_translation_stays_when_sentences_come_and_go() -> None:
    before = messages.written("pt", {(None, "Old", None), (None, "%(n)s pack", "%(n)s packs")}, SOURCE)
    said = before.replace('msgid "Old"\nmsgstr ""', 'msgid "Old"\nmsgstr "Velho"')

    after = messages.written("pt", {(None, "New", None), (None, "Old", None)}, said)

    assert 'msgid "Old"\nmsgstr "Velho"' in after
    assert 'msgid "New"\nmsgstr ""' in after
    assert "pack" not in after
