"""What a gallery is made of: screens, each of a page, with the rows that it needs and the person who looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Page

from accounts.models import User


@dataclass(frozen=True, slots=True)
class Seen:
    """What a screen shows: where it is, and who looks (None: nobody is signed in)."""

    path: str
    by: User | None = None
    status: int = 200
    # What they did before, when the screen depends on it.
    lead: Callable[[Page], object] | None = None
    # What they do there, if the screen is what comes of it.
    act: Callable[[Page], object] | None = None
    # Signed in this very minute, as some pages want it.
    is_fresh: bool = False
    # Which page the phone has kept. The screen is what it shows without network.
    kept: str = ""
    # What only the demo has.
    is_demo: bool = False


Arrange = Callable[[], Seen]


@dataclass(frozen=True, slots=True)
class Screen:
    """`page` is the name of its address, for which "404" stands where there is none."""

    name: str
    page: str
    arrange: Arrange

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Gallery:
    """The screens of one kind of people. Whatever is hung here is judged like all the others."""

    screens: list[Screen] = field(default_factory=list)

    def shows(self, page: str) -> Callable[[Arrange], Arrange]:
        def hang(arrange: Arrange) -> Arrange:
            self.hang(arrange.__name__, page, arrange)
            return arrange

        return hang

    def hang(self, name: str, page: str, arrange: Arrange) -> None:
        self.screens.append(Screen(name, page, arrange))
