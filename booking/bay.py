"""The bay: calling the next vehicle, the swap itself step by step, and the ways in which it can fail (rule 4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import Refusal
from booking import history, line, overrides, pricing, promises, tariffs
from booking.line_rules import ANSWER_CALL_WITHIN
from booking.models import Booking, Direction, Line, MoveOffer, SwapPack, Vehicle
from booking.states import State, Step
from payments import checkout
from payments.differences import Moved
from payments.money import Money
from payments.sales import SalePartTerms, SaleTerms
from stations import inventory
from stations.models import Bay, Pack, Slot
from stations.states import BayState, PackState, StationStatus


class BayNotFree(Refusal):
    """The bay is out of service, another station's, or serves somebody."""

    code = "bay_not_free"


class NoBayWorks(Refusal):
    """The station has stopped, or none of its bays is in service."""

    code = "no_bay_works"


class NotNext(Refusal):
    """Others arrived earlier and wait for a bay (rule 4)."""

    code = "not_next_at_the_bay"


class NotPaidFor(Refusal):
    """The payment is not authorised, so the swap may not begin without a reason from staff."""

    code = "not_authorised"


class WrongPack(Refusal):
    """The pack cannot go in or out in this swap."""

    code = "wrong_pack"


class SwapIncomplete(Refusal):
    """Packs are missing on one side of the swap."""

    code = "swap_incomplete"


def call(*, booking: Booking, by: User) -> Booking:
    """Call the vehicle to the bay; it has three minutes. Locks line and bay queue. Raises NoBayWorks, StepRefused."""
    with line.locked(booking.line_id) as held:
        held.bay_queue(booking.station_id)
        booking = held.booking(booking.pk)
        works = Bay.objects.filter(station=booking.station_id, station__status=StationStatus.OPEN, state=BayState.OPEN)
        if not works.exists():
            # Whoever would hurry and wait in vain for three minutes would have missed a call.
            raise NoBayWorks(_("No bay works now. Call when one is back in service."))
        history.take(booking, Step.CALL, at=held.now, by=by, called_at=held.now)
        held.mark_changed(booking.line_id)
    return history.fresh(booking)


def miss_call(*, booking: Booking, by: User | None) -> Booking:
    """Called and not there within three minutes: the next vehicle goes first; the second time the booking ends.

    Harmless when it is not due (a sweep may run twice). Locks line and bay queue.
    """
    with line.locked(*_lines_at(booking)) as held:
        held.bay_queue(booking.station_id)
        booking = held.booking(booking.pk)
        if not call_is_overdue(booking, held.now):
            return booking
        if booking.missed_calls:
            history.close(booking, Step.GIVE_UP, at=held.now, by=by, end_reason="missed_calls")
        else:
            following = Booking.objects.at_bay(booking.station_id).filter(bay_sequence__gt=booking.bay_sequence).first()
            mine = booking.bay_sequence
            theirs = mine if following is None else following.bay_sequence
            if following is not None:
                Booking.objects.filter(pk=following.pk).update(bay_sequence=mine)
            history.take(
                booking, Step.MISS_CALL, at=held.now, by=by, called_at=None, missed_calls=1, bay_sequence=theirs
            )
        held.mark_changed(booking.line_id)
        line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)


def call_is_overdue(booking: Booking, now: datetime) -> bool:
    return (
        booking.state == State.ARRIVED
        and booking.called_at is not None
        and now >= booking.called_at + ANSWER_CALL_WITHIN
    )


def start(*, booking: Booking, bay: Bay, by: User, reason: str = "") -> Booking:
    """The vehicle is in the bay and the swap clock runs.

    Refused without an authorised payment, and out of turn, unless staff give a reason; who is overtaken can read it.
    Locks the station's lines and its bay queue. Raises BayNotFree, NotNext, NotPaidFor, OverrideLimit, StepRefused.
    """
    with line.locked(*_lines_at(booking)) as held:
        held.bay_queue(booking.station_id)
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        history.require(booking, Step.START)
        # Looked up before the lines were locked; whoever takes it out of service holds them.
        bay.refresh_from_db(fields=["state"])
        _check_bay(bay, booking)
        has_reason = len(reason.strip()) >= overrides.SHORTEST_REASON
        if booking.authorised_at is None and not has_reason:
            raise NotPaidFor(_("The payment is not certain yet. To begin all the same, write down why."))
        overtaken = _ahead_of(booking, held.now)
        if overtaken and not has_reason:
            raise NotNext(_("Another vehicle arrived earlier. To take this one first, write down why."))
        if overtaken:
            overrides.check_limit(booking.station, by=by, now=held.now)
        history.take(
            booking,
            Step.START,
            at=held.now,
            by=by,
            reason=reason.strip(),
            exception="override" if overtaken else "",
            bay=bay,
            started_at=held.now,
        )
        for other in overtaken:
            history.take(other, Step.PASS_OVER, at=held.now, reason=reason.strip(), exception="override")
            held.mark_changed(other.line_id)
        _prove_plate(booking.vehicle, held.now)
        held.mark_changed(booking.line_id)
    return history.fresh(booking)


def old_in(
    *, booking: Booking, serial: str, soc_percent: Decimal, soh_percent: Decimal, slot: Slot | None = None, by: User
) -> Booking:
    """An old pack comes out of the vehicle and goes into a slot: the given one, or the first that is empty.

    Locks the line. Raises WrongPack, StepRefused, and what inventory refuses (unknown serial, wrong class, SoC of 140).
    """
    with line.locked(booking.line_id) as held:
        booking = held.booking(booking.pk)
        history.require(booking, Step.OLD_IN)
        if _swapped(booking, Direction.IN).count() >= booking.packs_wanted:
            raise WrongPack(_("All old packs are in already."))
        if _swapped(booking, Direction.OUT).filter(pack__serial=serial.strip()).exists():
            raise WrongPack(_("Pack %(serial)s has just gone out. Put the old one in.") % {"serial": serial.strip()})
        pack_class = booking.line.pack_class
        if slot is None:
            empty = inventory.empty_slots(station=booking.station, pack_class=pack_class)
            if not empty:
                raise WrongPack(_("No slot is empty. Take the new pack out first."))
            slot = empty[0]
        if slot.station_id != booking.station_id:
            raise WrongPack(_("This slot belongs to another station."))
        pack = inventory.take_back(
            serial=serial,
            pack_class=pack_class,
            network=booking.network,
            slot=slot,
            soc_percent=soc_percent,
            soh_percent=soh_percent,
            now=held.now,
        )
        _note(booking, pack, Direction.IN, held.now)
        history.take(booking, Step.OLD_IN, at=held.now, by=by, old_in_at=held.now)
        held.mark_changed(booking.line_id)
    return history.fresh(booking)


def new_out(*, booking: Booking, pack: Pack, by: User) -> Booking:
    """A pack leaves its slot for the vehicle: the promised one, or another ready one (rule 3). Locks the line.

    Raises WrongPack, StepRefused, and what inventory refuses.
    """
    with line.locked(booking.line_id) as held:
        booking = held.booking(booking.pk)
        history.require(booking, Step.NEW_OUT)
        line.settle(held, held.lines[booking.line_id])
        pack.refresh_from_db()
        pack = _reserve(held, booking, pack, by=by)
        pack = inventory.issue(pack=pack)
        promises.fulfil(booking=booking, pack=pack, now=held.now)
        _note(booking, pack, Direction.OUT, held.now)
        history.take(booking, Step.NEW_OUT, at=held.now, by=by, new_out_at=held.now)
        held.mark_changed(booking.line_id)
    return history.fresh(booking)


def finish(*, booking: Booking, by: User) -> Booking:
    """The swap is done: energy and price are known, and the capture is asked for in the same transaction.

    As many packs must have come in as went out. Locks the line. Raises SwapIncomplete, StepRefused.
    """
    with line.locked(booking.line_id) as held:
        booking = held.booking(booking.pk)
        history.require(booking, Step.FINISH)
        packs_in, packs_out = list(_swapped(booking, Direction.IN)), list(_swapped(booking, Direction.OUT))
        if not len(packs_in) == len(packs_out) == booking.packs_wanted:
            raise SwapIncomplete(_("Packs are missing: as many must come in as go out, and as many as were booked."))
        nominal_wh = booking.line.pack_class.nominal_wh
        energy_wh = pricing.energy_gained_wh(
            packs_out=_charges(packs_out, nominal_wh), packs_in=_charges(packs_in, nominal_wh)
        )
        price = pricing.price(energy_wh=energy_wh, rate=tariffs.rate_of(booking.tariff))
        history.take(
            booking,
            Step.FINISH,
            at=held.now,
            by=by,
            ended_at=held.now,
            end_reason="completed",
            energy_wh=energy_wh,
            energy_source="soc",
            price_minor=price.gross_minor,
            tax_minor=price.tax_minor,
        )
        promises.end(booking=booking, reason="finished", now=held.now)
        assert booking.payment is not None, "placing opens a payment for every booking"
        checkout.capture(payment=booking.payment, sale_terms=_sale(booking, price, packs_out, nominal_wh, held.now))
        held.mark_changed(booking.line_id)
        line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)


def give_back(*, booking: Booking, by: User, reason: str) -> Booking:
    """The swap failed: the driver's own packs go back in, new ones come out, and the booking waits for the bay again.

    `arrived_at` and the place at the bay are kept; where a pack has failed meanwhile, it waits for the next one. Locks
    the line. Raises StepRefused, and WrongPack without a reason or where no slot is empty.
    """
    with line.locked(booking.line_id) as held:
        held.bay_queue(booking.station_id)
        booking = held.booking(booking.pk)
        history.require(booking, Step.RETURN_PACKS)
        _undo_packs(held, booking, reason=reason)
        history.take(
            booking,
            Step.RETURN_PACKS,
            at=held.now,
            by=by,
            reason=reason.strip(),
            bay=None,
            started_at=None,
            old_in_at=None,
            new_out_at=None,
            called_at=None,
            our_fault=True,
        )
        if len(promises.kept_packs(booking)) < booking.packs_wanted:
            line.fall_back(held, booking, reason=reason.strip(), by=by)
        held.mark_changed(booking.line_id)
        line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)


def abandon(*, booking: Booking, by: User, reason: str) -> Booking:
    """The swap failed for good: own packs back in, nothing charged, the vehicle leaves as it came. Locks the line."""
    with line.locked(booking.line_id) as held:
        booking = held.booking(booking.pk)
        history.require(booking, Step.ABANDON)
        _undo_packs(held, booking, reason=reason)
        Booking.objects.filter(pk=booking.pk).update(our_fault=True)
        history.close(booking, Step.ABANDON, at=held.now, by=by, reason=reason.strip(), end_reason="swap_failed")
        held.mark_changed(booking.line_id)
        line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)


def _lines_at(booking: Booking) -> list[int]:
    """All lines of the station: its bays serve every class, and who is overtaken may stand in another line."""
    return list(Line.objects.filter(station=booking.station_id).values_list("pk", flat=True))


def _ahead_of(booking: Booking, now: datetime) -> list[Booking]:
    """Who arrived earlier and waits for a bay. Who has not answered a call is behind the next, written down or not."""
    earlier = Booking.objects.at_bay(booking.station_id).filter(bay_sequence__lt=booking.bay_sequence)
    return [other for other in earlier if not call_is_overdue(other, now)]


def _check_bay(bay: Bay, booking: Booking) -> None:
    if bay.station_id != booking.station_id:
        raise BayNotFree(_("This bay belongs to another station."))
    if bay.state != BayState.OPEN:
        raise BayNotFree(_("Bay %(number)d is out of service.") % {"number": bay.number})
    if Booking.objects.filter(bay=bay, state=State.SWAPPING).exists():
        raise BayNotFree(_("Bay %(number)d is serving another vehicle.") % {"number": bay.number})


def _reserve(held: line.Held, booking: Booking, pack: Pack, *, by: User) -> Pack:
    """The pack that may go out now: one of the promised, or another ready one that takes the place of one of them."""
    kept = promises.kept_packs(booking)
    if not kept and _swapped(booking, Direction.OUT).count() < booking.packs_wanted:
        raise WrongPack(_("The pack that was kept has failed, and no other is ready yet."))
    if not kept:
        raise WrongPack(_("All new packs are out already."))
    if pack.pk in {p.pk for p in kept}:
        return pack
    ready = Pack.objects.at(booking.station).of(booking.line.pack_class).ready()
    if not ready.filter(pk=pack.pk, state__in=(PackState.STORED, PackState.KEPT)).exists():
        raise WrongPack(_("Pack %(serial)s is not ready here for this vehicle.") % {"serial": pack.serial})
    if pack.state == PackState.KEPT and not ready.filter(pk=kept[0].pk).exists():
        # In exchange they would get one that is not full, which nobody but this driver has chosen (rule 11).
        raise WrongPack(_("Pack %(serial)s is kept for another driver.") % {"serial": pack.serial})
    other = promises.reassign(booking=booking, old=kept[0], new=pack, now=held.now)
    history.take(booking, Step.REASSIGN, at=held.now, by=by)
    if other is not None:
        history.take(held.booking(other.pk), Step.REASSIGN, at=held.now, by=by)
    pack.refresh_from_db()
    return pack


def _undo_packs(held: line.Held, booking: Booking, *, reason: str) -> None:
    """Own packs back into the vehicle, new ones back into slots and kept for the booking again. Nobody is stranded."""
    if len(reason.strip()) < overrides.SHORTEST_REASON:
        raise WrongPack(_("Write down what went wrong."))
    for row in _swapped(booking, Direction.IN):
        # It may be promised to the next already, when it came in well charged.
        line.lose_pack(held, row.pack, reason=_("The pack went back into the vehicle that it came from."))
        inventory.issue(pack=row.pack)
    for row in _swapped(booking, Direction.OUT):
        empty = inventory.empty_slots(station=booking.station, pack_class=booking.line.pack_class)
        if not empty:
            raise WrongPack(_("No slot is empty for the new pack. Take a pack out of its slot first."))
        pack = inventory.take_back(
            serial=row.pack.serial,
            pack_class=booking.line.pack_class,
            network=booking.network,
            slot=empty[0],
            soc_percent=row.soc_percent,
            soh_percent=row.soh_percent,
            now=held.now,
        )
        promises.make(booking=booking, packs=[pack], until=None, now=held.now)
    booking.swap_packs.filter(undone_at=None).update(undone_at=held.now)


def _prove_plate(vehicle: Vehicle, now: datetime) -> None:
    if vehicle.proven_at is None:
        vehicle.proven_at = now
        vehicle.save(update_fields=["proven_at"])


def _note(booking: Booking, pack: Pack, direction: Direction, now: datetime) -> None:
    SwapPack.objects.create(
        booking=booking,
        pack=pack,
        direction=direction,
        soc_percent=pack.soc_percent,
        soh_percent=pack.soh_percent,
        pack_owner_id=pack.owner_id,
        at=now,
    )


def _swapped(booking: Booking, direction: Direction) -> QuerySet[SwapPack]:
    return booking.swap_packs.filter(direction=direction, undone_at=None).select_related("pack").order_by("pk")


def _charges(rows: Iterable[SwapPack], nominal_wh: int) -> list[pricing.Charge]:
    return [pricing.Charge(row.soc_percent, row.soh_percent, nominal_wh) for row in rows]


def _sale(
    booking: Booking, price: pricing.Price, packs_out: list[SwapPack], nominal_wh: int, now: datetime
) -> SaleTerms:
    parts = tuple(
        SalePartTerms(pack_owner=row.pack_owner, energy_wh=int(charge.energy_wh))
        for row, charge in zip(packs_out, _charges(packs_out, nominal_wh), strict=True)
    )
    return SaleTerms(
        gross=Money(price.gross_minor, booking.tariff.currency),
        tax_rate_bp=booking.tariff.tax_rate_bp,
        station_owner=booking.station.owner,
        parts=parts,
        swapped_at=now,
        description=f"{booking.station.name} · {booking.vehicle.plate}",
        moved=_moved(booking, price.energy_wh),
    )


def _moved(booking: Booking, energy_wh: int) -> Moved | None:
    """From which station that failed it came, and what the same energy costs by the tariff here (rule 7)."""
    taken = MoveOffer.objects.that_brought(booking)
    if taken is None:
        return None
    full = pricing.price(energy_wh=energy_wh, rate=tariffs.rate_of(taken.station_tariff))
    return Moved(
        full=Money(full.gross_minor, taken.station_tariff.currency),
        failed_owner=taken.from_station.owner,
        failed_station=taken.from_station.name,
    )
