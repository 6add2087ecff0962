"""Sets HTML as a PDF, with our own letters alone and without asking anybody for anything.

WeasyPrint needs Pango, which comes with the system and not with Python: whoever wants a PDF imports this module at that
moment, and is ready for an ImportError or OSError (`receipt_pdf`).
"""

from __future__ import annotations

import logging
import threading

from django.conf import settings
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

OURS = "swapline:///"
FONTS = settings.BASE_DIR / "vendor" / "fonts"
# Names of our own: a face that the system has is never meant, whatever it is called there.
FACES = {
    ("Receipt Latin", 400): "NotoSans-Regular.ttf",
    ("Receipt Latin", 700): "NotoSans-Bold.ttf",
    ("Receipt Thai", 400): "NotoSansThai-Regular.ttf",
    ("Receipt Thai", 700): "NotoSansThai-Bold.ttf",
    ("Receipt Chinese", 400): "NotoSansSC-Regular.ttf",
    ("Receipt Chinese", 700): "NotoSansSC-Bold.ttf",
}
# Seven lines for each PDF are no news.
logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)
# One at a time in a process: a PDF is work for the processor, and pages have to go on.
_turn = threading.Lock()


class OwnFiles(URLFetcher):  # type: ignore[misc]  # WeasyPrint ships no types
    """Gives the typefaces and refuses every other address, whatever a name or an address on the receipt contains."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        name = url.removeprefix(OURS)
        if not url.startswith(OURS) or name not in FACES.values():
            raise ValueError(f"Not one of our own files: {url[:80]}")
        return URLFetcherResponse(url, (FONTS / name).read_bytes(), {"Content-Type": "font/ttf"})


def pdf(html: str, css: str) -> bytes:
    """The page as a PDF that says its language and its headings to a screen reader."""
    files, fonts = OwnFiles(), FontConfiguration()
    with _turn:
        sheet = CSS(string=_faces() + css, font_config=fonts, url_fetcher=files)
        made: bytes = HTML(string=html, url_fetcher=files).write_pdf(
            stylesheets=[sheet], font_config=fonts, pdf_variant="pdf/ua-1"
        )
    return made


def _faces() -> str:
    return "".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; src: url({OURS}{name}) }}\n'
        for (family, weight), name in FACES.items()
    )
