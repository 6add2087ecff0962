"""One second of the demo: some packs charge, simulated drivers come, wait, swap and go. Bounded, and harmless twice.

It acts for simulated drivers alone (`guard`). Where a visitor is first at the bays and takes their time, the others
wait politely for a while, and then use another bay with the reason written down; the visitor's bay stays free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import structlog
from django.db import DatabaseError, connection
from django.db.models import Count, Max, Q

from accounts.models import User
from accounts.refusals import Refusal
from booking import clock
from booking.demo import acts, charging_packs, guard, newcomers
from booking.demo.bays import Bays
from booking.demo.behaviour import Act, Seen, next_act
from booking.demo.network import busy_stations
from booking.demo.places import LANDS
from booking.models import Booking, Direction
from booking.states import State
from stations.models import Station

log = structlog.get_logger(__name__)

ACTS_A_STEP = 3
CHARGED_AT_BUSY, CHARGED_ELSEWHERE = 2, 1
LOCK = 7_295_466_301  # any number that nobody else uses


@dataclass(slots=True)
class Done:
    """What one step came to."""

    acts: int = 0
    joined: int = 0
    charged: int = 0


def step(*, tick: int | None = None) -> Done | None:
    """One step; None when another process is in the middle of one. `tick` counts steps; else the seconds do."""
    with _alone() as alone:
        if not alone:
            return None
        now = clock.database_now()
        tick = int(now.timestamp()) if tick is None else tick
        random = Random(tick)  # noqa: S311 - a play, not a secret
        done = Done(acts=_act(now, random))
        busy, others = _stations()
        for stations, join, at_most in (
            (busy, newcomers.join_busy, CHARGED_AT_BUSY),
            (others, newcomers.join_elsewhere, CHARGED_ELSEWHERE),
        ):
            if stations:
                # One after the other, a station a second.
                station = stations[tick % len(stations)]
                done.joined += _try(join, station, tick=tick, now=now, random=random)
                done.charged += _try(charging_packs.charge, station, at_most=at_most, now=now)
        return done


@contextmanager
def _alone() -> Iterator[bool]:
    """An advisory lock until the end of a transaction on a connection of its own.

    On the one that the writers use, it would make one transaction of all their acts, with all their locks.
    """
    own = connection.copy()
    try:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            row = cursor.fetchone()
        yield bool(row and row[0])
    finally:
        own.rollback()
        own.close()


def _stations() -> tuple[list[Station], list[Station]]:
    """The busy stations and the others, of the networks that have simulated hands."""
    wanted = busy_stations(LANDS)
    staffed = Station.objects.filter(posts__membership__user__is_simulated=True)
    stations = list(staffed.select_related("network").order_by("pk"))
    busy = [station for station in stations if (station.network.code, station.code) in wanted]
    return busy, [station for station in stations if station not in busy]


def _act(now: datetime, random: Random) -> int:
    """Some of what is due, in no particular order, so that a stubborn booking delays nobody."""
    bays = Bays(now)
    due = [(act, booking) for booking in _bookings() if (act := next_act(_seen(booking, bays), now)) is not None]
    random.shuffle(due)
    return sum(_try(_perform, act, booking, bays) for act, booking in due[:ACTS_A_STEP])


def _perform(act: Act, booking: Booking, bays: Bays) -> bool:
    out_of_turn = bays.is_out_of_turn(booking)
    free_bay = bays.take(booking) if act == Act.START else None
    if act == Act.START and free_bay is None:
        return False
    hands = User.objects.get(is_simulated=True, memberships__posts__station=booking.station_id)
    acts.perform(act, booking=booking, staff=hands, free_bay=free_bay, out_of_turn=out_of_turn)
    return True


def _bookings() -> list[Booking]:
    """Every live booking of the simulation, with what is known about its swap."""
    done = Q(swap_packs__undone_at=None)
    return list(
        guard.simulated()
        .select_related("driver", "station", "line", "vehicle")
        .annotate(
            packs_in=Count("swap_packs", distinct=True, filter=done & Q(swap_packs__direction=Direction.IN)),
            packs_out=Count("swap_packs", distinct=True, filter=done & Q(swap_packs__direction=Direction.OUT)),
            offered_at=Max("offers__made_at", filter=Q(offers__ended_at=None)),
        )
        .order_by("pk")
    )


def _seen(booking: Any, bays: Bays) -> Seen:
    """`booking` has the annotations of `_bookings`, which its type cannot say."""
    return Seen(
        id=booking.pk,
        state=booking.state,
        joined_at=booking.joined_at,
        packs_wanted=booking.packs_wanted,
        is_staffed=booking.station.is_staffed,
        arrive_first=booking.arrive_first,
        is_paid=booking.authorised_at is not None,
        drive_seconds=booking.drive_seconds,
        offered_at=booking.offered_at,
        promised_at=booking.promised_at,
        promise_ends_at=booking.promise_ends_at,
        extended_at=booking.extended_at,
        here_claimed_at=booking.here_claimed_at,
        here_at=booking.here_at,
        arrived_at=booking.arrived_at,
        called_at=booking.called_at,
        started_at=booking.started_at,
        last_pack_at=max(filter(None, (booking.old_in_at, booking.new_out_at)), default=None),
        packs_in=booking.packs_in,
        packs_out=booking.packs_out,
        may_start=booking.state == State.ARRIVED and bays.may_start(booking),
    )


def _try(act: Callable[..., object], *what: Any, **how: Any) -> int:
    """How many things it did. What is refused or lost to a lock is tried again in a second, and delays nothing else."""
    try:
        came_to = act(*what, **how)
    except (Refusal, DatabaseError) as failure:
        log.info("simulation_goes_on", act=act.__name__, failure=str(failure))
        return 0
    return came_to if isinstance(came_to, int) else int(came_to is not None)
