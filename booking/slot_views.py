"""Slots as a station's board draws them: what stands in each, for whom, and what one can do with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from booking.states import State
from booking.tickets import Ticket
from stations.models import Station
from stations.queries import PackCard, SlotCard, station_slots
from stations.states import PackState


@dataclass(frozen=True, slots=True)
class SlotView:
    """`face` is ready, kept, charging, empty or fault; `soc_percent` is what is expected now, None when empty."""

    id: int
    number: int
    face: str
    word: str
    pack_class: str
    is_working: bool
    reason: str
    pack_id: int | None
    serial: str
    soc_percent: int | None
    read_at: datetime | None
    is_pack_out: bool
    for_plate: str
    offered_to: str
    ready_at: datetime | None
    is_reading_due: bool

    @property
    def trouble(self) -> str:
        if not self.is_working:
            return _("Slot %(number)d is out of service.") % {"number": self.number}
        return _("Slot %(number)d: pack %(serial)s is out of service.") % {
            "number": self.number,
            "serial": self.serial,
        }


def of_station(station: Station, tickets: Iterable[Ticket], now: datetime) -> tuple[SlotView, ...]:
    """The slots by number. `tickets` are the live ones: they tell for whom a pack is kept."""
    holding = (State.PROMISED, State.ARRIVED, State.SWAPPING)
    plates = {pack.pack_id: t.plate for t in tickets if t.state in holding for pack in t.kept}
    deciding = {pack_id: t.plate for t in tickets if t.offer is not None for pack_id in t.offer.pack_ids}
    return tuple(_view(slot, plates, deciding, now) for slot in station_slots(station=station, now=now))


def _view(slot: SlotCard, plates: Mapping[int, str], deciding: Mapping[int, str], now: datetime) -> SlotView:
    pack = slot.pack
    plate, offered_to = (by_pack.get(pack.id, "") if pack else "" for by_pack in (plates, deciding))
    face = _face(slot, plate)
    words = {
        "ready": _("Ready"),
        "kept": _("Kept"),
        "charging": _("Charging"),
        "empty": _("Empty"),
        "fault": _("Out of service"),
    }
    is_charging = face == "charging" and pack is not None
    return SlotView(
        id=slot.id,
        number=slot.number,
        face=face,
        word=_("Offered") if offered_to else words[face],
        pack_class=slot.pack_class,
        is_working=slot.is_working,
        reason=slot.state_reason or (pack.state_reason if pack else ""),
        pack_id=pack.id if pack else None,
        serial=pack.serial if pack else "",
        soc_percent=int(pack.soc_now_percent) if pack else None,
        read_at=pack.soc_at if pack else None,
        is_pack_out=pack is not None and pack.state == PackState.QUARANTINED,
        for_plate=plate,
        offered_to=offered_to,
        ready_at=pack.ready_at if pack and is_charging else None,
        is_reading_due=is_charging and _should_be_ready(pack, now),
    )


def _face(slot: SlotCard, plate: str) -> str:
    if not slot.is_working or (slot.pack is not None and slot.pack.state == PackState.QUARANTINED):
        return "fault"
    if slot.pack is None:
        return "empty"
    if plate:
        return "kept"
    return "ready" if slot.pack.is_ready else "charging"


def _should_be_ready(pack: PackCard | None, now: datetime) -> bool:
    """Expected to be charged by now, though no reading has said so yet."""
    return pack is not None and pack.ready_at is not None and pack.ready_at <= now
