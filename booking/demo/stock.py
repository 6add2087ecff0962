"""Which pack is where while the past is played, in memory; `rows` writes down where it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from booking.demo.crowd import Ride
from booking.demo.network import COMPACT, Founded, Site
from booking.demo.rows import Rows
from stations import charging
from stations.models import Pack, PackClass, Slot
from stations.states import PackState

FULL = Decimal("99.5")


@dataclass(slots=True)
class Rack:
    """The slots of one class at one station: what stands in them, longest first, and which are empty."""

    pack_class: PackClass
    stored: list[Pack] = field(default_factory=list)
    empty: list[Slot] = field(default_factory=list)


class Stock:
    """All packs of one network."""

    def __init__(self, *, founded: Founded, classes: dict[str, PackClass], rows: Rows, random: Random) -> None:
        self._founded = founded
        self._random = random
        self._rows = rows
        self._count = 0
        self._racks: dict[tuple[int, str], Rack] = {}
        for site in founded.sites:
            for code, slots in site.slots.items():
                # A swap needs room for what comes in, in every class.
                empty = 1 + len(slots) // 8
                rack = Rack(classes[code], empty=slots[:empty])
                self._racks[site.station.pk, code] = rack
                for slot in slots[empty:]:
                    pack = self._new(classes[code])
                    pack.slot, pack.station, pack.state = slot, site.station, PackState.STORED
                    rack.stored.append(pack)

    def rack(self, site: Site, code: str) -> Rack | None:
        return self._racks.get((site.station.pk, code))

    def load(self, ride: Ride) -> None:
        """The packs that a vehicle came with."""
        ride.packs = [self._new(ride.vehicle.pack_class) for _number in range(ride.vehicle.pack_count)]
        for pack in ride.packs:
            pack.state, pack.soc_percent = PackState.IN_VEHICLE, Decimal(self._random.randint(25, 70))

    def ready(self, rack: Rack, wanted: int, at: datetime) -> list[Pack] | None:
        """The packs that have charged longest, if there are as many as are wanted."""
        packs = rack.stored[:wanted]
        full = [pack for pack in packs if soc_at(pack, at) >= 90]
        return packs if len(full) == wanted else None

    def exchange(self, *, rack: Rack, old: Pack, new: Pack, came_in_at: datetime) -> None:
        """The old pack into an empty slot, then the new one out of its own. Both keep what they were measured at."""
        slot = rack.empty.pop(0)
        old.slot, old.station, old.state, old.soc_at = slot, slot.station, PackState.STORED, came_in_at
        rack.stored.remove(new)
        rack.stored.append(old)
        assert new.slot is not None
        rack.empty.append(new.slot)
        new.slot = new.station = None
        new.state = PackState.IN_VEHICLE

    def settle(self, now: datetime) -> None:
        """What all of it holds today. Where a line is wanted nearly nothing is ready; elsewhere most is."""
        for site in self._founded.sites:
            for code in site.slots:
                rack = self._racks[site.station.pk, code]
                for number, pack in enumerate(rack.stored):
                    pack.soc_percent = self._today(site, code, number, pack, now)
                    pack.soc_at = now

    def _today(self, site: Site, code: str, number: int, pack: Pack, now: datetime) -> Decimal:
        if site.is_busy and code == COMPACT:
            # Two can be had at once, and the others will be one after the other.
            return Decimal(95) if number < 2 else Decimal(88 - 6 * (number - 2)) + self._random.randint(0, 3)
        if number and self._random.random() < 0.3:
            return Decimal(self._random.randint(35, 89))
        return soc_at(pack, now)

    def _new(self, pack_class: PackClass) -> Pack:
        self._count += 1
        random = self._random
        return self._rows.add(
            Pack(
                network=self._founded.network,
                # Most packs are the battery bank's; the operator began with some of its own.
                owner=self._founded.operator if random.random() < 0.15 else self._founded.battery_bank,
                pack_class=pack_class,
                serial=f"{self._founded.land.country}-{pack_class.code[:2].upper()}-{self._count:05d}",
                soc_percent=Decimal(95),
                soh_percent=Decimal(random.randint(860, 999)) / 10,
                soc_at=self._founded.sites[0].station.created_at - timedelta(days=100),
            )
        )


def soc_at(pack: Pack, at: datetime) -> Decimal:
    """What a pack in a slot holds by then, by its charging curve."""
    charge = charging.soc_now(
        curve=pack.curve(),
        soc_percent=float(pack.soc_percent),
        soc_at=pack.soc_at,
        now=at,
    )
    return min(FULL, Decimal(charge).quantize(Decimal("0.1")))
