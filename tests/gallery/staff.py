"""What a station's staff see: the board, everything that is asked before it is done, the guided swap, the metal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from playwright.sync_api import Page

from accounts.models import User
from booking import bay, failures, overrides, promises, tasks
from booking.models import Booking
from booking.views.staff_acts import ACTS
from booking.views.staff_packs import ACTS as ACTS_ON_METAL
from stations import geo, inventory, upkeep
from stations.models import Slot
from tests.booking.console import Console
from tests.factories.accounts import MembershipFactory
from tests.factories.booking import Town
from tests.factories.measuring import measured
from tests.factories.stations import PostFactory, SlotFactory
from tests.gallery.showing import Gallery, Seen
from tests.gallery.towns import arrived, completed, no_show, promised, stop_by_silence, town, waiting

GALLERY = Gallery()
NO_POWER = "No power in the street."


def _console(place: Town, name: str, *args: object) -> Seen:
    console = Console(place)
    return Seen(console.url(name, *args), console.user)


def _busy() -> Town:
    """Somebody expected, somebody here, somebody at the bay, somebody in line."""
    place = town(packs=3)
    SlotFactory(station=place.station, pack_class=place.pack_class)
    place.add_pack(soc_percent=Decimal(54))
    bay.start(booking=arrived(place), bay=place.bay, by=place.staff)
    place.arrives(place.books(place.driver("Bala")))
    place.books(place.driver("Chitra"))
    place.books(place.driver("Devi"))
    return place


@GALLERY.shows("staff:board")
def staff_board() -> Seen:
    return _console(_busy(), "board")


@GALLERY.shows("staff:board")
def staff_board_empty() -> Seen:
    return _console(town(), "board")


@GALLERY.shows("staff:packs")
def staff_packs() -> Seen:
    return _console(_busy(), "packs")


@GALLERY.shows("staff:walk_in")
def staff_walk_in() -> Seen:
    return _console(town(), "walk_in")


@GALLERY.shows("staff:poster")
def staff_poster() -> Seen:
    return _console(town(), "poster")


@GALLERY.shows("staff:booking")
def staff_booking() -> Seen:
    place = town()
    return _console(place, "booking", promised(place).public_id)


@GALLERY.shows("staff:swap")
def staff_swap_begins() -> Seen:
    place = town()
    return _console(place, "swap", arrived(place).public_id)


@GALLERY.shows("staff:swap")
def staff_swap_old_in() -> Seen:
    place = town()
    booking = bay.start(booking=arrived(place), bay=place.bay, by=place.staff)
    return _console(place, "swap", booking.public_id)


@GALLERY.shows("staff:swap")
def staff_swap_new_out() -> Seen:
    place = town()
    booking = bay.start(booking=arrived(place), bay=place.bay, by=place.staff)
    SlotFactory(station=place.station, pack_class=place.pack_class)
    values = {"soc_percent": Decimal(12), "soh_percent": Decimal(97)}
    bay.old_in(booking=booking, serial=place.old_pack().serial, by=place.staff, **values)
    return _console(place, "swap", booking.public_id)


@GALLERY.shows("staff:swap")
def staff_swap_done() -> Seen:
    place = town()
    booking = bay.start(booking=arrived(place), bay=place.bay, by=place.staff)
    (pack,) = promises.kept_packs(booking)
    bay.new_out(booking=booking, pack=pack, by=place.staff)
    return _console(place, "swap", booking.public_id)


@GALLERY.shows("staff:stations")
def staff_stations() -> Seen:
    place = town()
    console = Console(place)
    membership = console.user.memberships.get()
    PostFactory(station=place.second_station("Alfama Gate"), membership=membership)
    return Seen("/staff/", console.user)


def _operator_of(place: Town) -> User:
    company = place.station.network.organisations.get(is_operator=True)
    user: User = MembershipFactory(role="operator", organisation=company).user
    return user


@GALLERY.shows("staff:stations")
def staff_stations_of_an_operator() -> Seen:
    return Seen("/staff/", _operator_of(town()))


@GALLERY.shows("staff:forecast")
def staff_forecast() -> Seen:
    place = town()
    measured(place)
    return Seen("/staff/forecast/", _operator_of(place))


@GALLERY.shows("staff:forecast")
def staff_forecast_too_early() -> Seen:
    place = town()
    measured(place, days=3, cases=6, adjusted_by=18)
    return Seen("/staff/forecast/", _operator_of(place))


@GALLERY.shows("staff:board")
def staff_board_out_of_turn() -> Seen:
    place = town(packs=0)
    place.books(place.driver("Far"), position=geo.Place(40.2, -8.4))
    place.books(place.driver("Asha"))
    first = place.books(place.driver("Bala"))
    overrides.let_go_first(booking=first, by=place.staff, reason="A patient is waiting in the ambulance.")
    for _pack in range(2):
        pack = place.add_pack()
        failures.settle_line(line_id=first.line_id)
    inventory.quarantine(pack=pack, reason="Cell 4 is warm.")
    return _console(place, "board")


@GALLERY.shows("staff:board")
def staff_board_closed() -> Seen:
    place = _busy()
    upkeep.close_station(station=place.station, reason=NO_POWER, by=place.staff)
    return _console(place, "board")


@GALLERY.shows("staff:board")
def staff_board_silent() -> Seen:
    place = _busy()
    stop_by_silence(place)
    return _console(place, "board")


@GALLERY.shows("staff:packs")
def staff_packs_silent() -> Seen:
    place = _busy()
    stop_by_silence(place)
    return _console(place, "packs")


@GALLERY.shows("staff:board")
def staff_board_who_may_move() -> Seen:
    place = _busy()
    place.second_station("Alfama Gate")
    upkeep.close_station(station=place.station, reason=NO_POWER, by=place.staff)
    tasks.plan_moves()
    return _console(place, "board")


def _types_unknown_code(page: Page) -> None:
    page.locator("main [name=code]").fill("ZZ22ZZ")
    page.locator("main [name=code]").press("Enter")
    page.locator("main [name=code][aria-invalid]").wait_for()


@GALLERY.shows("staff:board")
def staff_board_code_unknown() -> Seen:
    return replace(_console(_busy(), "board"), act=_types_unknown_code)


@GALLERY.shows("staff:packs")
def staff_packs_out_of_service() -> Seen:
    place = _busy()
    for kind, thing in _metal_of(place).items():
        ACTS_ON_METAL[kind, "out"].do(thing, place.staff, NO_POWER)
    return _console(place, "packs")


# --- One booking, at each step ---


def _offered(place: Town) -> Booking:
    place.add_pack(soc_percent=Decimal(72))
    return place.arrives(place.books(place.driver("Asha")))


def _says_here(place: Town) -> Booking:
    return place.says_here(promised(place))


def _called(place: Town) -> Booking:
    return bay.call(booking=arrived(place), by=place.staff)


def _in_the_bay(place: Town) -> Booking:
    return bay.start(booking=arrived(place), bay=place.bay, by=place.staff)


def _may_move(place: Town) -> Booking:
    place.second_station("Alfama Gate")
    booking = arrived(place)
    upkeep.mark_station_down(station=place.station, reason=NO_POWER, by=None)
    tasks.plan_moves()
    return booking


# How far a booking has come when staff would do this to it. An act that is not here has no screen, and fails.
_BEFORE: dict[str, Callable[[Town], Booking]] = {
    "here": promised,
    "not-here": _says_here,
    "late": no_show,
    "no-show": no_show,
    "take-offer": _offered,
    "keep-waiting": _offered,
    "move": _may_move,
    "first": waiting,
    "call": arrived,
    "not-at-bay": _called,
    "cancel": promised,
    "give-back": _in_the_bay,
    "abandon": _in_the_bay,
}


def _town_before(before: Callable[[Town], Booking]) -> Town:
    return town(packs={_offered: 0, waiting: 1}.get(before, 2))


def _asks(act: str) -> Callable[[], Seen]:
    def arrange() -> Seen:
        place = _town_before(_BEFORE[act])
        return _console(place, "act", _BEFORE[act](place).public_id, act)

    return arrange


def _booking_when(before: Callable[[Town], Booking]) -> Callable[[], Seen]:
    def arrange() -> Seen:
        place = _town_before(before)
        return _console(place, "booking", before(place).public_id)

    return arrange


for _act in ACTS:
    GALLERY.hang(f"staff_asks_{_act.replace('-', '_')}", "staff:act", _asks(_act))
for _before in (no_show, waiting, _offered, _may_move, _says_here, arrived, _called, _in_the_bay, completed):
    GALLERY.hang(f"staff_booking_{_before.__name__.strip('_')}", "staff:booking", _booking_when(_before))


# --- Metal ---


def _metal_of(place: Town) -> dict[str, Any]:
    slot = Slot.objects.filter(station=place.station).latest("number")
    return {"pack": place.packs[0], "slot": slot, "bay": place.bay}


def _asks_about(kind: str, act: str) -> Callable[[], Seen]:
    def arrange() -> Seen:
        place = town()
        thing = _metal_of(place).get(kind, place.station)
        if act in ("back", "open"):
            ACTS_ON_METAL[kind, {"back": "out", "open": "close"}[act]].do(thing, place.staff, NO_POWER)
        if kind == "station":
            return _console(place, "station", act)
        return _console(place, "metal", kind, thing.pk, act)

    return arrange


for _kind, _act in ACTS_ON_METAL:
    _page = "staff:station" if _kind == "station" else "staff:metal"
    GALLERY.hang(f"staff_asks_{_kind}_{_act.replace('-', '_')}", _page, _asks_about(_kind, _act))
