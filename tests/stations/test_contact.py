"""Whom drivers call: a number that a phone can dial, or nobody."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from tests.factories.stations import StationFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("number", ["021 555", "12025550143", "+1 202 555 0143", "+0123456789", "+1202555014300000"])
def test_a_number_that_no_phone_abroad_could_dial_is_refused(number: str) -> None:
    station = StationFactory()
    station.contact_phone = number

    with pytest.raises(ValidationError, match=r"digits alone|at most 16"):
        station.full_clean(exclude=["hours", "amenities"])


@pytest.mark.parametrize("number", ["", "+12025550143"])
def test_a_whole_number_and_none_at_all_are_kept(number: str) -> None:
    station = StationFactory(contact_phone=number)

    station.full_clean(exclude=["hours", "amenities"])

    assert station.contact_phone == number
