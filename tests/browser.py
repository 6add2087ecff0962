"""The one browser of a test process: two of them would not run side by side."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Playwright, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")  # its headless shell is a tenth quicker, and knows no notifications
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
    if CHROMIUM.exists():
        return playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    try:
        return playwright.chromium.launch(args=ARGUMENTS)
    except Error:
        pytest.skip("there is no Chromium here: apt-get install chromium, or .venv/bin/playwright install chromium")
