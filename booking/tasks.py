"""What Celery does every second: end what is overdue, settle lines, move on who missed a call, put fleets' vehicles
in line whose moment has come, offer other stations where nobody can be served, tell drivers, keep what was foretold,
and beat. Every night it learns from what happened, and forgets what has been kept for long enough.

It only carries out what rows say already: it may run twice, late, or not at all, and nobody is served wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

import structlog
from celery import shared_task
from django.db import DatabaseError
from django.db.models import Exists, OuterRef, Q

from accounts.models import Network
from accounts.refusals import Refusal
from booking import (
    bay,
    blocks,
    clock,
    deliveries,
    elsewhere,
    failures,
    foresight,
    heartbeat,
    learned,
    learning,
    measuring,
    moving,
    notice_sending,
    notices,
    promises,
    standstills,
    told,
    turns,
)
from booking.line_rules import ANSWER_CALL_WITHIN
from booking.models import Booking, BookingStep, Line
from booking.patience import patient
from booking.states import State

# While no worker runs, beat goes on: a message older than this is dropped, the next one finds the same rows.
MESSAGE_EXPIRES_SECONDS = 5
# An address that answers drop by drop holds a worker no longer; its delivery counts as lost.
LONGEST_SENDING_SECONDS = 20

# What comes of a time zone that is none, of a figure that is no number or of a time before all calendars.
NONSENSE = (DatabaseError, Refusal, LookupError, ValueError, TypeError, ArithmeticError)

log = structlog.get_logger(__name__)


@shared_task(ignore_result=True)
def sweep_lines() -> int:
    """Settle every line that is due, one transaction each; returns how many. Due lines are found without locks."""
    now = clock.database_now()
    swept = 0
    for line_id in due_lines(now):
        swept += _one(failures.settle_line, line_id=line_id)
    for booking in Booking.objects.filter(state=State.ARRIVED, called_at__lte=now - ANSWER_CALL_WITHIN):
        swept += _one(bay.miss_call, booking=booking, by=None)
    return swept


@shared_task(ignore_result=True)
def join_blocks() -> int:
    """Put the vehicles of fleets' blocks in line whose moment has come, one transaction each; how many."""
    return sum(_one(blocks.carry_out, entry_id=entry_id) for entry_id in blocks.due_ids(clock.database_now()))


@shared_task(ignore_result=True)
def plan_moves() -> int:
    """Offer other stations to the drivers of lines that stand still (rule 7), and end it where they go on; how many.

    Stations are looked for before anything is locked: that may ask the operator's router.
    """
    lines = 0
    for line_id in standstills.over():
        lines += _one(moving.resume, line_id=line_id)
    for line_id in standstills.to_look_at(clock.database_now()):
        lines += _one(plan_moves_of, line_id=line_id)
    return lines


def plan_moves_of(*, line_id: int) -> None:
    candidates = elsewhere.candidates(line_id=line_id, now=clock.database_now())
    moving.offer(line_id=line_id, candidates=candidates)


@shared_task(ignore_result=True)
def tell_turns() -> int:
    """Write down whose turn comes soon by the forecast, station by station; at how many it was looked for.

    The notices' own sweep sends them.
    """
    now = clock.database_now()
    waiting = turns.unaware(now).items()
    return sum(_one(tell_turns_at, station_id=pk, bookings=bookings, now=now) for pk, bookings in waiting)


def tell_turns_at(*, station_id: int, bookings: Collection[Booking], now: datetime) -> None:
    notices.turn_soon(bookings=turns.soon(station_id=station_id, bookings=bookings, now=now), now=now)


@shared_task(ignore_result=True)
def send_notices() -> int:
    """Write down which promises run out, and send each due delivery on its own way: a sick one holds up no other."""
    notices.running_out(now=clock.database_now())
    ids = deliveries.due_ids()
    for delivery_id in ids:
        send_delivery.apply_async((delivery_id,), expires=MESSAGE_EXPIRES_SECONDS)
    return len(ids)


@shared_task(ignore_result=True, soft_time_limit=LONGEST_SENDING_SECONDS)
def send_delivery(delivery_id: int) -> None:
    notice_sending.send(delivery_id=delivery_id)


@shared_task(ignore_result=True)
def forget_old_notices() -> int:
    """Batch by batch; a night that was missed is made up for by the next."""
    now, forgotten = clock.database_now(), 0
    while batch := notices.forget_old(now=now):
        forgotten += batch
    return forgotten


@shared_task(ignore_result=True)
def keep_forecasts() -> int:
    """Write down what each booking is told now that has just joined or changed; how many."""
    now, kept = clock.database_now(), 0
    for step in told.due(now=now):
        kept += _if_it_makes_sense(_keep_forecast, step=step, now=now)
    return kept


@shared_task(ignore_result=True)
def learn() -> int:
    """Network by network: what came of the forecasts, how right they were, and what happened; how many networks.

    Run again it counts the same anew. A night that was missed is measured by the next.
    """
    now = clock.database_now()
    networks = list(Network.objects.order_by("pk"))
    learnt = sum(_if_it_makes_sense(_one_network, network=network, now=now) for network in networks)
    learned.forget()
    return learnt


@shared_task(ignore_result=True)
def beat_heart() -> None:
    """Say that a worker works."""
    heartbeat.beat()


def due_lines(now: datetime) -> list[int]:
    """Lines with an overdue promise, or with somebody waiting: packs charge and gatherings end without any event.

    Somebody waits also at the bay: when the pack that was kept has failed, or to be called where there is no staff.
    And a pack that was promised before it was ready may charge more slowly than it should.
    """
    mine = Booking.objects.live().filter(line=OuterRef("pk"))
    overdue = mine.overdue(now)
    waiting = mine.filter(state=State.WAITING)
    short = Booking.objects.short_of_packs().values("line")
    due = Exists(overdue) | Exists(waiting) | Exists(mine.awaiting_call()) | Q(pk__in=short)
    return sorted({*Line.objects.filter(due).values_list("pk", flat=True), *promises.slipping_lines(now)})


def _keep_forecast(*, step: BookingStep, now: datetime) -> int:
    outlook = foresight.outlook_of(step.booking, now)
    if outlook is None:
        return 0
    told.note(step.booking, occasion=step.step, changed_at=step.at, outlook=outlook, at=now)
    return 1


def _one_network(*, network: Network, now: datetime) -> int:
    return _one(_learn_of, network=network, now=now)


def _learn_of(*, network: Network, now: datetime) -> None:
    told.settle(network=network)
    measuring.measure(network=network, now=now)
    learning.learn(network=network, now=now)
    while told.forget_old(network=network, now=now):
        pass


def _if_it_makes_sense(act: Callable[..., int], **arguments: Any) -> int:
    """For what is worked out of rows whose sense no constraint guards: one booking's or network's nonsense is no more
    the others' trouble than its lock is. It is logged with all that is known of it, and left out.
    """
    try:
        return act(**arguments)
    except NONSENSE:
        log.exception("left_out", **{name: str(value) for name, value in arguments.items()})
        return 0


def _one(act: Callable[..., object], **arguments: Any) -> int:
    """One line's, vehicle's or network's trouble is not the others': it is logged, and tried again the next time."""
    named = {name: str(value) for name, value in arguments.items()}
    try:
        patient(act)(**arguments)
    except (DatabaseError, Refusal) as failure:
        log.warning("sweep_put_off", act=act.__name__, error=str(failure), **named)
        return 0
    except NONSENSE:
        log.exception("sweep_put_off", act=act.__name__, **named)
        return 0
    return 1
