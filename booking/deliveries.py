"""Sole writer of Delivery: planned with its notice, taken by one worker, sent once, or given up with a reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import NoticeChoice, PushSubscription, User
from booking.models import Delivery, DeliveryState, Notice
from booking.notice_kinds import KINDS, Kind, Subject, Way, ways

# A worker that has not come back after this is lost; what it was sending may or may not have gone out.
LEASE = timedelta(seconds=45)
FIRST_WAIT_SECONDS = 5
LONGEST_WAIT_SECONDS = 600
MOST_ATTEMPTS = 20
AT_A_TIME = 100
# A text message costs money. A call on the phone, which replaces the one before, costs nothing.
CALLS_BY_TEXT_APART = timedelta(minutes=2)
PERHAPS_SENT = "perhaps_sent"

log = structlog.get_logger(__name__)


def plan(notices: Iterable[Notice], *, at: datetime) -> None:
    """How these notices reach their drivers, by what each has and has chosen. In the transaction that writes them."""
    listed = [n for n in notices if n.driver.is_active and not n.driver.is_simulated]
    drivers = {notice.driver_id for notice in listed}
    phones: dict[int, list[PushSubscription]] = defaultdict(list)
    for phone in PushSubscription.objects.live().filter(user__in=drivers):
        phones[phone.user_id].append(phone)
    choices: dict[int, dict[tuple[str, str], bool]] = defaultdict(dict)
    for row in NoticeChoice.objects.filter(user__in=drivers):
        choices[row.user_id][row.subject, row.way] = row.wanted
    rows = [
        Delivery(notice=notice, way=way, phone=phone, next_try_at=at)
        for notice in listed
        for way in _ways(notice, phones[notice.driver_id], choices[notice.driver_id])
        for phone in (phones[notice.driver_id] if way == Way.PUSH else [None])
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)


def ways_of(driver: User, *, has_phones: bool) -> frozenset[Way]:
    """By which ways this person can be told at all."""
    can = {
        Way.PUSH: has_phones,
        Way.EMAIL: bool(driver.email),
        Way.SMS: bool(driver.phone) and driver.phone_verified,
    }
    return frozenset(way for way, possible in can.items() if possible)


def is_refused(delivery: Delivery) -> bool:
    """Whether the person has said no to this way since it was planned: a no counts also for what is on its way.

    Only a word of theirs does. Where another way has become usual meanwhile, that one has not been planned.
    """
    kind = Kind(delivery.notice.kind)
    said = NoticeChoice.objects.filter(user=delivery.notice.driver_id, subject=KINDS[kind].subject, way=delivery.way)
    return kind != Kind.TEST and said.filter(wanted=False).exists()


def is_texted(delivery: Delivery, *, now: datetime) -> bool:
    """Whether a call to the bay went out as a text message a moment ago: staff may call again as often as they like."""
    if delivery.way != Way.SMS or delivery.notice.kind != Kind.CALLED:
        return False
    calls = Delivery.objects.filter(way=Way.SMS, notice__kind=Kind.CALLED, notice__booking=delivery.notice.booking_id)
    lately = calls.filter(ended_at__gt=now - CALLS_BY_TEXT_APART)
    return lately.filter(Q(state=DeliveryState.SENT) | Q(reason=PERHAPS_SENT)).exists()


def due_ids(limit: int = AT_A_TIME) -> list[int]:
    return list(Delivery.objects.due().order_by("next_try_at").values_list("pk", flat=True)[:limit])


@transaction.atomic
def claim(*, delivery_id: int) -> Delivery | None:
    """Take a due delivery, so that no other worker sends it. None: over, not due, in another's hands, or lost for good.

    It is marked before anything is sent. A lost text message is not sent again: twice would be worse, and costs twice.
    The others are, once: a phone shows the same notice in the same place, and mail carries the same number.
    """
    delivery = (
        Delivery.objects.due()
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("notice__driver", "notice__booking__station", "notice__booking__tariff", "phone")
        .filter(pk=delivery_id)
        .first()
    )
    if delivery is None:
        return None
    was_lost = delivery.state == DeliveryState.SENDING
    if was_lost and (delivery.way == Way.SMS or delivery.lost_at is not None):
        _end(delivery, DeliveryState.FAILED, PERHAPS_SENT)
        return None
    delivery.state, delivery.attempts = DeliveryState.SENDING, delivery.attempts + 1
    lost = {"lost_at": Now()} if was_lost else {}
    Delivery.objects.filter(pk=delivery.pk).update(
        state=delivery.state, attempts=delivery.attempts, next_try_at=Now() + LEASE, **lost
    )
    return delivery


def sent(*, delivery: Delivery) -> None:
    _end(delivery, DeliveryState.SENT, "")


def drop(*, delivery: Delivery, reason: str) -> None:
    """Not worth saying any more, or not true any more."""
    _end(delivery, DeliveryState.DROPPED, reason)


def fail(*, delivery: Delivery, reason: str) -> None:
    _end(delivery, DeliveryState.FAILED, reason)


def put_off(*, delivery: Delivery, reason: str, seconds: int | None = None) -> None:
    """Try again later: when the other side says, else after twice the wait of the time before."""
    if delivery.attempts >= MOST_ATTEMPTS:
        return fail(delivery=delivery, reason=reason)
    wait = min(FIRST_WAIT_SECONDS * 2 ** (delivery.attempts - 1), LONGEST_WAIT_SECONDS)
    later = timedelta(seconds=max(seconds or 0, wait))
    _write(delivery, state=DeliveryState.PLANNED, next_try_at=Now() + later, reason=reason[:60])
    return None


def _ways(notice: Notice, phones: list[PushSubscription], choices: dict[tuple[str, str], bool]) -> list[Way]:
    has = ways_of(notice.driver, has_phones=bool(phones))
    if notice.kind == Kind.TEST:
        # By whatever is on for anything: a test shows what will come, and no more text messages than that.
        on = {way for subject in Subject for way in ways(subject=subject, has=has, choices=choices)}
        return [way for way in Way if way in on]
    return ways(subject=KINDS[Kind(notice.kind)].subject, has=has, choices=choices)


def _end(delivery: Delivery, state: DeliveryState, reason: str) -> None:
    _write(delivery, state=state, next_try_at=None, ended_at=Now(), reason=reason[:60])


def _write(delivery: Delivery, **changed: Any) -> None:
    """Change the row as this worker took it: a slow one that was thought lost writes over nobody, and says so."""
    as_taken = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.SENDING, attempts=delivery.attempts)
    if not as_taken.update(**changed):
        log.warning("delivery_was_taken_over", delivery_id=delivery.pk, state=str(changed["state"]))
