"""What is planned is carried out right after commit, and by the sweep where that fails."""

from __future__ import annotations

from typing import Any

import pytest

from booking.models import Booking
from payments.models import Payment
from payments.states import PaymentState
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db


def test_an_instant_payment_is_authorised_as_soon_as_the_booking_is_committed(
    django_capture_on_commit_callbacks: Any,
) -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")

    with django_capture_on_commit_callbacks(execute=True):
        booking = town.books(asha, carry_out=False)

    assert Payment.objects.get(reference=booking.public_id).state == PaymentState.AUTHORISED
    assert Booking.objects.get(pk=booking.pk).authorised_at is not None
