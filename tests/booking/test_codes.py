"""The six characters: bound to a station, used once, and not to be guessed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking import arrival, clock, codes
from booking.models import CodeAttempt
from booking.states import State
from tests.factories.accounts import WorkerFactory
from tests.factories.booking import Town
from tests.factories.stations import StationFactory

pytestmark = pytest.mark.django_db


def test_a_code_is_found_as_people_type_it() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    typed = f" {asha.code[:3].lower()}-{asha.code[3:]} "

    assert codes.find(station=town.station, typed=typed, by=town.staff, now=clock.database_now()) == asha


def test_a_code_has_nothing_in_it_that_is_misread() -> None:
    town = Town(packs=1)

    made = {codes.new(town.station) for _number in range(50)}

    assert all(len(code) == codes.LENGTH for code in made)
    assert not set("".join(made)) & set("0O1IL")


def test_a_code_of_another_station_is_refused_and_says_which_one() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    elsewhere = StationFactory(network=town.station.network)

    with pytest.raises(codes.CodeOfAnotherStation) as refusal:
        codes.find(station=elsewhere, typed=asha.code, by=town.staff, now=clock.database_now())

    assert town.station.name in refusal.value.sentence


def test_a_code_of_another_network_is_unknown_there() -> None:
    town, strangers = Town(packs=1), Town(packs=1)
    asha = town.books(town.driver("Asha"))

    with pytest.raises(codes.CodeUnknown):
        codes.find(station=strangers.station, typed=asha.code, by=strangers.staff, now=clock.database_now())


def test_a_code_works_once() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    arrival.confirm_here(booking=asha, by=town.staff, used_code=True)

    with pytest.raises(codes.CodeUsed):
        arrival.confirm_here(booking=asha, by=town.staff, used_code=True)

    asha.refresh_from_db()
    assert asha.state == State.ARRIVED


def test_after_five_wrong_codes_even_the_right_one_waits_five_minutes() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    now = clock.database_now()
    for _try in range(codes.TRIES):
        with pytest.raises(codes.CodeUnknown):
            codes.find(station=town.station, typed="AAAAAA", by=town.staff, now=now)

    with pytest.raises(codes.TooManyTries):
        codes.find(station=town.station, typed=asha.code, by=town.staff, now=now)
    later = now + codes.WITHIN + timedelta(seconds=1)
    assert codes.find(station=town.station, typed=asha.code, by=town.staff, now=later) == asha


def test_one_persons_wrong_codes_do_not_stop_a_colleague() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    now = clock.database_now()
    CodeAttempt.objects.bulk_create([CodeAttempt(station=town.station, by=town.staff, at=now)] * codes.TRIES)

    assert codes.find(station=town.station, typed=asha.code, by=WorkerFactory(), now=now) == asha


@pytest.mark.parametrize("typed", ["", " ", "\0", "😀😀😀😀😀😀", "A" * 10_000, "' OR 1=1 --"])
def test_nonsense_is_an_unknown_code(typed: str) -> None:
    town = Town(packs=1)
    town.books(town.driver("Asha"))

    with pytest.raises(codes.CodeUnknown):
        codes.find(station=town.station, typed=typed, by=town.staff, now=clock.database_now())


def test_the_code_of_a_booking_that_is_over_is_unknown() -> None:
    town = Town(packs=1)
    asha = town.swaps(town.arrives(town.books(town.driver("Asha"))))

    with pytest.raises(codes.CodeUnknown):
        codes.find(station=town.station, typed=asha.code, by=town.staff, now=clock.database_now())
