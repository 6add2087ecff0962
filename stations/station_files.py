"""Reads CSV and GeoJSON files of stations: rows of named texts with their lines, and what is wrong with the others."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from accounts.refusals import Refusal

# GeoJSON is read as a whole; CSV line by line, however long the file.
LARGEST_GEOJSON_BYTES = 200_000_000


class UnreadableFile(Refusal):
    """Nothing can be taken from the file at all."""

    code = "unreadable_file"


@dataclass(frozen=True, slots=True)
class Row:
    """Texts by column. `number` is the line of a CSV file, or the place of a feature among the features."""

    number: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BadRow:
    number: int
    reason: str


def read(path: Path, *, columns: set[str], encoding: str = "utf-8-sig") -> Iterator[Row | BadRow]:
    """Rows in the order of the file. Refuses a file that lacks one of the columns, or of which nothing can be read."""
    if not path.is_file():
        raise UnreadableFile(_("There is no file %(path)s.") % {"path": path})
    if path.suffix.lower() in {".geojson", ".json"}:
        return _geojson(path, columns, encoding)
    return _csv(path, columns, encoding)


def count_lines(path: Path) -> int:
    """About as many as there are rows: enough to tell how far the reading is."""
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def _csv(path: Path, columns: set[str], encoding: str) -> Iterator[Row | BadRow]:
    # Undecodable bytes travel as surrogates, so that one bad line does not hide the good ones behind it.
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        lines = csv.reader(file, strict=True)
        header = _header(lines)
        _refuse_missing(columns, header)
        while True:
            number = lines.line_num + 1
            try:
                values = next(lines)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadRow(number, _("cannot be read as CSV: %(error)s") % {"error": error})
                continue
            if not values:
                continue
            if len(values) != len(header):
                count = {"count": len(values), "expected": len(header)}
                yield BadRow(number, _("has %(count)s fields, but the header has %(expected)s") % count)
                continue
            yield _row(number, dict(zip(header, values, strict=True)))


def _header(lines: Iterator[list[str]]) -> list[str]:
    try:
        header = [name.strip() for name in next(lines, [])]
    except csv.Error as error:
        raise UnreadableFile(_("The first line cannot be read as CSV: %(error)s") % {"error": error}) from error
    if not header or not all(map(_is_text, header)):
        raise UnreadableFile(_("The first line must name the columns."))
    if len(set(header)) != len(header):
        raise UnreadableFile(_("The first line names a column twice."))
    return header


def _geojson(path: Path, columns: set[str], encoding: str) -> Iterator[Row | BadRow]:
    if path.stat().st_size > LARGEST_GEOJSON_BYTES:
        raise UnreadableFile(_("The file is larger than 200 MB: split it, or use CSV, which may be of any length."))
    try:
        document = json.loads(path.read_text(encoding=encoding), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(_("The file is not GeoJSON: %(error)s") % {"error": error}) from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise UnreadableFile(_("The file has no list of features."))
    rows = [_feature(number, feature) for number, feature in enumerate(features, start=1)]
    found = dict.fromkeys(name for row in rows if isinstance(row, Row) for name in row.values)
    if found:
        _refuse_missing(columns, list(found))
    return iter(rows)


def _feature(number: int, feature: Any) -> Row | BadRow:
    """A feature's properties as columns, with its id, and its point as latitude and longitude."""
    if not isinstance(feature, dict) or not isinstance(feature.get("properties") or {}, dict):
        return BadRow(number, _("is not a feature"))
    geometry = feature.get("geometry")
    point = geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
    if not isinstance(point, list) or len(point) < 2:
        return BadRow(number, _("has no point as its geometry"))
    columns = {"id": feature.get("id", ""), **(feature.get("properties") or {})}
    columns |= {"longitude": point[0], "latitude": point[1]}
    return _row(number, {name: "" if value is None else str(value) for name, value in columns.items()})


def _refuse_missing(columns: set[str], found: list[str]) -> None:
    missing = sorted(columns - set(found))
    if missing:
        raise UnreadableFile(
            _("The file has no column %(missing)s. It has: %(found)s. Say with --map which column holds what.")
            % {"missing": ", ".join(missing), "found": ", ".join(found)}
        )


def _row(number: int, values: dict[str, str]) -> Row | BadRow:
    if not all(map(_is_text, values.values())):
        return BadRow(number, _("holds characters that are no text (NUL, or another encoding: see --encoding)"))
    return Row(number, values)


def _is_text(value: str) -> bool:
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
