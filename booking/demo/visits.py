"""Writes one visit of the past as the rows that its steps would have left: booking, history, promises, packs, money.

The writers know no other clock than the database's, which is right for everybody else; so here the rows are made by
hand, by the same rules, and `check_promises` is asked about them in the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from accounts.models import User
from booking import codes, line, pricing, tariffs
from booking.demo.books import Books, Opened
from booking.demo.crowd import Ride
from booking.demo.network import Founded, Site
from booking.demo.rows import Rows
from booking.demo.stock import Rack, Stock, soc_at
from booking.line_rules import promise_seconds
from booking.models import BayQueue, Booking, BookingStep, Direction, Line, Promise, Source, SwapPack, Tariff
from booking.states import Step, after
from payments.money import Money
from payments.sales import SalePartTerms, SaleTerms

if TYPE_CHECKING:
    from stations.models import Pack

A_MOMENT = timedelta(seconds=1)


@dataclass(slots=True)
class Visit:
    """Everything about one visit, decided beforehand."""

    site: Site
    ride: Ride
    rack: Rack
    packs: list[Pack]
    ending: str
    walks_in: bool
    joined_at: datetime
    promised_at: datetime
    drive_seconds: int
    arrived_at: datetime
    started_at: datetime
    pace_seconds: int


class Clerk:
    """Numbers lines and bays of one network, and writes its visits into `rows`."""

    def __init__(self, *, founded: Founded, staff: User, rows: Rows, random: Random) -> None:
        self._founded = founded
        self._staff = staff
        self._rows = rows
        self._random = random
        self._books = Books(founded=founded, rows=rows)
        self._lines: dict[tuple[int, int], Line] = {}
        self._bay_places: dict[int, Iterator[int]] = {}
        self._bay_counts: dict[int, int] = {}
        self._tariffs: dict[int, Tariff] = {}

    def write(self, visit: Visit, stock: Stock) -> datetime:
        """All rows of the visit; returns when it was over."""
        booking, opened = self._join(visit)
        if visit.ending == "swap":
            self._arrive(visit, booking)
            self._swap(visit, booking, opened, stock)
        else:
            self._give_up(visit, booking, opened)
        assert booking.ended_at is not None
        visit.ride.free_at = booking.ended_at + timedelta(hours=2)
        return booking.ended_at

    def close(self) -> None:
        """What the lines and bays have counted up to."""
        Line.objects.bulk_update(self._lines.values(), ["sequence", "version"])
        BayQueue.objects.bulk_create(
            [BayQueue(station_id=station_id, sequence=last) for station_id, last in self._bay_counts.items()]
        )

    def _join(self, visit: Visit) -> tuple[Booking, Opened]:
        station, ride, random = visit.site.station, visit.ride, self._random
        at_line, tariff = self._line(visit), self._tariff(visit)
        at_line.sequence += 1
        driver = None if visit.walks_in else ride.driver
        method = "cash" if visit.walks_in else ride.method
        booking = self._rows.add(
            Booking(
                public_id=UUID(int=random.getrandbits(128), version=4),
                network=self._founded.network,
                station=station,
                line=at_line,
                vehicle=ride.vehicle,
                driver=driver,
                tariff=tariff,
                source=Source.WALK_IN if visit.walks_in else Source.APP,
                packs_wanted=len(visit.packs),
                code="".join(random.choices(codes.ALPHABET, k=codes.LENGTH)),
                joined_at=visit.joined_at,
                sequence=at_line.sequence,
                drive_seconds=None if visit.walks_in else visit.drive_seconds,
                authorised_at=visit.joined_at + A_MOMENT,
                promised_at=visit.promised_at,
            )
        )
        opened = self._books.authorise(
            reference=booking.public_id,
            method=method,
            driver=driver,
            organisation={"account": ride.vehicle.fleet, "cash": station.owner}.get(method),
            most_minor=tariffs.most_it_can_cost(tariff, packs=len(visit.packs)).gross_minor,
            at=visit.joined_at,
        )
        booking.payment = opened.payment
        joins = self._staff if visit.walks_in else driver
        self._step(booking, Step.JOIN, visit.joined_at, by=joins)
        self._step(booking, Step.AUTHORISE, visit.joined_at + A_MOMENT)
        self._promise(visit, booking)
        return booking, opened

    def _promise(self, visit: Visit, booking: Booking) -> None:
        at = visit.promised_at + 2 * A_MOMENT
        if visit.walks_in:
            booking.here_at = visit.joined_at
            booking.bay_sequence = self._next_bay_place(visit)
            self._step(booking, Step.CONFIRM_HERE, visit.joined_at + A_MOMENT, by=self._staff)
            self._step(booking, Step.PROMISE_HERE, at)
            return
        seconds = promise_seconds(
            drive_seconds=visit.drive_seconds, budget_seconds=None, terms=line.terms_of(visit.site.station)
        )
        booking.promise_ends_at = booking.lapses_at = at + timedelta(seconds=seconds)
        self._step(booking, Step.PROMISE, at)

    def _arrive(self, visit: Visit, booking: Booking) -> None:
        at = visit.arrived_at + 3 * A_MOMENT
        booking.arrived_at = at
        if not visit.walks_in:
            booking.here_at, booking.bay_sequence, booking.code_used_at = at, self._next_bay_place(visit), at
            self._step(booking, Step.ARRIVE, at, by=self._staff)

    def _swap(self, visit: Visit, booking: Booking, opened: Opened, stock: Stock) -> None:
        pace = timedelta(seconds=visit.pace_seconds)
        started_at = visit.started_at + 4 * A_MOMENT
        booking.bay = self._random.choice(visit.site.bays)
        booking.called_at, booking.started_at = started_at - 30 * A_MOMENT, started_at
        self._step(booking, Step.CALL, booking.called_at, by=self._staff)
        self._step(booking, Step.START, started_at, by=self._staff)
        at = started_at
        went_out: list[SwapPack] = []
        came_in: list[SwapPack] = []
        for old, new in zip(visit.ride.packs, visit.packs, strict=True):
            at += pace
            new.soc_percent = soc_at(new, at)
            old.soc_percent = Decimal(self._random.randint(80, 340)) / 10
            came_in.append(self._swap_pack(booking, old, Direction.IN, at))
            self._step(booking, Step.OLD_IN, at, by=self._staff)
            booking.old_in_at = at
            at += pace
            stock.exchange(rack=visit.rack, old=old, new=new, came_in_at=booking.old_in_at)
            went_out.append(self._swap_pack(booking, new, Direction.OUT, at))
            self._step(booking, Step.NEW_OUT, at, by=self._staff)
            booking.new_out_at = at
            self._kept(booking, new, visit, ended_at=at, reason="issued")
        visit.ride.packs = list(visit.packs)
        self._finish(visit, booking, opened, came_in, went_out, at + pace)

    def _finish(
        self,
        visit: Visit,
        booking: Booking,
        opened: Opened,
        came_in: list[SwapPack],
        went_out: list[SwapPack],
        at: datetime,
    ) -> None:
        nominal_wh = visit.rack.pack_class.nominal_wh
        charges = [pricing.Charge(row.soc_percent, row.soh_percent, nominal_wh) for row in went_out]
        energy_wh = pricing.energy_gained_wh(
            packs_out=charges,
            packs_in=[pricing.Charge(row.soc_percent, row.soh_percent, nominal_wh) for row in came_in],
        )
        price = pricing.price(energy_wh=energy_wh, rate=tariffs.rate_of(booking.tariff))
        booking.energy_wh, booking.energy_source = energy_wh, "soc"
        booking.price_minor, booking.tax_minor = price.gross_minor, price.tax_minor
        self._step(booking, Step.FINISH, at, by=self._staff)
        booking.ended_at, booking.end_reason = at, "completed"
        parts = tuple(
            SalePartTerms(pack_owner=row.pack_owner, energy_wh=int(charge.energy_wh))
            for row, charge in zip(went_out, charges, strict=True)
        )
        self._books.sell(
            opened,
            terms=SaleTerms(
                gross=Money(price.gross_minor, booking.tariff.currency),
                tax_rate_bp=booking.tariff.tax_rate_bp,
                station_owner=booking.station.owner,
                parts=parts,
                swapped_at=at,
                description=f"{booking.station.name} · {booking.vehicle.plate}",
            ),
        )

    def _give_up(self, visit: Visit, booking: Booking, opened: Opened) -> None:
        """Cancelled soon after the promise, or not come before its end."""
        assert booking.promise_ends_at is not None
        if visit.ending == "no_show":
            at, step, reason, booking.no_show = booking.promise_ends_at + A_MOMENT, Step.LAPSE, "overdue", True
        else:
            at, step, reason = visit.promised_at + timedelta(seconds=visit.pace_seconds), Step.CANCEL, "cancelled"
        self._step(booking, step, at, by=None if booking.no_show else visit.ride.driver)
        booking.ended_at, booking.end_reason = at, reason
        for pack in visit.packs:
            self._kept(booking, pack, visit, ended_at=at, reason=reason)
        self._books.release(opened, reason=reason, at=at)

    def _step(self, booking: Booking, step: Step, at: datetime, *, by: User | None = None) -> None:
        """By the same table as every booking. The first row says what it is: there is no step before it."""
        from_state = ""
        if step != Step.JOIN:
            from_state = booking.state
            to_state = after(booking.state, step)
            assert to_state is not None, f"{booking.state} has no {step}"
            booking.state = to_state
        self._rows.add(
            BookingStep(
                booking=booking,
                step=step,
                from_state=from_state,
                to_state=booking.state,
                at=at,
                by=by,
                line_id=booking.line_id,
                line_sequence=booking.sequence,
            )
        )

    def _kept(self, booking: Booking, pack: Pack, visit: Visit, **ended: Any) -> None:
        made_at, reason = visit.promised_at + 2 * A_MOMENT, ended.pop("reason")
        self._rows.add(Promise(booking=booking, pack=pack, made_at=made_at, end_reason=reason, **ended))

    def _swap_pack(self, booking: Booking, pack: Pack, direction: Direction, at: datetime) -> SwapPack:
        return self._rows.add(
            SwapPack(
                booking=booking,
                pack=pack,
                direction=direction,
                soc_percent=pack.soc_percent,
                soh_percent=pack.soh_percent,
                pack_owner=pack.owner,
                at=at,
            )
        )

    def _line(self, visit: Visit) -> Line:
        station, pack_class = visit.site.station, visit.rack.pack_class
        key = station.pk, pack_class.pk
        if key not in self._lines:
            self._lines[key] = line.of(station, pack_class)
        return self._lines[key]

    def _tariff(self, visit: Visit) -> Tariff:
        pack_class = visit.rack.pack_class
        if pack_class.pk not in self._tariffs:
            self._tariffs[pack_class.pk] = tariffs.current(
                station=visit.site.station, pack_class=pack_class, now=visit.joined_at
            )
        return self._tariffs[pack_class.pk]

    def _next_bay_place(self, visit: Visit) -> int:
        station_id = visit.site.station.pk
        self._bay_counts[station_id] = next(self._bay_places.setdefault(station_id, count(1)))
        return self._bay_counts[station_id]
