"""Sole writer of Block and BlockEntry: what a fleet intends, and each vehicle joining its line at its moment.

No place is taken ahead of time: an entry joins as if its driver had reserved at that moment (docs/rules/fleets.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import access, lock_waits, people
from accounts.models import Organisation, Role, User
from accounts.refusals import Refusal
from booking import clock, notices, placing, tariffs
from booking.block_rules import (
    LATE_AFTER,
    MINUTE,
    MOST_VEHICLES,
    EntryState,
    Pace,
    Trouble,
    moments,
    trouble,
)
from booking.models import Assignment, Block, BlockEntry, Booking, Source, Vehicle
from payments.ledger import FleetLimitReached
from payments.money import Money
from payments.queries import methods_for
from stations.models import Bay, Pack, Slot, Station
from stations.states import SlotState, StationStatus


class NotYourFleet(Refusal):
    """Whoever asks manages another fleet, or none."""

    code = "not_your_fleet"


class CannotPlan(Refusal):
    """The plan is none that could be carried out: it names nobody or too many, or its moments do not fit."""

    code = "cannot_plan"

    def __init__(self, trouble: Trouble, *, least_seconds: int = 0) -> None:
        super().__init__(_said(trouble, least_seconds=least_seconds))
        self.trouble = trouble


class NotOfYourFleet(Refusal):
    """A vehicle or a driver is not the fleet's, or the driver is not assigned to it."""

    code = "not_of_your_fleet"


class EntryOver(Refusal):
    """The vehicle has joined, was skipped, or is cancelled: there is nothing left to cancel."""

    code = "entry_over"


class KeyReused(Refusal):
    """The key was used with another body. The API answers 422."""

    code = "idempotency_key_reused"


class DriverBlocked(Refusal):
    """The driver may not book at the moment."""

    code = "driver_blocked"


class TooLate(Refusal):
    """The moment was so long ago that nobody is on the way any more."""

    code = "too_late"


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan that could be made: who comes when. `least_seconds` is the closest that rule 10 allows here."""

    fleet: Organisation
    station: Station
    assignments: tuple[Assignment, ...]
    moments: tuple[datetime, ...]
    step_seconds: int
    least_seconds: int


def draft(
    *,
    by: User,
    fleet: Organisation,
    station: Station,
    assignment_ids: Sequence[int],
    first_at: datetime,
    step_seconds: int | None,
    now: datetime,
) -> Draft:
    """What would be planned; nothing is written. Without a step the closest one is taken. Seconds.

    Raises NotYourFleet, NotOfYourFleet, placing.StationNotOpen, placing.ClassNotServed, CannotPlan.
    """
    _check_manages(by, fleet)
    if station.network_id != fleet.network_id or station.status == StationStatus.PLANNED:
        raise placing.StationNotOpen(_("This station takes no bookings of your fleet."))
    if len(assignment_ids) > MOST_VEHICLES:
        raise CannotPlan(Trouble.TOO_MANY)
    assignments = _assignments(fleet, assignment_ids)
    least = least_step(station=station, vehicles=[one.vehicle for one in assignments])
    step = least if step_seconds is None else step_seconds
    found = trouble(
        vehicles=[one.vehicle_id for one in assignments],
        drivers=[one.driver_id for one in assignments],
        first_at=first_at,
        step_seconds=step,
        least_seconds=least,
        now=now,
    )
    if found is not None:
        raise CannotPlan(found, least_seconds=least)
    times = moments(first_at=first_at, step_seconds=step, count=len(assignments))
    return Draft(fleet, station, tuple(assignments), tuple(times), step, least)


def plan(
    *,
    by: User,
    fleet: Organisation,
    station: Station,
    assignment_ids: Sequence[int],
    first_at: datetime,
    step_seconds: int | None,
    key: str = "",
) -> Block:
    """Write down the intention: a block, and an entry for each vehicle. Nothing is locked, and nobody joins yet.

    The same `key` and body give the same block again. Raises what `draft` does, and KeyReused.
    """
    asked = [fleet.pk, station.pk, list(assignment_ids), first_at.isoformat(), step_seconds]
    body_hash = hashlib.sha256(json.dumps(asked).encode()).hexdigest()
    if earlier := _planned_before(by, key, body_hash):
        return earlier
    now = clock.database_now()
    found = draft(
        by=by,
        fleet=fleet,
        station=station,
        assignment_ids=assignment_ids,
        first_at=first_at,
        step_seconds=step_seconds,
        now=now,
    )
    try:
        return _write(found, by=by, key=key, body_hash=body_hash, now=now)
    except IntegrityError as clash:
        # Two taps at the same moment: the constraint lets one through.
        if "one_block_per_key" not in str(clash):
            raise
        earlier = _planned_before(by, key, body_hash)
        assert earlier is not None
        return earlier


@transaction.atomic
def cancel(*, block: Block, by: User, number: int | None = None) -> int:
    """Give up what is still planned: of one vehicle, or of all. Whoever has joined stays in line. How many.

    Locks the entries, so that one that joins at this moment has joined, or never does. Raises NotYourFleet, EntryOver
    when nothing is left to give up, and OperationalError (55P03) when a lock is not had within three seconds.
    """
    _check_manages(by, block.fleet)
    lock_waits.limit()
    rows = block.entries.select_for_update().planned().order_by("pk")
    given_up = list(rows if number is None else rows.filter(number=number))
    if not given_up:
        raise EntryOver(_("Nothing is planned here any more, so there is nothing to cancel."))
    now = clock.database_now()
    for entry in given_up:
        _end(entry, EntryState.CANCELLED, at=now)
    return len(given_up)


def due_ids(now: datetime) -> list[int]:
    """Entries whose moment has come, the earliest first. Found without locks."""
    due = BlockEntry.objects.planned().filter(join_at__lte=now)
    return list(due.order_by("join_at", "block_id", "number").values_list("pk", flat=True))


@transaction.atomic
def carry_out(*, entry_id: int) -> BlockEntry | None:
    """Put the vehicle in line as if its driver reserved now, or note why that cannot be. None: somebody else does it.

    Locks the entry before the line, and skips one that is held: whoever holds it carries it out or cancels it.
    """
    rows = BlockEntry.objects.select_for_update(of=("self",), skip_locked=True).planned().filter(pk=entry_id)
    entry = rows.select_related("block__fleet", "block__station__network", "vehicle__pack_class", "driver").first()
    now = clock.database_now()
    if entry is None or entry.join_at > now:
        return None
    try:
        booking = _join(entry, now=now)
    except Refusal as refusal:
        _end(entry, EntryState.SKIPPED, at=now, reason=refusal.code)
        notices.not_booked(entry=entry, at=now)
    else:
        _end(entry, EntryState.JOINED, at=now, booking=booking)
    return entry


def least_step(*, station: Station, vehicles: Sequence[Vehicle]) -> int:
    """The least seconds between two of these vehicles at the station; that of the class which takes longest.

    Raises placing.ClassNotServed for a vehicle whose packs the station has no slot for.
    """
    classes = {vehicle.pack_class_id for vehicle in vehicles}
    served = set(Slot.objects.filter(station=station, pack_class__in=classes).values_list("pack_class", flat=True))
    if classes - served:
        plates = ", ".join(one.plate for one in vehicles if one.pack_class_id not in served)
        sentence = _("This station has no packs of the kind that these vehicles take: %(plates)s.")
        raise placing.ClassNotServed(sentence % {"plates": plates})
    bays = Bay.objects.filter(station=station).count()
    paces = [_pace(station, one, bays, [v for v in vehicles if v.pack_class_id == one]) for one in sorted(classes)]
    return max((pace.least_step() for pace in paces), default=MINUTE)


def _pace(station: Station, pack_class_id: int, bays: int, vehicles: Sequence[Vehicle]) -> Pace:
    return Pace(
        bays=bays,
        swap_seconds=station.swap_seconds,
        packs=Pack.objects.filter(station=station, pack_class=pack_class_id, slot__state=SlotState.WORKING).count(),
        share_percent=station.fleet_share_percent,
        packs_each=max(vehicle.pack_count for vehicle in vehicles),
    )


def _join(entry: BlockEntry, *, now: datetime) -> Booking:
    """All packs of the vehicle or none, on the fleet's account, at the end of the line."""
    block, vehicle, driver = entry.block, entry.vehicle, entry.driver
    if now - entry.join_at > LATE_AFTER:
        raise TooLate(_("The moment was too long ago."))
    if vehicle.fleet_id != block.fleet_id:
        raise placing.VehicleNotYours(_("This vehicle is not of the fleet any more."))
    if driver.deleted_at is not None:
        raise people.PersonDeleted(_("This account has been deleted."))
    if not driver.is_active:
        raise DriverBlocked(_("The driver may not book at the moment."))
    tariff = tariffs.current(station=block.station, pack_class=vehicle.pack_class, now=now)
    most = tariffs.most_it_can_cost(tariff, packs=vehicle.pack_count)
    amount = Money(most.gross_minor, tariff.currency)
    methods = methods_for(user=driver, network=block.network, organisation=block.fleet, amount=amount)
    if not any(method.code == "account" and method.is_available for method in methods):
        raise FleetLimitReached(_("The fleet's credit limit is reached."))
    return placing.place(driver=driver, vehicle=vehicle, station=block.station, method="account", source=Source.FLEET)


@transaction.atomic
def _write(found: Draft, *, by: User, key: str, body_hash: str, now: datetime) -> Block:
    block = Block.objects.create(
        network_id=found.fleet.network_id,
        fleet=found.fleet,
        station=found.station,
        made_by=by,
        made_at=now,
        first_at=found.moments[0],
        step_seconds=found.step_seconds,
        key=key,
        body_hash=body_hash if key else "",
    )
    both = zip(found.assignments, found.moments, strict=True)
    BlockEntry.objects.bulk_create(
        [
            BlockEntry(block=block, number=number, vehicle=one.vehicle, driver_id=one.driver_id, join_at=join_at)
            for number, (one, join_at) in enumerate(both, start=1)
        ]
    )
    return block


def _planned_before(by: User, key: str, body_hash: str) -> Block | None:
    known = Block.objects.filter(made_by=by, key=key).first() if key else None
    if known is not None and known.body_hash != body_hash:
        raise KeyReused(_("This key was used for another block. Use a new one."))
    return known


def _end(
    entry: BlockEntry, state: EntryState, *, at: datetime, reason: str = "", booking: Booking | None = None
) -> None:
    entry.state, entry.ended_at, entry.reason, entry.booking = state, at, reason, booking
    entry.save(update_fields=["state", "ended_at", "reason", "booking"])


def _check_manages(by: User, fleet: Organisation) -> None:
    if not access.has_role(by, Role.FLEET_MANAGER, organisation=fleet):
        raise NotYourFleet(_("Only this fleet's managers book for it."))


def _assignments(fleet: Organisation, ids: Sequence[int]) -> list[Assignment]:
    """In the order asked for."""
    rows = Assignment.objects.filter(pk__in=ids, vehicle__fleet=fleet, ended_at=None)
    known = {one.pk: one for one in rows.select_related("vehicle__pack_class", "driver")}
    if set(ids) - known.keys():
        raise NotOfYourFleet(_("A vehicle or its driver is not of your fleet any more. Look at the list once more."))
    return [known[pk] for pk in ids]


def _said(found: Trouble, *, least_seconds: int) -> str:
    sentences = {
        Trouble.NOBODY: _("Choose at least one vehicle."),
        Trouble.TOO_MANY: _("At most %(most)d vehicles can be planned at once."),
        Trouble.TWICE: _("Each vehicle and each driver can come once."),
        Trouble.PAST: _("The first moment has passed already."),
        Trouble.TOO_FAR_AHEAD: _("All vehicles must come within 24 hours from now."),
        Trouble.TOO_CLOSE: _("The station serves your vehicles at least %(minutes)d minutes apart."),
    }
    return sentences[found] % {"most": MOST_VEHICLES, "minutes": least_seconds // MINUTE}
