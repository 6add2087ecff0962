"""Sole writer of Favourite: stations that a driver keeps at hand, and the one they used last."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import people
from accounts.models import User
from accounts.refusals import Refusal
from booking.models import Booking, Favourite
from booking.states import State
from stations.models import Station

MOST = 30


class TooManyFavourites(Refusal):
    """The list is full; a longer one would be a second search."""

    code = "too_many_favourites"


@transaction.atomic
def keep(*, driver: User, station: Station, now: datetime) -> None:
    """A second time changes nothing. Locks the driver's row, so that two taps do not pass the limit together.

    Raises TooManyFavourites and people.PersonDeleted.
    """
    people.still_here(user=driver)
    own = Favourite.objects.filter(driver=driver)
    if not own.filter(station=station).exists() and own.count() >= MOST:
        raise TooManyFavourites(_("You have saved %(count)d stations already. Remove one first.") % {"count": MOST})
    Favourite.objects.get_or_create(driver=driver, station=station, defaults={"kept_at": now})


def let_go(*, driver: User, station: Station) -> None:
    Favourite.objects.filter(driver=driver, station=station).delete()


def forget_person(*, driver: User) -> None:
    Favourite.objects.filter(driver=driver).delete()


def kept_by(driver: User) -> list[int]:
    """Ids of the stations that the driver keeps, the newest first."""
    return list(
        Favourite.objects.filter(driver=driver).order_by("-kept_at", "-pk").values_list("station_id", flat=True)
    )


def last_used_by(driver: User) -> int | None:
    """Where the driver last swapped."""
    swaps = Booking.objects.filter(driver=driver, state=State.COMPLETED).order_by("-joined_at")
    return swaps.values_list("station_id", flat=True).first()
