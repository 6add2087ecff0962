"""What every screen has to stand, whoever it is for."""

from __future__ import annotations

from django.conf import settings
from django.test import override_settings
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, BrowserContext

from tests.gallery.looking import NARROW, PHONE, WIDE, Look, opened
from tests.gallery.showing import Screen, Seen


def judge(phone: BrowserContext, browser: Browser, url: str, screen: Screen) -> list[str]:
    """What is wrong with the screen: nothing, one hopes. `phone` is shared, and has the files that every page loads."""
    seen = screen.arrange()
    context = opened(browser, url, keeps_pages=True) if seen.kept else phone
    with override_settings(DEMO=seen.is_demo):
        look = Look(context, url, screen, seen)
        if page_at(seen) != screen.page:
            look.faults.append(f"is of {page_at(seen)!r}, not of {screen.page!r}")
        _look_at(look)
    look.close()
    if context is not phone:
        context.close()
    return look.faults


def page_at(seen: Seen) -> str:
    try:
        return resolve(seen.path.partition("?")[0]).view_name
    except Resolver404:
        return "404"


def _look_at(look: Look) -> None:
    """Each step changes one thing of the page that is open: the width, then the light, and back by the same way."""
    look.open()
    look.walk_by_keyboard()
    look.ask("overflowing", "smallTargets")
    look.ask_axe()
    look.turn(viewport=NARROW)
    look.ask("overflowing", "smallTargets")
    look.turn(viewport=WIDE)
    look.ask("overflowing")
    for viewport in (WIDE, NARROW, PHONE):
        look.turn(theme="dark", viewport=viewport)
        look.ask("overflowing")
    look.ask_axe(is_second_theme=True)
    look.turn()
    look.stretch()
    look.read_large()
    # Other words are longer, or break elsewhere.
    for language, _name in settings.LANGUAGES[1:]:
        look.speak(language)
        look.open()
        for viewport in (NARROW, PHONE):
            look.turn(viewport=viewport)
            look.ask("overflowing")
        look.read_large()
