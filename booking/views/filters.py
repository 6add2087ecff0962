"""The chips above the list: each is a link that puts one wish on, or takes it off again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from booking.finding import Found, Wish
from payments.money import Money
from payments.presentation import money
from stations.models import Amenity

# More price limits than this would be a choice of their own.
MOST_LIMITS = 2


@dataclass(frozen=True, slots=True)
class Chip:
    """`address` is the search with this wish on when it is off, and off when it is on."""

    label: str
    address: str
    is_on: bool = False
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Chips:
    """Those that are on come first; `query` is what the search form has to carry along."""

    chips: tuple[Chip, ...]
    fields: tuple[tuple[str, str], ...]

    @property
    def on(self) -> tuple[Chip, ...]:
        return tuple(chip for chip in self.chips if chip.is_on)


def chips(wish: Wish, found: Found) -> Chips:
    """For what these stations can be told apart by."""
    made = [
        Chip(_("Open now"), _address(replace(wish, open_now=not wish.open_now)), wish.open_now, "clock"),
        Chip(
            _("With staff"),
            _address(replace(wish, is_staffed=None if wish.is_staffed else True)),
            bool(wish.is_staffed),
            "person",
        ),
        *_price_chips(wish, found),
        *_amenity_chips(wish, found),
    ]
    return Chips(tuple(sorted(made, key=lambda chip: not chip.is_on)), tuple(_fields(replace(wish, most_minor=None))))


def _price_chips(wish: Wish, found: Found) -> Iterable[Chip]:
    """Limits between the prices that are there; none where every station costs the same."""
    prices = [one.about for one in found.stations if one.about is not None]
    if not prices:
        return
    currency = prices[0].currency
    limits = sorted({_rounded_up(price.amount_minor) for price in prices if price.currency == currency})[:-1]
    if wish.most_minor is not None:
        limits = [wish.most_minor]
    for limit in limits[:MOST_LIMITS]:
        is_on = limit == wish.most_minor
        label = _("Up to %(price)s") % {"price": money(Money(limit, currency))}
        yield Chip(label, _address(replace(wish, most_minor=None if is_on else limit)), is_on, "wallet")


def _amenity_chips(wish: Wish, found: Found) -> Iterable[Chip]:
    present = {code for one in found.stations for code in one.station.amenities} | set(wish.amenities)
    for amenity in Amenity:
        if amenity.value not in present:
            continue
        is_on = amenity.value in wish.amenities
        others = tuple(code for code in wish.amenities if code != amenity.value)
        with_it = tuple(sorted((*others, amenity.value)))
        yield Chip(
            str(amenity.label), _address(replace(wish, amenities=others if is_on else with_it)), is_on, amenity.value
        )


def _rounded_up(amount_minor: int) -> int:
    """To two digits: a limit is easier to read than a price."""
    step: int = 10 ** max(0, len(str(amount_minor)) - 2)
    return -(-amount_minor // step) * step


def _address(wish: Wish) -> str:
    return "?" + urlencode(_fields(wish))


def _fields(wish: Wish) -> list[tuple[str, str]]:
    fields = [("open", "1")] if wish.open_now else []
    fields += [("staffed", "1")] if wish.is_staffed else []
    fields += [("most", str(wish.most_minor))] if wish.most_minor is not None else []
    return fields + [("has", code) for code in wish.amenities]
