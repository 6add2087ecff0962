"""What a browser says that it is, in two words that its owner recognises. Pure."""

from __future__ import annotations

from dataclasses import dataclass

# The first that is found counts: most browsers also claim to be those that come later.
BROWSERS = (
    ("MicroMessenger", "WeChat"),
    (" Line/", "LINE"),
    ("SamsungBrowser", "Samsung Internet"),
    ("EdgiOS", "Edge"),
    ("EdgA", "Edge"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("FxiOS", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
IN_THE_HAND = ("iPhone", "iPad", "Android")


@dataclass(frozen=True, slots=True)
class Agent:
    """Empty where it does not say, or says something that we do not know."""

    browser: str
    system: str

    def __str__(self) -> str:
        return " · ".join(part for part in (self.browser, self.system) if part)

    @property
    def is_in_the_hand(self) -> bool:
        return self.system in IN_THE_HAND


def read(user_agent: str) -> Agent:
    return Agent(browser=_first(BROWSERS, user_agent), system=_first(SYSTEMS, user_agent))


def _first(known: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in known if mark in user_agent), "")
