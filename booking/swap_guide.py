"""The guided swap as a card: which step is now, which packs may go out, where the old one fits. Nothing here writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from booking import board, tickets
from booking.board import BayView
from booking.models import Booking, Direction, SwapPack
from booking.states import State
from booking.tickets import Ticket
from payments import queries as money
from payments.money import Money
from payments.queries import PaymentCard
from stations import inventory
from stations.models import Pack
from stations.states import PackState, SlotState


@dataclass(frozen=True, slots=True)
class PackChoice:
    """A pack that may go out now; `is_kept` for this booking, otherwise it would take the place of one that is."""

    id: int
    serial: str
    slot: int
    soc_percent: int
    is_kept: bool


@dataclass(frozen=True, slots=True)
class Done:
    """A pack that has gone in or out in this swap."""

    serial: str
    soc_percent: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """The pack that this vehicle was given at its last swap, if it is still on the road."""

    serial: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Guide:
    """`step` is start, in, out, finish, done or, when the swap ended otherwise, over."""

    ticket: Ticket
    step: str
    nominal_kwh: float
    packs_in: tuple[Done, ...]
    packs_out: tuple[Done, ...]
    empty_slots: tuple[tuple[int, int], ...]
    choices: tuple[PackChoice, ...]
    remembered: Remembered | None
    bays: tuple[BayView, ...]
    earlier: tuple[str, ...]
    payment: PaymentCard | None
    price: Money | None
    energy_wh: int | None

    @property
    def kept_choices(self) -> tuple[PackChoice, ...]:
        return tuple(c for c in self.choices if c.is_kept)

    @property
    def other_choices(self) -> tuple[PackChoice, ...]:
        return tuple(c for c in self.choices if not c.is_kept)

    @property
    def free_bays(self) -> tuple[BayView, ...]:
        return tuple(bay for bay in self.bays if bay.is_free)

    @property
    def wants_reason(self) -> bool:
        return bool(self.earlier) or not self.ticket.is_authorised

    @property
    def is_out_first(self) -> bool:
        """Where no slot was empty the new pack leaves first; the page keeps the order that the swap has taken."""
        return len(self.packs_out) > len(self.packs_in) or (self.step == "out" and not self.packs_in)

    @property
    def are_all_in(self) -> bool:
        return len(self.packs_in) >= self.ticket.packs_wanted

    @property
    def are_all_out(self) -> bool:
        return len(self.packs_out) >= self.ticket.packs_wanted


def of_booking(booking: Booking) -> Guide:
    """Where the swap of this booking stands."""
    ticket = tickets.ticket(booking)
    done = _done(booking)
    swapping = ticket.state == State.SWAPPING
    station, pack_class = booking.station, booking.line.pack_class
    empty = inventory.empty_slots(station=station, pack_class=pack_class) if swapping else []
    arrived = ticket.state == State.ARRIVED
    return Guide(
        ticket=ticket,
        step=_step(ticket, has_empty_slot=bool(empty)),
        nominal_kwh=pack_class.nominal_wh / 1000,
        packs_in=done[Direction.IN],
        packs_out=done[Direction.OUT],
        empty_slots=tuple((slot.pk, slot.number) for slot in empty),
        choices=_choices(booking, ticket) if swapping else (),
        remembered=_remembered(booking) if swapping else None,
        bays=_bays(booking) if arrived else (),
        earlier=_earlier(booking) if arrived else (),
        payment=money.payment_card(booking.public_id) if ticket.state == State.COMPLETED else None,
        price=Money(booking.price_minor, booking.tariff.currency) if booking.price_minor is not None else None,
        energy_wh=booking.energy_wh,
    )


def has(booking: Booking, *, serial: str, direction: Direction) -> bool:
    """Whether this pack has gone in or out in this swap already: a second tap on the same button."""
    rows = SwapPack.objects.filter(booking=booking, direction=direction, undone_at=None)
    return rows.filter(pack__serial=serial.replace("\0", "").strip()).exists()


def pack_meant(booking: Booking, *, pack_id: int | None, typed: str) -> Pack:
    """The pack of a tap, of a serial number, or in the slot of that number. Raises inventory.UnknownPack."""
    here = Pack.objects.filter(station=booking.station)
    if pack_id is not None:
        found = Pack.objects.filter(network=booking.network_id, pk=pack_id).first()
    elif typed.isascii() and typed.isdigit() and len(typed) <= 4:
        found = here.filter(slot__number=int(typed)).first()
    else:
        found = None
    return found or inventory.find_pack(network=booking.network, serial=typed)


def _step(ticket: Ticket, *, has_empty_slot: bool) -> str:
    if ticket.state == State.ARRIVED:
        return "start"
    if ticket.state != State.SWAPPING:
        return "done" if ticket.state == State.COMPLETED else "over"
    if ticket.packs_in < ticket.packs_wanted and (has_empty_slot or ticket.packs_out >= ticket.packs_wanted):
        return "in" if ticket.packs_in <= ticket.packs_out else "out"
    return "out" if ticket.packs_out < ticket.packs_wanted else "finish"


def _done(booking: Booking) -> dict[Direction, tuple[Done, ...]]:
    rows = SwapPack.objects.filter(booking=booking, undone_at=None).order_by("pk")
    found = [(row.direction, Done(row.pack.serial, int(row.soc_percent))) for row in rows.select_related("pack")]
    return {way: tuple(done for direction, done in found if direction == way) for way in Direction}


def _choices(booking: Booking, ticket: Ticket) -> tuple[PackChoice, ...]:
    """The promised ones first, then the fullest that are free. Those kept for others are not offered."""
    kept = {pack.pack_id for pack in ticket.kept}
    if not kept:
        return ()
    ready = Pack.objects.at(booking.station).of(booking.line.pack_class).ready()
    # Not all of them need be ready: a driver may have chosen one that was not full (rule 11).
    mine = Pack.objects.filter(pk__in=kept, state=PackState.KEPT, slot__state=SlotState.WORKING)
    free = ready.filter(state=PackState.STORED)
    return tuple(
        PackChoice(pack.pk, pack.serial, pack.slot.number, int(pack.soc_percent), pack.pk in kept)
        for packs in (mine, free)
        for pack in packs.select_related("slot").order_by("-soc_percent", "pk")
        if pack.slot is not None
    )


def _remembered(booking: Booking) -> Remembered | None:
    issued = SwapPack.objects.filter(booking__vehicle=booking.vehicle, direction=Direction.OUT, undone_at=None)
    on_the_road = issued.exclude(booking=booking).filter(pack__state=PackState.IN_VEHICLE)
    row = on_the_road.select_related("pack").order_by("-at").first()
    return Remembered(row.pack.serial, row.at) if row is not None else None


def _bays(booking: Booking) -> tuple[BayView, ...]:
    swapping = tickets.rows().filter(station=booking.station, state=State.SWAPPING)
    occupied = {row.bay.number: row.vehicle.plate for row in swapping if row.bay is not None}
    return board.bays_of(booking.station, occupied)


def _earlier(booking: Booking) -> tuple[str, ...]:
    """The plates of those whose turn it is before this vehicle's (rule 4)."""
    before = Booking.objects.at_bay(booking.station_id).filter(bay_sequence__lt=booking.bay_sequence)
    return tuple(before.values_list("vehicle__plate", flat=True))
