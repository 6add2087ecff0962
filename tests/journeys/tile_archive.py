"""A PMTiles archive as small as it can be: one vector tile, all of it water, for every place and zoom of the world.

The formats: github.com/protomaps/PMTiles (spec, version 3) and github.com/mapbox/vector-tile-spec (version 2.1).
"""

from __future__ import annotations

import struct

NOT_COMPRESSED, VECTOR_TILE = 1, 1
DEEPEST_ZOOM = 15
TILES = (4 ** (DEEPEST_ZOOM + 1) - 1) // 3
EXTENT = 4096


def archive() -> bytes:
    tile = _message(3, _layer(b"water"))
    # One entry: from the first tile on, all of them, at the start of the data.
    directory = b"".join(_varint(number) for number in (1, 0, TILES, len(tile), 1))
    metadata = b"{}"
    root_at = 127
    metadata_at = root_at + len(directory)
    tiles_at = metadata_at + len(metadata)
    sections = (root_at, len(directory), metadata_at, len(metadata), tiles_at, 0, tiles_at, len(tile), TILES, 1, 1)
    kinds = (1, NOT_COMPRESSED, NOT_COMPRESSED, VECTOR_TILE, 0, DEEPEST_ZOOM)
    world = (-180_0000000, -85_0000000, 180_0000000, 85_0000000)
    header = struct.pack("<7sB11Q6B4iB2i", b"PMTiles", 3, *sections, *kinds, *world, 0, 0, 0)
    return header + directory + metadata + tile


def _layer(name: bytes) -> bytes:
    return _message(1, name) + _message(2, _square()) + _number(5, EXTENT) + _number(15, 2)


def _square() -> bytes:
    """A feature of kind polygon: move to the corner, three lines, close."""
    there, back = EXTENT << 1, (EXTENT << 1) - 1
    commands = (1 << 3 | 1, 0, 0, 3 << 3 | 2, there, 0, 0, there, back, 0, 1 << 3 | 7)
    return _number(3, 3) + _message(4, b"".join(_varint(number) for number in commands))


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
