"""The one browser of a test process: two of them would not run side by side."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Playwright, expect, sync_playwright

# Debian's, the first of those that are there: one is without a window from the start, and a tenth quicker.
CHROMIUMS = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
# Of a machine that has a lot else to do. What a product promises in seconds, a test says itself.
PATIENCE_MS = 60_000
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's browser where there is one, else the one that Playwright has installed."""
    # Playwright's own loop runs in this thread, in which the ORM would otherwise refuse to work.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def launched(playwright: Playwright) -> Browser:
    for path in CHROMIUMS:
        if path.exists():
            return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
    try:
        return playwright.chromium.launch(args=ARGUMENTS)
    except Error:
        pytest.skip("there is no Chromium here: apt-get install chromium, or .venv/bin/playwright install chromium")
