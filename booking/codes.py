"""The six characters that a driver shows at the station: made, found, used once, and guarded against guessing."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import Refusal
from booking.models import Booking, CodeAttempt
from stations.models import Station

# No 0/O, 1/I/L: what is read aloud over a compressor must not be mistaken. 31 characters: 887 million codes.
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
LENGTH = 6
TRIES, WITHIN = 5, timedelta(minutes=5)


class CodeUnknown(Refusal):
    """No live booking at this station has the code."""

    code = "code_unknown"


class CodeOfAnotherStation(Refusal):
    """The code is good, at another station of the network."""

    code = "code_of_another_station"


class CodeUsed(Refusal):
    """A code works once."""

    code = "code_used"


class TooManyTries(Refusal):
    """Too many wrong codes: the field is closed for some minutes."""

    code = "too_many_tries"


def new(station: Station) -> str:
    """A code that no live booking at the station has. The unique constraint stands behind it."""
    while True:
        code = "".join(secrets.choice(ALPHABET) for _place in range(LENGTH))
        if not Booking.objects.live().filter(station=station, code=code).exists():
            return code


def find(*, station: Station, typed: str, by: User, now: datetime) -> Booking:
    """The live booking whose code this is. A wrong code is counted, and stays counted whatever the caller does next.

    Must not be called inside a transaction. Raises CodeUnknown, CodeOfAnotherStation, TooManyTries.
    """
    recent = CodeAttempt.objects.filter(station=station, by=by, at__gt=now - WITHIN)
    if recent.count() >= TRIES:
        raise TooManyTries(_("Too many wrong codes. Wait five minutes, or find the booking in the list."))
    code = normalise(typed)
    booking = Booking.objects.live().select_related("station", "line").filter(station=station, code=code).first()
    if booking is not None:
        return booking
    CodeAttempt.objects.create(station=station, by=by, at=now)
    elsewhere = Booking.objects.live().select_related("station").filter(network=station.network_id, code=code).first()
    if elsewhere is not None:
        raise CodeOfAnotherStation(_("This code is for %(station)s.") % {"station": elsewhere.station.name})
    raise CodeUnknown(_("No booking here has this code. Check the six characters."))


def use(booking: Booking, *, now: datetime) -> None:
    """Spend the code. The caller holds the line's lock. Raises CodeUsed for a second time."""
    if booking.code_used_at is not None:
        raise CodeUsed(_("This code has been used."))
    booking.code_used_at = now
    booking.save(update_fields=["code_used_at"])


def normalise(typed: str) -> str:
    """Capital letters without spaces and dashes, cut to what a code can be."""
    return "".join(c for c in typed.upper() if c.isalnum())[:LENGTH]
