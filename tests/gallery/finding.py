"""What drivers see until they have reserved: finding, a station, the poster at its gate."""

from __future__ import annotations

from dataclasses import replace

from django.urls import reverse
from playwright.sync_api import Page

from booking import clock, failures, favourites, tasks
from payments import ledger
from payments.money import Money
from stations import upkeep
from stations.models import Station
from tests.factories.accounts import UserFactory
from tests.factories.booking import Town, VehicleFactory, time_passes
from tests.gallery.showing import Gallery, Seen
from tests.gallery.towns import fall_silent, promised, station_page, stop_by_silence, town, waiting

GALLERY = Gallery()
NEAR = "/?lat=38.7300&lon=-9.1400"
NO_POWER = "No power in the street."


@GALLERY.shows("booking:find")
def find_nothing_known() -> Seen:
    return Seen("/")


@GALLERY.shows("booking:find")
def find_found() -> Seen:
    near = town()
    town(packs=0)
    return Seen(NEAR, near.driver("Asha"))


def _worth_the_way() -> Town:
    """The nearest station charges its only pack and has been silent; a farther one has it ready."""
    near = town(packs=0)
    near.add_pack(soc_percent=20)
    fall_silent(near, minutes=25)
    near.second_station("Alfama Gate", latitude=38.7600)
    return near


@GALLERY.shows("booking:find")
def find_sooner_though_farther() -> Seen:
    return Seen(NEAR, _worth_the_way().driver("Asha"))


@GALLERY.shows("booking:station")
def station_sooner_though_farther() -> Seen:
    near = _worth_the_way()
    there = Station.objects.exclude(pk=near.station.pk).get(network=near.station.network)
    page = reverse("booking:station", args=[there.network.code, there.code])
    return Seen(page, near.driver("Asha"), lead=lambda browser: browser.goto(NEAR))


@GALLERY.shows("booking:find")
def find_with_a_booking() -> Seen:
    near = town()
    asha = near.driver("Asha")
    near.books(asha)
    return Seen(NEAR, asha)


@GALLERY.shows("booking:find")
def find_unknown_place() -> Seen:
    town()
    return Seen("/?q=Xyzzyville")


@GALLERY.shows("booking:find")
def find_impossible_position() -> Seen:
    return Seen("/?lat=99&lon=999")


@GALLERY.shows("booking:find")
def find_nothing_in_reach() -> Seen:
    town()
    return Seen("/?lat=-41.3&lon=174.8")


@GALLERY.shows("booking:find")
def find_with_a_booking_that_may_move() -> Seen:
    near = town()
    near.second_station("Alfama Gate", latitude=38.7600)
    asha = near.driver("Asha")
    near.books(asha)
    upkeep.mark_station_down(station=near.station, reason=NO_POWER, by=None)
    tasks.plan_moves()
    return Seen(NEAR, asha)


@GALLERY.shows("booking:find")
def find_kept_station() -> Seen:
    place = town()
    asha = place.driver("Asha")
    favourites.keep(driver=asha, station=place.station, now=clock.database_now())
    return Seen(NEAR, asha)


@GALLERY.shows("booking:find")
def find_namesakes_unknown() -> Seen:
    town()
    return Seen("/?q=Qqqville")


@GALLERY.shows("booking:station")
def station_signed_out() -> Seen:
    return station_page(town(), None)


@GALLERY.shows("booking:station")
def station_kept_at_once() -> Seen:
    place = town()
    return station_page(place, place.driver("Asha"))


@GALLERY.shows("booking:station")
def station_join_the_line() -> Seen:
    place = town(packs=1)
    place.books(place.driver("Bala"))
    return station_page(place, place.driver("Asha"))


@GALLERY.shows("booking:station")
def station_without_a_vehicle() -> Seen:
    return station_page(town(), UserFactory(name="Asha"))


@GALLERY.shows("booking:station")
def station_wallet_too_low() -> Seen:
    place = town()
    asha = UserFactory(name="Asha")
    VehicleFactory(pack_class=place.pack_class).assignments.create(driver=asha)
    return station_page(place, asha)


@GALLERY.shows("booking:station")
def station_with_a_booking_elsewhere() -> Seen:
    place = town()
    asha = place.driver("Asha")
    place.books(asha)
    other = place.second_station("Alfama Gate")
    return Seen(reverse("booking:station", args=[other.network.code, other.code]), asha)


@GALLERY.shows("booking:station")
def station_down() -> Seen:
    place = town()
    upkeep.mark_station_down(station=place.station, reason=NO_POWER, by=None)
    return station_page(place, place.driver("Asha"))


@GALLERY.shows("booking:station")
def station_silent() -> Seen:
    place = town()
    stop_by_silence(place)
    return station_page(place, place.driver("Asha"))


@GALLERY.shows("booking:station")
def station_of_another_class() -> Seen:
    place, other = town(), town()
    return station_page(place, other.driver("Asha"))


@GALLERY.shows("booking:station")
def station_with_a_booking_here() -> Seen:
    place = town()
    asha = place.driver("Asha")
    place.books(asha)
    return station_page(place, asha)


@GALLERY.shows("booking:station")
def station_with_my_place_in_line() -> Seen:
    place = town(packs=1)
    return station_page(place, waiting(place).driver)


@GALLERY.shows("booking:station")
def station_fleet_limit_reached() -> Seen:
    place = town()
    asha = place.driver("Asha")
    ledger.set_credit_limit(fleet=place.fleet, limit=Money(100, "EUR"))
    return station_page(place, asha)


@GALLERY.shows("booking:station")
def station_unpaid_before() -> Seen:
    place = town()
    asha = place.driver("Asha")
    place.swaps_unpaid(asha)
    return station_page(place, asha)


@GALLERY.shows("booking:station")
def station_too_far() -> Seen:
    place = town()
    seen = station_page(place, place.driver("Asha"))
    return replace(seen, lead=lambda page: page.goto("/?lat=39.1&lon=-9.14"))


@GALLERY.shows("booking:station")
def station_arrive_first() -> Seen:
    place = town()
    asha = place.driver("Asha")
    for _time in range(3):
        time_passes(booking := place.books(asha), minutes=45)
        failures.settle_line(line_id=booking.line_id)
        # Within half an hour there would be nothing left to promise.
        time_passes(booking, minutes=45)
    return station_page(place, asha)


@GALLERY.shows("booking:station")
def station_closed() -> Seen:
    place = town()
    place.station.hours = {"0": [["03:00", "03:01"]]}
    place.station.save()
    return station_page(place, place.driver("Asha"))


@GALLERY.shows("booking:station")
def station_for_another_vehicle() -> Seen:
    place, other = town(), town()
    asha = other.driver("Asha")
    VehicleFactory(pack_class=place.pack_class, plate="ZZ1234").assignments.create(driver=asha)
    return station_page(place, asha)


@GALLERY.shows("booking:keep")
def keep_station() -> Seen:
    place = town()
    return Seen(reverse("booking:keep", args=[place.station.network.code, place.station.code]), place.driver("Asha"))


@GALLERY.shows("booking:poster")
def poster() -> Seen:
    place = town()
    return Seen(reverse("booking:poster", args=[place.station.poster_token]), place.driver("Asha"))


@GALLERY.shows("booking:poster")
def poster_with_a_booking() -> Seen:
    place = town()
    return Seen(reverse("booking:poster", args=[place.station.poster_token]), promised(place).driver)


@GALLERY.shows("booking:poster")
def poster_of_another_station() -> Seen:
    place = town()
    return Seen(reverse("booking:poster", args=[place.station.poster_token]), promised(town()).driver)


@GALLERY.shows("booking:poster")
def poster_unknown() -> Seen:
    return Seen(reverse("booking:poster", args=["torn-off"]), town().driver("Asha"), status=404)


def _opens_map(page: Page) -> None:
    page.get_by_role("button").and_(page.locator("[data-map-toggle]")).click()
    page.locator(".map-land").first.wait_for(state="attached")


@GALLERY.shows("booking:find")
def find_on_the_map() -> Seen:
    near = town()
    near.second_station("Alfama Gate")
    return Seen(NEAR, near.driver("Asha"), act=_opens_map)


@GALLERY.shows("booking:find")
def find_in_the_demo() -> Seen:
    return Seen(NEAR, town().driver("Asha"), is_demo=True)
