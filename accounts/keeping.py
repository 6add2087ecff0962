"""What each app keeps about people: told to them when they ask, let go when they leave. Apps register here at start.

An app has a module `personal` that makes its `Keeper`; every column that leads to a person has a fate there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from accounts.models import User

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Something that has to be settled before a person can be deleted, and where that is done."""

    code: str
    sentence: str
    address: str = ""
    act: str = ""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of the rows whose column names a person, or one of their bookings.

    `told` is the section of the export that has them, `untold` why there is none: one of the two. `stays` says why the
    rows stay when the person is deleted; without it they go.
    """

    told: str = ""
    untold: str = ""
    stays: str = ""

    def __post_init__(self) -> None:
        if bool(self.told) == bool(self.untold):
            raise ValueError("a column is told in a section, or it says why not")


@dataclass(frozen=True, slots=True)
class Keeper:
    """One app's part. `fates` are by "app_label.Model.column"; `forget` runs while the person's row is locked."""

    tell: Callable[[User], Iterator[tuple[str, Iterable[Row]]]]
    hindrances: Callable[[User], list[Hindrance]]
    forget: Callable[[User], None]
    fates: Mapping[str, Fate]


_keepers: dict[str, Keeper] = {}


def register(app_label: str, keeper: Keeper) -> None:
    _keepers[app_label] = keeper


def keepers() -> list[Keeper]:
    """In the order of the apps: what stands higher lets go first, so that nothing points at what is gone."""
    return list(reversed(_keepers.values()))


def fates() -> dict[str, Fate]:
    return {column: fate for keeper in _keepers.values() for column, fate in keeper.fates.items()}


def hindrances(person: User) -> list[Hindrance]:
    return [hindrance for keeper in keepers() for hindrance in keeper.hindrances(person)]
