"""Texts as QR pictures: a driver's pass, a station's poster."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

import segno


@lru_cache(maxsize=512)
def svg(text: str) -> str:
    """The text as a QR, drawn by SVG attributes alone: our pages refuse styles in the markup.

    A voice passes it over, for the text stands beside it.
    """
    drawn = BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawn, kind="svg", xmldecl=False, svgns=False, border=0, omitsize=True, svgclass=None, lineclass=None
    )
    return drawn.getvalue().decode().replace("<svg", '<svg aria-hidden="true"', 1)
