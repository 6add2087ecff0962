"""A site as in production, but by plain HTTP on this machine: hashed, compressed files, stations, a booking."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from config.embedded import CHECKOUT
from tests.bench import database, web

# As docs/operating.md has it; without HTTPS, since nobody gives 127.0.0.1 a certificate.
PRODUCTION = {"LAPTOP": "0", "DEBUG": "0", "DEMO": "0", "HTTPS": "0"}
DRIVER = "+351912000001"
# With a position, as a phone has one: an answer, a list and the map's pins.
IN_LISBON = "/?lat=38.7300&lon=-9.1400"
DAYS_OF_HISTORY = 1


@dataclass(frozen=True)
class Page:
    name: str
    url: str


@contextlib.contextmanager
def running() -> Iterator[list[Page]]:
    """The pages to be judged, for as long as the block lasts."""
    # The session is signed here and read by the server.
    os.environ["SECRET_KEY"] = secrets.token_urlsafe(60)
    with database.durable("lighthouse") as own:
        booking, session = _world()
        settings = PRODUCTION | {"SESSION": session}
        _collect_static(settings)
        with web.serving(own.url, application="tests.lighthouse.front:application", settings=settings) as url:
            yield [
                Page("find", f"{url}{IN_LISBON}"),
                Page("booking", f"{url.replace('127.0.0.1', 'localhost')}/b/{booking}/"),
            ]


def _world() -> tuple[str, str]:
    """The demo's network, in which Asha has a promise; her booking and her session."""
    from django.core.management import call_command

    from accounts.models import User
    from booking import placing
    from booking.demo import create
    from booking.models import Vehicle
    from payments import operations

    call_command("fill_place_names", verbosity=0)
    create.create(days=DAYS_OF_HISTORY)
    asha = User.objects.get(phone=DRIVER)
    vehicle = Vehicle.objects.select_related("pack_class", "fleet").filter(assignments__driver=asha).earliest("pk")
    booking = placing.place(driver=asha, vehicle=vehicle, station=_with_packs(vehicle), method="wallet")
    assert booking.payment is not None
    operations.carry_out_for(booking.payment)
    _keep_for_an_hour(booking)
    return str(booking.public_id), _session_of(asha)


def _keep_for_an_hour(booking: Any) -> None:
    """A promise is shorter than a judgement; what is to be judged is the page with the pass."""
    from booking.models import Booking
    from stations.models import Pack

    until = booking.promise_ends_at + timedelta(hours=1)
    Booking.objects.filter(pk=booking.pk).update(promise_ends_at=until)
    Pack.objects.filter(promises__booking=booking, promises__ended_at=None).update(kept_until=until)


def _with_packs(vehicle: Any) -> Any:
    from stations.models import Station

    return (
        Station.objects.select_related("network", "owner")
        .filter(status="open", city="Lisbon", packs__state="stored", packs__pack_class=vehicle.pack_class)
        .earliest("pk")
    )


def _session_of(person: Any) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from accounts.sessions import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return session.session_key or ""


def _collect_static(settings: dict[str, str]) -> None:
    """Compressing the back office and the map's ground as well takes minutes, and no page here loads them."""
    left_out = [f"--ignore={name}" for name in ("admin", "unfold", "rest_framework", "drf_*", "ground")]
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0", *left_out],
        cwd=CHECKOUT,
        env=os.environ | settings,
        check=True,
    )
