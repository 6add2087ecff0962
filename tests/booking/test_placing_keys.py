"""An Idempotency-Key: the same request again gives the same booking, another request is refused."""

from __future__ import annotations

import pytest

from booking import lifecycle, placing_keys
from booking.models import Booking
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db


def test_the_same_key_and_body_give_the_same_booking() -> None:
    town = Town(packs=2)
    asha = town.driver("Asha")

    first, again = town.books(asha, key="tap-1"), town.books(asha, key="tap-1")

    assert first == again
    assert Booking.objects.count() == 1


def test_the_same_key_with_another_body_is_refused() -> None:
    town = Town(packs=2)
    asha = town.driver("Asha", pack_count=2)
    town.books(asha, key="tap-1", packs_wanted=1)

    with pytest.raises(placing_keys.KeyReused):
        town.books(asha, key="tap-1", packs_wanted=2)

    assert Booking.objects.count() == 1


def test_the_same_key_gives_the_same_booking_even_when_that_is_over() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    first = town.books(asha, key="tap-1")
    lifecycle.cancel(booking=first, by=asha)

    again = town.books(asha, key="tap-1")

    assert again == first
    assert again.state == "cancelled"


def test_two_people_may_use_the_same_key() -> None:
    town = Town(packs=2)

    asha, bala = (town.books(town.driver(name), key="1") for name in ("Asha", "Bala"))

    assert asha != bala


def test_without_a_key_every_request_is_one_of_its_own() -> None:
    town = Town(packs=2)
    asha = town.driver("Asha")
    first = town.books(asha)
    lifecycle.cancel(booking=first, by=asha)

    assert town.books(asha) != first


def test_keys_that_begin_alike_are_different_keys() -> None:
    town = Town(packs=2)
    asha = town.driver("Asha")
    long = "k" * placing_keys.LONGEST_KEY
    first = town.books(asha, key=long + "1")
    lifecycle.cancel(booking=first, by=asha)

    assert town.books(asha, key=long + "2") != first


@pytest.mark.parametrize("key", ["nul\0byte", "k" * 10_000, "😀"])
def test_no_key_is_too_strange_to_be_remembered(key: str) -> None:
    town = Town(packs=2)
    asha = town.driver("Asha")

    assert town.books(asha, key=key) == town.books(asha, key=key)
