"""A station's console in a test: somebody posted to a `Town`, signed in, and the addresses of the pages."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import User
from booking.models import Booking
from stations.models import Bay, Pack, Slot
from tests.factories.booking import Town
from tests.factories.stations import PostFactory


class Console:
    """Pages as somebody of the station's staff sees them. `get` and `post` take the name of an address."""

    def __init__(self, town: Town, user: User | None = None) -> None:
        self.town = town
        self.user: User = user or PostFactory(station=town.station).membership.user
        self.client = Client()
        self.client.force_login(self.user)

    def url(self, name: str, *args: Any) -> str:
        return reverse(f"staff:{name}", args=[self.town.station.network.code, self.town.station.code, *args])

    def get(self, name: str, *args: Any) -> Any:
        return self.client.get(self.url(name, *args))

    def post(self, name: str, *args: Any, **typed: Any) -> Any:
        """Sends the form and follows where it leads, so that what is said can be read."""
        return self.client.post(self.url(name, *args), typed, follow=True)

    def does(self, act: str, booking: Booking, **typed: Any) -> Any:
        return self.post("act", booking.public_id, act, **typed)

    def takes(self, act: str, thing: Pack | Slot | Bay, **typed: Any) -> Any:
        return self.post("metal", type(thing).__name__.lower(), thing.pk, act, **typed)
