"""What a fleet's managers see: their blocks, planning one, what becomes of each vehicle, and cancelling."""

from __future__ import annotations

from dataclasses import replace

from django.urls import reverse
from playwright.sync_api import Page

from accounts import people
from accounts.models import User
from booking import blocks, tasks
from booking.models import Block
from stations import upkeep
from tests.factories.accounts import MembershipFactory
from tests.factories.blocks import manager_of, moment_comes, planned
from tests.factories.booking import Town
from tests.gallery.showing import Gallery, Seen
from tests.gallery.towns import town

GALLERY = Gallery()


def _shift(place: Town, count: int = 4) -> tuple[User, Block]:
    """A manager, and a block of vehicles that will come."""
    mala = manager_of(place)
    names = ("Asha", "Bala", "Chitra", "Diogo", "Emeka", "Fatima")
    return mala, planned(place, *(place.driver(name) for name in names[:count]), by=mala)


def _block(mala: User, block: Block, page: str = "block", *args: object) -> Seen:
    return Seen(reverse(f"fleet:{page}", args=[block.public_id, *args]), mala)


def _under_way(place: Town) -> tuple[User, Block]:
    """One has joined, one was blocked, one was cancelled, and one is still planned."""
    mala, block = _shift(place)
    one, two, three, _four = block.entries.order_by("number")
    people.block(user=two.driver, by=None, reason="Lent his phone.")
    moment_comes(one, two)
    tasks.join_blocks()
    blocks.cancel(block=block, by=mala, number=three.number)
    return mala, block


@GALLERY.shows("fleet:blocks")
def fleet_blocks_none() -> Seen:
    return Seen("/fleet/", manager_of(town()))


@GALLERY.shows("fleet:blocks")
def fleet_blocks() -> Seen:
    place = town(packs=10)
    mala, _planned = _shift(place)
    block = planned(place, place.driver("Gita"), by=mala)
    upkeep.close_station(station=place.station, reason="Flooded.", by=None)
    moment_comes(*block.entries.all())
    tasks.join_blocks()
    given_up = planned(place, place.driver("Hugo"), by=mala)
    blocks.cancel(block=given_up, by=mala)
    return Seen("/fleet/", mala)


@GALLERY.shows("fleet:blocks")
def fleet_blocks_of_two_fleets() -> Seen:
    place = town(packs=10)
    mala, _block = _shift(place)
    MembershipFactory(user=mala, organisation=place.add_fleet(), role="fleet_manager")
    return Seen("/fleet/", mala)


def _new(place: Town, mala: User) -> Seen:
    return Seen(reverse("fleet:new", args=[place.fleet.pk]), mala)


@GALLERY.shows("fleet:new")
def fleet_new() -> Seen:
    place = town(packs=10)
    for name in ("Asha", "Bala", "Chitra"):
        place.driver(name)
    place.driver("Diogo", pack_count=2)
    return _new(place, manager_of(place))


@GALLERY.shows("fleet:new")
def fleet_new_without_vehicles() -> Seen:
    place = town()
    return _new(place, manager_of(place))


@GALLERY.shows("fleet:new")
def fleet_new_without_a_station() -> Seen:
    place = town()
    place.driver("Asha")
    place.station.status = "planned"
    place.station.save(update_fields=["status"])
    return _new(place, manager_of(place))


def _shows_the_moments(page: Page) -> None:
    page.locator("main form .button--primary").click()
    page.locator("[name=confirm]").wait_for()


@GALLERY.shows("fleet:new")
def fleet_new_preview() -> Seen:
    return replace(fleet_new(), act=_shows_the_moments)


def _asks_too_close(page: Page) -> None:
    page.locator("main [name=step]").fill("1")
    page.locator("main form .button--primary").click()
    page.locator("[name=step][aria-invalid]").wait_for()


@GALLERY.shows("fleet:new")
def fleet_new_too_close() -> Seen:
    return replace(fleet_new(), act=_asks_too_close)


@GALLERY.shows("fleet:block")
def fleet_block_planned() -> Seen:
    return _block(*_shift(town(packs=10)))


@GALLERY.shows("fleet:block")
def fleet_block_under_way() -> Seen:
    return _block(*_under_way(town(packs=10)))


@GALLERY.shows("fleet:block")
def fleet_block_done() -> Seen:
    place = town(packs=10)
    mala, block = _shift(place, 3)
    moment_comes(*block.entries.all())
    tasks.join_blocks()
    return _block(mala, block)


@GALLERY.shows("fleet:block")
def fleet_block_nobody_could_join() -> Seen:
    place = town(packs=10)
    mala, block = _shift(place, 2)
    upkeep.close_station(station=place.station, reason="Flooded.", by=None)
    moment_comes(*block.entries.all())
    tasks.join_blocks()
    return _block(mala, block)


@GALLERY.shows("fleet:block")
def fleet_block_cancelled() -> Seen:
    mala, block = _shift(town(packs=10), 2)
    blocks.cancel(block=block, by=mala)
    return _block(mala, block)


@GALLERY.shows("booking:current")
def booking_none_and_one_planned_by_the_fleet() -> Seen:
    _mala, block = _shift(town(packs=10), 1)
    return Seen("/booking/", block.entries.get().driver)


@GALLERY.shows("fleet:cancel")
def fleet_asks_to_cancel_all() -> Seen:
    return _block(*_shift(town(packs=10)), "cancel")


@GALLERY.shows("fleet:cancel_vehicle")
def fleet_asks_to_cancel_one() -> Seen:
    return _block(*_shift(town(packs=10)), "cancel_vehicle", 2)
