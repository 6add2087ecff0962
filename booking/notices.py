"""Sole writer of Notice: what a driver is to be told, written in the transaction of the fact, with its ways.

`history.record` calls `after_step`, so that no step can be taken without its notice. A second writing of the same
occasion changes nothing, so that sweeps may run twice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts import access
from accounts.models import Role, User
from booking import deliveries, nudge, offers, standstills
from booking.models import BlockEntry, Booking, Notice, Source
from booking.notice_kinds import KEPT_FOR, KINDS, SOON, SOON_ENDS, Kind, after
from booking.states import LIVE, State, Step
from payments.states import PaymentState
from stations.states import StationStatus

# Each batch is a transaction of its own, so that nobody waits for a night's work.
AT_A_TIME = 1_000
_EACH_TIME = (Kind.MOVED_BACK, Kind.OFFERED, Kind.MOVED)
_NOTHING_TO_PAY = (PaymentState.CAPTURED, PaymentState.WRITTEN_OFF)


@dataclass(frozen=True, slots=True)
class _Fact:
    """What one booking's driver is to be told."""

    booking: Booking
    kind: Kind
    occasion: str
    detail: str = ""


def after_step(booking: Booking, step: Step, *, at: datetime, by: User | None) -> None:
    """The step has been taken; its driver is told what they did not do or see themselves."""
    if booking.driver_id is None:
        return
    by_fleet = booking.source == Source.FLEET
    kind = after(
        step=step,
        to_state=State(booking.state),
        end_reason=booking.end_reason,
        by_driver=by is not None and by.pk == booking.driver_id,
        at_once=at == booking.took_below_target_at or (at == booking.joined_at and not by_fleet),
        by_fleet=by_fleet,
    )
    if kind is not None:
        # Falling back, moving and being offered packs have no field of their own: each time is an occasion.
        occasion = occasion_of(kind, booking) or (at.isoformat() if kind in _EACH_TIME else "")
        _tell([_Fact(booking, kind, occasion, detail=booking.end_reason or step)], at=at)


def station_failed(*, bookings: Collection[Booking], at: datetime) -> None:
    """Everybody on the way to it is told, promised or not; not again while it has not worked in between."""
    answered = Notice.objects.filter(
        kind=Kind.STATION_OPENED, booking=OuterRef("booking"), occasion=OuterRef("occasion")
    )
    know = Notice.objects.filter(~Exists(answered), kind=Kind.STATION_FAILED, booking__in=bookings)
    knowing = set(know.values_list("booking_id", flat=True))
    on_the_way = [b for b in bookings if b.driver_id is not None and b.pk not in knowing]
    _tell([_Fact(b, Kind.STATION_FAILED, at.isoformat()) for b in on_the_way], at=at)


def station_opened(*, station_id: int, at: datetime) -> None:
    """Whoever was told that it had stopped is told that it works again."""
    told = Notice.objects.filter(
        kind=Kind.STATION_FAILED, booking__station_id=station_id, booking__state__in=LIVE
    ).select_related("booking")
    # The last failure of each booking answers for those before it.
    last = {notice.booking_id: notice for notice in told.order_by("at")}
    _tell([_Fact(n.booking, Kind.STATION_OPENED, n.occasion) for n in last.values() if n.booking is not None], at=at)


def may_move(*, bookings: Collection[Booking], occasion: str, at: datetime) -> None:
    """Nobody can serve them where they are, and another station can: said once for each failure."""
    asked = [b for b in bookings if b.driver_id is not None]
    _tell([_Fact(b, Kind.MAY_MOVE, occasion) for b in asked], at=at)


def unpaid(*, booking: Booking, at: datetime) -> None:
    """The swap is done and its money could not be had."""
    if booking.driver_id is not None:
        _tell([_Fact(booking, Kind.UNPAID, "")], at=at)


@transaction.atomic
def running_out(*, now: datetime) -> int:
    """Promises that end within five minutes, whose driver is not here. For the sweep; harmless twice."""
    soon = Booking.objects.filter(
        state=State.PROMISED,
        driver__isnull=False,
        here_claimed_at=None,
        promise_ends_at__gt=now,
        promise_ends_at__lte=now + SOON_ENDS,
    )
    facts = [_Fact(b, Kind.RUNNING_OUT, occasion_of(Kind.RUNNING_OUT, b)) for b in soon.order_by("pk")]
    return _tell(facts, at=now)


@transaction.atomic
def not_booked(*, entry: BlockEntry, at: datetime) -> None:
    """A vehicle of a fleet's block was skipped: its driver is told, and who has planned it, if they manage it still."""
    block = entry.block
    people = {entry.driver} if entry.driver.deleted_at is None else set[User]()
    if access.has_role(block.made_by, Role.FLEET_MANAGER, organisation=block.fleet):
        people.add(block.made_by)
    kind, rule = Kind.NOT_BOOKED, KINDS[Kind.NOT_BOOKED]
    rows = [
        Notice(
            network_id=block.network_id,
            entry=entry,
            driver=person,
            kind=kind,
            detail=entry.reason[:30],
            at=at,
            good_until=at + rule.good_for,
        )
        for person in sorted(people, key=lambda person: person.pk)
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    deliveries.plan(Notice.objects.filter(entry=entry).select_related("driver"), at=at)
    transaction.on_commit(nudge.senders)


@transaction.atomic
def turn_soon(*, bookings: Collection[Booking], now: datetime) -> int:
    """Those whose packs, or whose bay, come about when they can be there; how many. For the sweep; harmless twice."""
    facts = [_Fact(b, kind := SOON[State(b.state)], occasion_of(kind, b)) for b in bookings]
    return _tell(facts, at=now)


@transaction.atomic
def test(*, driver: User, at: datetime) -> Notice:
    """Nothing has happened; a person wants to see how it looks when it does. By every way that they have."""
    notice = Notice.objects.create(
        driver=driver, kind=Kind.TEST, occasion=at.isoformat(), at=at, good_until=at + KINDS[Kind.TEST].good_for
    )
    deliveries.plan([notice], at=at)
    transaction.on_commit(nudge.senders)
    return notice


@transaction.atomic
def forget_old(*, now: datetime, at_most: int = AT_A_TIME) -> int:
    """Remove notices that have been kept for long enough, with their deliveries; how many. For the nightly task."""
    old = Notice.objects.filter(at__lt=now - KEPT_FOR).order_by("pk").values_list("pk", flat=True)[:at_most]
    numbers = list(old)
    Notice.objects.filter(pk__in=numbers).delete()
    return len(numbers)


def is_true(notice: Notice, *, now: datetime) -> bool:
    """Whether the row may still be said as it was meant: the booking stands as it did then."""
    booking, rule = notice.booking, KINDS[Kind(notice.kind)]
    if booking is None:
        return True
    if booking.state_at(now) not in rule.states:
        return False
    if rule.occasion and occasion_of(Kind(notice.kind), booking) != notice.occasion:
        return False
    if notice.kind == Kind.RUNNING_OUT and booking.here_claimed_at is not None:
        return False
    if notice.kind == Kind.BAY_SOON and booking.called_at is not None:
        return False
    if notice.kind == Kind.OFFERED and not offers.is_open(booking=booking, made_at=notice.at, now=now):
        return False
    if notice.kind == Kind.MAY_MOVE and booking.pk not in standstills.offers_of([booking.pk], now):
        return False
    if notice.kind == Kind.UNPAID and booking.payment is not None and booking.payment.state in _NOTHING_TO_PAY:
        return False
    return rule.needs_station is None or rule.needs_station == (booking.station.status == StationStatus.OPEN)


def occasion_of(kind: Kind, booking: Booking) -> str:
    """Which promise, call, end or station of the booking it is about; empty where there is only one, or no field."""
    name = KINDS[kind].occasion
    about = getattr(booking, name) if name else None
    if about is None:
        return ""
    return about.isoformat() if isinstance(about, datetime) else str(about)


def _tell(facts: Sequence[_Fact], *, at: datetime) -> int:
    """Write what has not been written before, with its deliveries; how many."""
    said = set(
        Notice.objects.filter(booking__in=[fact.booking.pk for fact in facts]).values_list(
            "booking_id", "kind", "occasion"
        )
    )
    new = [fact for fact in facts if (fact.booking.pk, fact.kind, fact.occasion) not in said]
    if not new:
        return 0
    # Two sweeps may get here at once: the constraint lets one of each through.
    Notice.objects.bulk_create([_row(fact, at) for fact in new], ignore_conflicts=True)
    these = Q()
    for fact in new:
        these |= Q(booking=fact.booking.pk, kind=fact.kind, occasion=fact.occasion)
    deliveries.plan(Notice.objects.filter(these).select_related("driver"), at=at)
    transaction.on_commit(nudge.senders)
    return len(new)


def _row(fact: _Fact, at: datetime) -> Notice:
    assert fact.booking.driver_id is not None, "there is nobody to tell of a walk-in"
    return Notice(
        network_id=fact.booking.network_id,
        booking=fact.booking,
        driver_id=fact.booking.driver_id,
        kind=fact.kind,
        occasion=fact.occasion,
        detail=fact.detail,
        at=at,
        good_until=at + KINDS[fact.kind].good_for,
    )
