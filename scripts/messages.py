"""Collects the words of the code into the catalogues of locale/: `make messages`, after changing a sentence.

A catalogue has no line numbers and no times and is sorted, so that two branches that add sentences can be merged. What
is no longer said is dropped; nothing is guessed from a similar sentence. `python scripts/messages.py --untranslated`
lists what a catalogue lacks.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.core import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("pt", "zh_Hans", "th")
PACKAGES = ("config", "accounts", "stations", "payments", "booking")
# Words for those who build pages, not for those who read them.
NOT_FOR_PEOPLE = ("styleguide", "migrations")
# As xgettext takes them: which argument is the context, the sentence, its plural.
SAY = ("gettext", "gettext_lazy", "gettext_noop", "_")
SAY_MANY = ("ngettext", "ngettext_lazy")
SAY_IN_CONTEXT = ("pgettext", "pgettext_lazy")
SAY_MANY_IN_CONTEXT = ("npgettext", "npgettext_lazy")
HEADER = r"""msgid ""
msgstr ""
"Language: {language}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: {plural}\n"

"""

Sentence = tuple[str | None, str, str | None]  # its context, itself, its plural


# What Django says on our pages, in words of ours: its own Thai has none for these.
OF_DJANGO: set[Sentence] = {
    *((None, f"%(num)d {one}", f"%(num)d {one}s") for one in ("year", "month", "week", "day", "hour", "minute")),
    *(
        (None, sentence.format(s=""), sentence.format(s="s"))
        for sentence in (
            "Ensure this value has at least %(limit_value)d character{s} (it has %(show_value)d).",
            "Ensure this value has at most %(limit_value)d character{s} (it has %(show_value)d).",
            "Ensure that there are no more than %(max)s digit{s} in total.",
            "Ensure that there are no more than %(max)s decimal place{s}.",
            "Ensure that there are no more than %(max)s digit{s} before the decimal point.",
            "This password is too short. It must contain at least %d character{s}.",
            "Your password must contain at least %(min_length)d character{s}.",
        )
    ),
    *(
        (None, sentence, None)
        for sentence in (
            "Null characters are not allowed.",
            "The password is too similar to the %(verbose_name)s.",
            "This password is too common.",
            "This password is entirely numeric.",
            "Your password can’t be too similar to your other personal information.",
            "Your password can’t be a commonly used password.",
            "Your password can’t be entirely numeric.",
            "Enter the same password as before, for verification.",
        )
    ),
}


def catalogue_file(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def gathered() -> set[Sentence]:
    """Every sentence that people read."""
    return set(_in_modules()) | set(_in_templates()) | OF_DJANGO


def _in_modules() -> Iterator[Sentence]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if not set(NOT_FOR_PEOPLE) & set(path.relative_to(ROOT).parts):
                yield from sentences(path.read_bytes())


def _in_templates() -> Iterator[Sentence]:
    for path in templates():
        # templatize() leaves the rest of the page behind as words of X; its indentation is none that Python knows.
        source = templatize(path.read_text(encoding="utf-8"), origin=str(path))
        yield from sentences("\n".join(line.strip() for line in source.splitlines()).encode())


def templates() -> list[Path]:
    folder = ROOT / "templates"
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".html", ".txt"} and not path.relative_to(folder).parts[0].startswith(NOT_FOR_PEOPLE)
    ]


def sentences(source: bytes) -> Iterator[Sentence]:
    keywords = (*SAY, *SAY_MANY, *SAY_IN_CONTEXT, *SAY_MANY_IN_CONTEXT)
    found = extract_python(io.BytesIO(source), keywords, (), {"encoding": "utf-8"})
    for _line, function, arguments, _comments in found:
        words = (arguments,) if isinstance(arguments, str) else tuple(arguments or ())
        if not words or words[0] is None:
            continue  # a variable, whose words are said elsewhere
        if function in SAY:
            yield None, str(words[0]), None
        elif function in SAY_MANY:
            yield None, str(words[0]), words[1]
        elif function in SAY_IN_CONTEXT:
            yield words[0], str(words[1]), None
        else:
            yield words[0], str(words[1]), words[2]


def written(language: str, words: set[Sentence], known: str) -> str:
    """The catalogue of these words, with the translations that the known one has for them."""
    old = read_po(io.StringIO(known), locale=language)
    new = Catalog(locale=language)
    for context, one, many in sorted(words, key=lambda sentence: (sentence[1], sentence[0] or "")):
        before = old.get(one, context)
        kept = before.string if before and isinstance(before.id, tuple) == (many is not None) else ""
        new.add((one, many) if many else one, kept, context=context)
    body = io.BytesIO()
    write_po(body, new, width=0, no_location=True, omit_header=True, sort_output=True)
    plural = get_plural(Locale.parse(language)).plural_forms
    return HEADER.format(language=language, plural=plural) + body.getvalue().decode().strip() + "\n"


def untranslated(language: str) -> list[str]:
    with catalogue_file(language).open("rb") as file:
        return [
            str(message.id) for message in read_po(file, locale=language) if message.id and not all_said(message.string)
        ]


def all_said(string: str | tuple[str, ...] | list[str]) -> bool:
    return bool(string) if isinstance(string, str) else bool(string) and all(string)


def main(arguments: list[str]) -> int:
    if arguments == ["--untranslated"]:
        sys.stdout.writelines(f"{language}: {text}\n" for language in LANGUAGES for text in untranslated(language))
        return 0
    words = gathered()
    for language in LANGUAGES:
        file = catalogue_file(language)
        file.parent.mkdir(parents=True, exist_ok=True)
        known = (
            file.read_text(encoding="utf-8")
            if file.exists()
            else HEADER.format(language=language, plural="nplurals=1; plural=0;")
        )
        file.write_text(written(language, words, known), encoding="utf-8")
        sys.stdout.write(
            f"{file.relative_to(ROOT)}: {len(words)} sentences, {len(untranslated(language))} to translate\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
