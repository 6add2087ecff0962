"""The only writer of Pack and Slot: what may happen to metal, one step of `states.STEPS` at a time.

Whoever promises packs to people holds the lock of the line first; here only pack rows are locked, ids ascending.
Each writer returns the pack or slot as it is after the step, and is refused with a sentence when the step is not
possible in the state that the row has once it is locked, whatever the caller believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import cast

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Network, Organisation
from accounts.refusals import Refusal
from stations import reporting, signals
from stations.models import Pack, PackClass, Slot, Station
from stations.states import STEPS, PackState, PackStep, SlotState

Percent = Decimal | int | float | str

# No clock is quite right.
CLOCKS_DIFFER_BY = timedelta(minutes=1)
# A reading that is lower by as much did not come of rounding: a pack in a slot charges.
CLEARLY_PERCENT = 1


class StepRefused(Refusal):
    """The pack's state does not allow the step."""

    code = "pack_step_refused"


class EndHasPassed(Refusal):
    """A pack cannot be kept until a moment that is over."""

    code = "promise_end_has_passed"


class SlotNotWorking(Refusal):
    """What is in a slot out of service cannot be counted on."""

    code = "slot_out_of_service"


class SlotTaken(Refusal):
    """One slot, one pack."""

    code = "slot_taken"


class WrongClass(Refusal):
    """The pack is of another class than the slot or the booking asks for."""

    code = "wrong_pack_class"


class UnknownPack(Refusal):
    """No pack of the network has this serial number."""

    code = "unknown_pack"


class BadSerial(Refusal):
    """A serial number that could not be found again."""

    code = "bad_serial"


class PackExists(Refusal):
    """The network has a pack of this serial number already."""

    code = "pack_exists"


class ForeignNetwork(Refusal):
    """Packs and slots of two networks do not mix."""

    code = "foreign_network"


class BadReading(Refusal):
    """A state of charge or health that cannot be, or that is older than what is known."""

    code = "bad_reading"


class SlotExists(Refusal):
    """The station has a slot of this number already."""

    code = "slot_exists"


class NoPower(Refusal):
    """In a slot that gives nothing no pack is ever ready."""

    code = "no_power"


class ReasonMissing(Refusal):
    """Taking metal out of use wants a reason that the next shift can read."""

    code = "reason_missing"


# --- Reads that a claim needs before it writes -----------------------------------------------------------------------


def ready_packs(*, station: Station, pack_class: PackClass, limit: int) -> list[Pack]:
    """Packs that can be promised at once: stored, charged, in a working slot. Fullest first, then the oldest row.

    An overdue keeping is not in the list: whoever keeps the line ends it first, and the pack is stored again.
    """
    stored = Pack.objects.filter(state=PackState.STORED).at(station).of(pack_class).ready()
    return list(stored.order_by("-soc_percent", "pk")[:limit])


def count_ready(*, station: Station, pack_class: PackClass) -> int:
    """How many packs can be promised at once."""
    return Pack.objects.filter(state=PackState.STORED).at(station).of(pack_class).ready().count()


def empty_slots(*, station: Station, pack_class: PackClass) -> list[Slot]:
    """Working slots of the class with no pack in them, lowest number first."""
    slots = Slot.objects.filter(station=station, pack_class=pack_class, state=SlotState.WORKING, pack__isnull=True)
    return list(slots.order_by("number"))


def find_pack(*, network: Network, serial: str) -> Pack:
    pack = None if "\0" in serial else Pack.objects.filter(network=network, serial=serial.strip()).first()
    if pack is None:
        shown = serial.replace("\0", "")[:40]
        raise UnknownPack(_("No pack with the serial number %(serial)s is known here.") % {"serial": shown})
    return pack


# --- A promise: kept, extended, let go, handed out -------------------------------------------------------------------


@transaction.atomic
def promise(*, pack: Pack, until: datetime | None, now: datetime) -> Pack:
    """Keep one ready pack. `until` empty: no clock runs, for a driver who is already here."""
    return promise_many(packs=[pack], until=until, now=now)[0]


@transaction.atomic
def promise_many(*, packs: Sequence[Pack], until: datetime | None, now: datetime) -> list[Pack]:
    """Keep several packs, all or none."""
    if until is not None and until <= now:
        raise EndHasPassed(_("A pack cannot be kept until a moment that has passed."))
    kept = []
    for pack in _lock(packs):
        _take_step(pack, PackStep.PROMISE)
        _refuse_broken(_lock_slot(cast(int, pack.slot_id)))
        pack.kept_until = until
        pack.save(update_fields=["state", "kept_until"])
        kept.append(pack)
    return kept


@transaction.atomic
def extend(*, pack: Pack, until: datetime | None) -> Pack:
    """Move the end of a keeping; `until` empty stops its clock (the driver is here)."""
    (pack,) = _lock([pack])
    _take_step(pack, PackStep.EXTEND)
    pack.kept_until = until
    pack.save(update_fields=["state", "kept_until"])
    return pack


@transaction.atomic
def release(*, pack: Pack) -> Pack:
    """Let a kept pack go: stored again, for whoever is next."""
    (pack,) = _lock([pack])
    _take_step(pack, PackStep.RELEASE)
    pack.kept_until = None
    pack.save(update_fields=["state", "kept_until"])
    _announce_growth(pack)
    return pack


@transaction.atomic
def issue(*, pack: Pack) -> Pack:
    """Hand a pack out: it leaves its slot and the station for a vehicle."""
    (pack,) = _lock([pack])
    _take_step(pack, PackStep.ISSUE)
    _leave_station(pack)
    return pack


@transaction.atomic
def take_back(
    *,
    serial: str,
    pack_class: PackClass,
    network: Network,
    slot: Slot,
    soc_percent: Percent,
    soh_percent: Percent,
    now: datetime,
) -> Pack:
    """Put a pack that comes in (from a vehicle, or delivered) into an empty working slot, with what it measures."""
    soc, soh = _charge(soc_percent), _health(soh_percent)
    (pack,) = _lock([find_pack(network=network, serial=serial)])
    if pack.pack_class_id != pack_class.pk:
        raise WrongClass(
            _("Pack %(serial)s is of another class than %(class)s.") % {"serial": pack.serial, "class": pack_class.name}
        )
    _take_step(pack, PackStep.TAKE_BACK)
    _enter_slot(pack, slot)
    pack.soc_percent, pack.soh_percent, pack.soc_at = soc, soh, max(now, pack.soc_at)
    pack.save(update_fields=["state", "slot", "station", "soc_percent", "soh_percent", "soc_at"])
    _announce_growth(pack)
    return pack


# --- Out of use and back ---------------------------------------------------------------------------------------------


@transaction.atomic
def quarantine(*, pack: Pack, reason: str) -> Pack:
    """Take a pack out of use where it lies. If it was kept, `pack_failed` is announced in the same transaction."""
    reason = _reason(reason)
    signals.failing.send(Pack, station_id=pack.station_id, pack_class_ids=[pack.pack_class_id])
    (pack,) = _lock([pack])
    was_kept = pack.state == PackState.KEPT
    _take_step(pack, PackStep.QUARANTINE)
    pack.kept_until, pack.state_reason = None, reason
    pack.save(update_fields=["state", "kept_until", "state_reason"])
    if was_kept:
        signals.pack_failed.send(Pack, pack=pack, reason=reason)
    return pack


@transaction.atomic
def restore(*, pack: Pack, slot: Slot | None = None) -> Pack:
    """Bring a quarantined pack back into use, in the slot where it stayed or in the one given."""
    (pack,) = _lock([pack])
    _take_step(pack, PackStep.RESTORE)
    if slot is not None:
        _enter_slot(pack, slot)
    elif pack.slot is None:
        raise StepRefused(_("Pack %(serial)s is in no slot: say which one it goes into.") % {"serial": pack.serial})
    pack.state_reason = ""
    pack.save(update_fields=["state", "slot", "station", "state_reason"])
    _announce_growth(pack)
    return pack


@transaction.atomic
def send_away(*, pack: Pack, reason: str) -> Pack:
    """A pack leaves the station for a workshop or another place."""
    reason = _reason(reason)
    (pack,) = _lock([pack])
    _take_step(pack, PackStep.SEND_AWAY)
    pack.state_reason = reason
    _leave_station(pack)
    return pack


@transaction.atomic
def take_slot_out_of_service(*, slot: Slot, reason: str) -> Slot:
    """The slot works no longer; the pack in it, kept or not, cannot be counted on (`slot_failed`)."""
    reason = _reason(reason)
    signals.failing.send(Slot, station_id=slot.station_id, pack_class_ids=[slot.pack_class_id])
    slot = _lock_slot(slot.pk)
    slot.state, slot.state_reason = SlotState.OUT_OF_SERVICE, reason
    slot.save(update_fields=["state", "state_reason"])
    pack = Pack.objects.filter(slot=slot).first()
    signals.slot_failed.send(Slot, slot=slot, pack=pack, reason=reason)
    return slot


@transaction.atomic
def put_slot_back_in_service(*, slot: Slot) -> Slot:
    slot = _lock_slot(slot.pk)
    slot.state, slot.state_reason = SlotState.WORKING, ""
    slot.save(update_fields=["state", "state_reason"])
    signals.stock_grew.send(Slot, station_id=slot.station_id, pack_class_id=slot.pack_class_id)
    return slot


# --- What is measured, and what is new -------------------------------------------------------------------------------


@transaction.atomic
def record_soc(*, pack: Pack, soc_percent: Percent, soh_percent: Percent, at: datetime) -> Pack:
    """Note a measurement that its station has sent: so it reports, too (`reporting`, whose lock comes before packs).

    One that is older than the last known is refused: charge does not go back in time. One of a time to come, as of a
    clock that has jumped, is one of now: all that come after it would be older.
    """
    at = min(at, timezone.now() + CLOCKS_DIFFER_BY)
    soc, soh = _charge(soc_percent), _health(soh_percent)
    if pack.station_id is not None:
        reporting.note(station_id=pack.station_id)
    (pack,) = _lock([pack])
    if at < pack.soc_at:
        raise BadReading(_("Pack %(serial)s has a newer reading than this one.") % {"serial": pack.serial})
    before, pack.soc_percent, pack.soh_percent, pack.soc_at = pack.soc_percent, soc, soh, at
    if pack.slot_id is not None and before - soc >= CLEARLY_PERCENT:
        pack.soc_fell_at = at
    pack.save(update_fields=["soc_percent", "soh_percent", "soc_at", "soc_fell_at"])
    # Readings come all the time; only the one that makes a pack ready concerns a line.
    if pack.state == PackState.STORED and before < soc and _is_ready_since(pack, before):
        _announce_growth(pack)
    return pack


@transaction.atomic
def add_pack(
    *,
    network: Network,
    owner: Organisation,
    pack_class: PackClass,
    serial: str,
    soc_percent: Percent,
    soh_percent: Percent,
    now: datetime,
    slot: Slot | None = None,
) -> Pack:
    """Take a new pack into the books: away, or stored in the slot given."""
    serial = serial.strip()
    if not serial or "\0" in serial or len(serial) > 40:
        raise BadSerial(_("A serial number has 1 to 40 characters."))
    if owner.network_id != network.pk:
        raise ForeignNetwork(_("The pack's owner belongs to another network."))
    pack = Pack(
        network=network,
        owner=owner,
        pack_class=pack_class,
        serial=serial,
        soc_percent=_charge(soc_percent),
        soh_percent=_health(soh_percent),
        soc_at=now,
        state=PackState.AWAY,
    )
    if slot is not None:
        pack.state = PackState.STORED
        _enter_slot(pack, slot)
    try:
        with transaction.atomic():
            pack.save(force_insert=True)
    except IntegrityError as error:
        # The constraint decides; a look beforehand would only move the race.
        if "one_pack_per_serial_and_network" not in str(error):
            raise
        raise PackExists(_("Pack %(serial)s is known already.") % {"serial": serial}) from error
    if slot is not None:
        _announce_growth(pack)
    return pack


@transaction.atomic
def add_slot(*, station: Station, number: int, pack_class: PackClass, power_w: int) -> Slot:
    """A new, working slot with nothing in it."""
    if power_w <= 0:
        raise NoPower(_("A slot gives at least one watt."))
    try:
        with transaction.atomic():
            return Slot.objects.create(station=station, number=number, pack_class=pack_class, power_w=power_w)
    except IntegrityError as error:
        if "one_slot_per_number" not in str(error):
            raise
        raise SlotExists(_("The station has a slot %(number)s already.") % {"number": number}) from error


# --- Below: what the writers share -----------------------------------------------------------------------------------


def _lock(packs: Sequence[Pack]) -> list[Pack]:
    """The packs as they are now, locked until the transaction ends; ids ascending, or two callers could deadlock."""
    wanted = {pack.pk for pack in packs}
    locked = list(Pack.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk"))
    if len(locked) != len(packs):
        raise UnknownPack(_("A pack that was asked for does not exist, or was named twice."))
    return locked


def _lock_slot(slot_id: int) -> Slot:
    """Slots are locked after packs. Whoever takes a slot out of service holds this lock: neither misses the other."""
    return Slot.objects.select_for_update(no_key=True).get(pk=slot_id)


def _take_step(pack: Pack, step: PackStep) -> None:
    state = PackState(pack.state)
    if (state, step) not in STEPS:
        raise StepRefused(
            _("Pack %(serial)s is %(state)s; that does not allow: %(step)s.")
            % {"serial": pack.serial, "state": state.label, "step": step.label}
        )
    pack.state = STEPS[state, step]


def _enter_slot(pack: Pack, slot: Slot) -> None:
    slot = _lock_slot(slot.pk)
    if slot.station.network_id != pack.network_id:
        raise ForeignNetwork(_("Pack %(serial)s belongs to another network.") % {"serial": pack.serial})
    if slot.pack_class_id != pack.pack_class_id:
        raise WrongClass(
            _("Slot %(number)s takes packs of another class than %(serial)s.")
            % {"number": slot.number, "serial": pack.serial}
        )
    _refuse_broken(slot)
    if Pack.objects.filter(slot=slot).exclude(pk=pack.pk).exists():
        raise SlotTaken(_("There is a pack in slot %(number)s already.") % {"number": slot.number})
    pack.slot, pack.station = slot, slot.station


def _leave_station(pack: Pack) -> None:
    pack.slot = pack.station = pack.kept_until = None
    pack.save(update_fields=["state", "state_reason", "slot", "station", "kept_until"])


def _refuse_broken(slot: Slot) -> None:
    if slot.state != SlotState.WORKING:
        raise SlotNotWorking(_("Slot %(number)s is out of service.") % {"number": slot.number})


def _is_ready_since(pack: Pack, before: Decimal) -> bool:
    target = cast(Station, pack.station).target_soc_percent
    return before < target <= pack.soc_percent


def _announce_growth(pack: Pack) -> None:
    signals.stock_grew.send(Pack, station_id=pack.station_id, pack_class_id=pack.pack_class_id)


def _charge(value: Percent) -> Decimal:
    percent = _percent(value)
    if not 0 <= percent <= 100:
        raise BadReading(_("A state of charge lies between 0 and 100 percent."))
    return percent


def _health(value: Percent) -> Decimal:
    percent = _percent(value)
    if not 0 < percent <= 100:
        raise BadReading(_("A state of health lies above 0 and up to 100 percent."))
    return percent


def _percent(value: Percent) -> Decimal:
    try:
        percent = Decimal(str(value)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    except InvalidOperation as error:
        raise BadReading(_("That is not a percentage.")) from error
    if not percent.is_finite():
        raise BadReading(_("That is not a percentage."))
    return percent


def _reason(text: str) -> str:
    reason = text.replace("\0", "").strip()[:200]
    if not reason:
        raise ReasonMissing(_("Say why, so that the next shift can read it."))
    return reason
