"""Compiles the translations of `locale/` into what Django reads: `python -m config.catalogues`.

`make run` and the tests do it by themselves before Django reads its settings, which offer compiled languages only.
"""

import os
import sys
from pathlib import Path

import allauth
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

# allauth's pages are Portuguese under another name than ours, where Django does not look.
ALLAUTH = Path(allauth.__file__).parent / "locale"
OF_ALLAUTH = {"pt": "pt_PT"}
LOCALE = Path(__file__).resolve().parent.parent / "locale"


def compile_changed(locale: Path = LOCALE) -> list[Path]:
    """Compile each catalogue that is newer than its compiled form; returns what was written."""
    return [_compile(source) for source in sorted(locale.glob("*/LC_MESSAGES/django.po")) if _is_stale(source)]


def _is_stale(source: Path) -> bool:
    compiled = source.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime_ns <= source.stat().st_mtime_ns


def _compile(source: Path) -> Path:
    language = source.parts[-3]
    catalogue = _read(source, language)
    if language in OF_ALLAUTH:
        theirs = _read(ALLAUTH / OF_ALLAUTH[language] / "LC_MESSAGES" / "django.po", OF_ALLAUTH[language])
        for message in theirs:
            if message.string and not message.fuzzy and message.id not in catalogue:
                catalogue[message.id] = message
    # Another process may read or write the same file: what stands there is always a whole one.
    unfinished = source.with_suffix(f".{os.getpid()}")
    with unfinished.open("wb") as file:
        write_mo(file, catalogue)
    return unfinished.replace(source.with_suffix(".mo"))


def _read(source: Path, language: str) -> Catalog:
    with source.open("rb") as lines:
        return read_po(lines, locale=language)


if __name__ == "__main__":
    sys.stdout.writelines(f"{path.relative_to(LOCALE.parent)}\n" for path in compile_changed())
