"""Draws the PNG sizes of the app icon from static/icons/mark*.svg; run it after changing a mark.

python scripts/icons.py /usr/bin/chromium
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ICONS = Path(__file__).resolve().parent.parent / "static" / "icons"
# (source, copy, pixels): the maskable one fills its square, because phones cut their own shape out of it.
SIZES = [
    ("mark-maskable.svg", "app-180.png", 180),
    ("mark.svg", "app-192.png", 192),
    ("mark.svg", "app-512.png", 512),
    ("mark-maskable.svg", "app-maskable-512.png", 512),
]


def draw(browser: Browser, source: str, copy: str, pixels: int) -> None:
    page = browser.new_page(viewport={"width": pixels, "height": pixels})
    svg = (ICONS / source).read_text()
    page.set_content(f'<body style="margin:0">{svg.replace("<svg", f"<svg width={pixels} height={pixels}", 1)}')
    page.screenshot(path=str(ICONS / copy), omit_background=True)
    page.close()


def main(chromium: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for size in SIZES:
            draw(browser, *size)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
