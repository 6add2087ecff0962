"""Looks at one screen in a real browser: by axe, by our own measures, and by what it loads."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import brotli  # type: ignore[import-untyped]  # ships no types
from allauth.account.internal.flows.login import record_authentication
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.http import HttpRequest
from playwright.sync_api import Browser, BrowserContext, Page, Response, ViewportSize
from playwright.sync_api import Error as PageError

from accounts import devices
from tests.browser import PATIENCE_MS
from tests.gallery.showing import Screen, Seen
from tests.journeys.test_driver_journey import sign_in

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE, NARROW, WIDE = (ViewportSize(width=width, height=844) for width in (390, 320, 768))
SMALL = ViewportSize(width=320, height=640)
LETTERS_PX = 16
MOST_TAB_STOPS = 60
MOST_TRIES = 20
QUESTIONS = (Path(__file__).parent / "looking.js").read_text()
# Everything that a screen may have left in the browser, except the files that all of them load.
LEFT_BEHIND = "cookies,local_storage,indexeddb,cache_storage,service_workers"
# Comes to an end when the worker has taken its place, and keeps the page and the words for no network in the language.
KEPT = """
    async ([path, language]) => {
      for (let tries = 0; tries < 600; tries += 1) {
        const kept = [await (await caches.open('own')).match(path), await caches.match('/offline/')];
        const isSpoken = kept.every((page) => page?.headers.get('Content-Language')?.toLowerCase() === language);
        if (navigator.serviceWorker.controller && isSpoken) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`${path} is not kept in ${language}`);
    }
"""
Theme = Literal["light", "dark"]

# What a page may weigh, compressed, before the map is asked for.
BUDGETS = {"document": 20 * 1024, "stylesheet": 15 * 1024, "script": 40 * 1024}


def opened(browser: Browser, url: str, *, keeps_pages: bool = False) -> BrowserContext:
    """A phone of English-speaking people who like it calm. Without a worker, nothing is loaded behind the screens."""
    context = browser.new_context(
        base_url=url,
        viewport=PHONE,
        has_touch=True,
        locale="en-GB",
        reduced_motion="reduce",
        service_workers="allow" if keeps_pages else "block",
    )
    context.set_default_timeout(PATIENCE_MS)
    return context


class Look:
    """One screen, on a phone that knows nothing of the screen before; `faults` collects what is wrong with it."""

    def __init__(self, context: BrowserContext, url: str, screen: Screen, seen: Seen) -> None:
        self.context, self.url, self.screen, self.seen = context, url, screen, seen
        self.faults: list[str] = []
        self._language, self._theme, self._viewport = "en", "light", PHONE
        self._loaded: dict[str, Response] = {}
        self._is_weighed = False
        self.page: Page = context.new_page()
        self._forget()
        self.page.on("request", lambda request: self._note_origin(request.url))
        self.page.on("response", self._note_response)
        self.page.on("console", lambda said: self._note_console(said.type, said.text))
        self.page.on("pageerror", lambda error: self._note(f"a script failed: {error}"))
        self.turn()
        if seen.by is not None:
            sign_in(self.page, seen.by, url)
        if seen.is_fresh:
            self._sign_in_was_just_now()
        if seen.lead is not None:
            seen.lead(self.page)

    def open(self) -> None:
        if self.seen.kept:
            self._lose_network()
        self._loaded.clear()
        answer = self.page.goto(self.seen.path, wait_until="load")
        assert answer is not None
        if answer.status != self.seen.status:
            self._note(f"answered {answer.status}, not {self.seen.status}")
        if (led_to := urlsplit(self.page.url).path) != self.seen.path.partition("?")[0]:
            self._note(f"leads to {led_to}")
        if not self._is_weighed:
            self._weigh()
        if self.seen.act is not None:
            self.seen.act(self.page)
        self.page.evaluate(f"globalThis.looking = {QUESTIONS}")
        if (language := self.page.evaluate("document.documentElement.lang")).lower() != self._language:
            self._note(f"says that it is in {language!r}")

    def speak(self, language: str) -> None:
        self._language = language
        self.context.add_cookies([{"name": "django_language", "value": language, "url": self.url}])

    def turn(self, *, theme: Theme = "light", viewport: ViewportSize = PHONE) -> None:
        """The same page by another light, on another phone."""
        self._theme, self._viewport = theme, viewport
        self.page.emulate_media(color_scheme=theme)
        self.page.set_viewport_size(viewport)

    def close(self) -> None:
        self.page.close()

    # --- Questions ---

    def ask(self, *questions: str) -> None:
        self._note_all(self.page.evaluate("questions => looking.judged(questions)", list(questions)))
        self._keep()

    def ask_axe(self, *, is_second_theme: bool = False) -> None:
        if not is_second_theme:
            self.page.evaluate(Axe().axe_script)
        asked = [TAGS, is_second_theme]
        self._note_all(self.page.evaluate("([tags, isSecond]) => looking.axed(tags, isSecond)", asked))

    def stretch(self) -> None:
        """Letters of twice the size, and a reader's own spacing."""
        self._note_all(self.page.evaluate("looking.stretched()"))

    def read_large(self) -> None:
        """Letters of twice the size, as a reader sets them in the browser: unlike a page that is enlarged, they move
        the widths at which styles change.
        """
        self.turn(viewport=SMALL)
        tools = self.context.new_cdp_session(self.page)
        tools.send("Page.setFontSizes", {"fontSizes": {"standard": 2 * LETTERS_PX}})
        self.ask("overflowing", "crowded", "menuOutside")
        tools.send("Page.setFontSizes", {"fontSizes": {"standard": LETTERS_PX}})
        tools.detach()

    def walk_by_keyboard(self) -> None:
        """Through everything that Tab reaches: the focus shows, and no bar hides it."""
        visited: set[int] = set()
        for _stop in range(MOST_TAB_STOPS):
            self.page.keyboard.press("Tab")
            at: dict[str, Any] | None = self.page.evaluate("looking.focused()")
            if at is None or at["place"] in visited:
                return
            visited.add(at["place"])
            self._note_all(at["faults"])

    # --- Before it ---

    def _forget(self) -> None:
        self.context.set_offline(False)
        self.context.clear_cookies()
        tools = self.context.new_cdp_session(self.page)
        tools.send("Storage.clearDataForOrigin", {"origin": self.url, "storageTypes": LEFT_BEHIND})
        tools.detach()

    def _sign_in_was_just_now(self) -> None:
        key = next(cookie["value"] for cookie in self.context.cookies() if cookie["name"] == "sessionid")
        request = HttpRequest()
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
        request.session[devices.SIGNED_IN_AT] = time.time()
        record_authentication(request, self.seen.by, method="password", reauthenticated=True)
        request.session.save()

    def _lose_network(self) -> None:
        self._leave()
        self.context.set_offline(False)
        self.page.goto(self.seen.kept, wait_until="load")
        self.page.evaluate(KEPT, [self.seen.kept, self._language])
        self.context.set_offline(True)

    def _leave(self) -> None:
        """A page without network loads itself anew, again and again, and now and then before this comes to its end."""
        for _try in range(MOST_TRIES):
            with suppress(PageError):
                self.page.goto("about:blank")
                return
        raise TimeoutError(f"{self.page.url} does not let go")

    # --- What it notes ---

    def _weigh(self) -> None:
        self._is_weighed = True
        weights = dict.fromkeys(BUDGETS, 0)
        for answer in list(self._loaded.values()):
            kind = answer.request.resource_type
            if kind in weights:
                weights[kind] += _weight(answer.body(), quality=5 if kind == "document" else 11)
        for kind, most in BUDGETS.items():
            if weights[kind] > most:
                self._note(f"{kind}: {weights[kind]} bytes compressed, more than {most}")

    def _note_all(self, faults: Iterable[str]) -> None:
        for fault in faults:
            self._note(fault)

    def _note(self, fault: str) -> None:
        self.faults.append(f"{self._language} {self._theme} {self._viewport['width']}: {fault}")

    def _keep(self) -> None:
        """A picture for people to look at, where SCREENS names a folder."""
        if folder := os.environ.get("SCREENS"):
            name = f"{self.screen.name}-{self._language}-{self._theme}-{self._viewport['width']}"
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    def _note_origin(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(self.url).netloc:
            self._note(f"asks somebody else: {address}")

    def _note_response(self, answer: Response) -> None:
        if answer.ok:
            self._loaded[answer.url] = answer

    def _note_console(self, kind: str, text: str) -> None:
        # The browser itself says so when a page is not found or a form is refused, and when there is no network.
        may_be_refused = self.seen.status >= 400 or self.seen.act is not None
        is_its_own = (may_be_refused and "status of" in text) or (bool(self.seen.kept) and "net::ERR_" in text)
        if kind == "error" and not is_its_own:
            self._note(f"the console says: {text}")


@cache
def _weight(body: bytes, *, quality: int) -> int:
    """Compressed. Most pages load the same files."""
    return len(brotli.compress(body, quality=quality))
