"""Stations ranked by the time until a driver drives away on full packs: drive, wait at arrival, swap. An estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, Sum

from accounts.models import Network
from booking import pricing, tariffs
from booking.estimate import Wait, wait
from booking.models import Booking, Tariff
from booking.presentation import whole_minutes
from booking.snapshot import ARRIVING_SOC_PERCENT
from booking.states import State
from payments.money import Money
from stations import charging, queries
from stations.geo import Place
from stations.models import PackClass
from stations.queries import StationCard
from stations.states import StationStatus

# Farther than this nobody drives for a pack; the nearest one beyond is named all the same.
REACH_M = 50_000
SHOWN = 12


@dataclass(frozen=True, slots=True)
class FoundStation:
    """A station for one driver who starts now: how long until full packs, at what price, and what stands against it."""

    station: StationCard
    network_code: str
    in_line: int
    at_bay: int
    # From arrival: what is left to wait for packs and a bay. None when nothing is known that could end the wait.
    wait: Wait | None
    about: Money | None
    most: Money | None
    # Seconds since the station last said anything about its packs; None when it never has.
    read_ago: float | None

    @property
    def drive_minutes(self) -> int:
        return whole_minutes(self.station.drive_seconds)

    @property
    def wait_minutes(self) -> int:
        return whole_minutes(self.wait.likely_seconds) if self.wait else 0

    @property
    def swap_minutes(self) -> int:
        return whole_minutes(self.station.swap_seconds)

    @property
    def total_minutes(self) -> int:
        """The sum of what is shown, so that a driver who adds it up gets the same."""
        return self.drive_minutes + self.wait_minutes + self.swap_minutes

    @property
    def hindrance(self) -> str:
        """Why nobody can reserve here now, or nothing."""
        if self.station.status != StationStatus.OPEN:
            return "stopped"
        if not self.station.opening.is_open:
            return "closed"
        if not self.station.stock.slots:
            return "other_class"
        if self.most is None:
            return "no_price"
        return ""

    @property
    def is_promised_at_once(self) -> bool:
        """Whether joining now would keep packs at once: some are ready and nobody waits for them."""
        return self.in_line == 0 and self.station.stock.ready > 0


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought: those in reach, soonest first; when there is none, the nearest one beyond."""

    stations: tuple[FoundStation, ...]
    beyond: FoundStation | None

    @property
    def best(self) -> FoundStation | None:
        first = self.stations[0] if self.stations else None
        return first if first is not None and not first.hindrance and first.wait is not None else None

    @property
    def others(self) -> tuple[FoundStation, ...]:
        return self.stations[1:] if self.best else self.stations

    @property
    def longest_minutes(self) -> int:
        return max((s.total_minutes for s in self.stations if not s.hindrance), default=0)


def find(
    *,
    start: Place,
    pack_class: PackClass,
    packs: int,
    now: datetime,
    open_now: bool = False,
    is_staffed: bool | None = None,
) -> Found:
    """The nearest stations, ranked by time; what cannot be reserved comes last. Raises geo.BadCoordinates."""
    cards = queries.nearby(
        latitude=start.latitude,
        longitude=start.longitude,
        pack_class=pack_class,
        now=now,
        limit=SHOWN,
        is_staffed=is_staffed,
        open_now=open_now,
    )
    near = [card for card in cards if card.distance_m <= REACH_M]
    shown = near or cards[:1]
    complete = sorted(complete_cards(shown, pack_class=pack_class, packs=packs, now=now), key=_rank)
    return Found(tuple(complete) if near else (), None if near or not complete else complete[0])


def complete_cards(
    cards: Sequence[StationCard], *, pack_class: PackClass, packs: int, now: datetime
) -> list[FoundStation]:
    """Lines, prices and networks of these stations: three queries, however many stations."""
    networks = dict(Network.objects.filter(pk__in={card.network_id for card in cards}).values_list("pk", "code"))
    crowds = _crowds([card.id for card in cards], pack_class, now)
    prices = _tariffs(cards, pack_class, now)
    return [
        _complete(
            card,
            network_code=networks[card.network_id],
            crowd=crowds.get(card.id, NOBODY),
            tariff=prices.get(card.id),
            pack_class=pack_class,
            packs=packs,
            now=now,
        )
        for card in cards
    ]


@dataclass(frozen=True, slots=True)
class _Crowd:
    """Who is at a station already: in line for the class, the packs that they want, and vehicles at the bays."""

    in_line: int
    packs_wanted: int
    at_bay: int


NOBODY = _Crowd(0, 0, 0)


def _crowds(station_ids: Sequence[int], pack_class: PackClass, now: datetime) -> dict[int, _Crowd]:
    waits = Q(state=State.WAITING, line__pack_class=pack_class)
    rows = (
        Booking.objects.live()
        .filter(station__in=station_ids)
        .values("station_id")
        .annotate(
            in_line=Count("pk", filter=waits),
            packs_wanted=Sum("packs_wanted", filter=waits, default=0),
            at_bay=Count("pk", filter=Q(state__in=(State.ARRIVED, State.SWAPPING))),
        )
    )
    return {row["station_id"]: _Crowd(row["in_line"], row["packs_wanted"], row["at_bay"]) for row in rows}


def _tariffs(cards: Sequence[StationCard], pack_class: PackClass, now: datetime) -> dict[int, Tariff]:
    """The tariff that counts at each station: its own before its network's, in the currency that it takes."""
    rows = (
        Tariff.objects.filter(pack_class=pack_class, valid_from__lte=now)
        .filter(Q(valid_until=None) | Q(valid_until__gt=now))
        .filter(Q(station__in=[c.id for c in cards]) | Q(station=None, network__in={c.network_id for c in cards}))
        .select_related("pack_class")
        .order_by("valid_from")
    )
    by_place = {(row.network_id, row.station_id, row.currency): row for row in rows}
    found = {}
    for card in cards:
        own = by_place.get((card.network_id, card.id, card.currency))
        tariff = own or by_place.get((card.network_id, None, card.currency))
        if tariff is not None:
            found[card.id] = tariff
    return found


def _complete(
    card: StationCard,
    *,
    network_code: str,
    crowd: _Crowd,
    tariff: Tariff | None,
    pack_class: PackClass,
    packs: int,
    now: datetime,
) -> FoundStation:
    ready_in = [0.0] * card.stock.ready + [(at - now).total_seconds() for at in card.stock.charging_ready_at]
    from_now = wait(
        packs_before_mine=crowd.packs_wanted,
        my_packs=packs,
        ready_in_seconds=ready_in,
        recharge_seconds=_recharge_seconds(pack_class, card.target_soc_percent),
        vehicles_at_bays=crowd.at_bay,
        bays=card.bays_open,
        swap_seconds=card.swap_seconds,
    )
    return FoundStation(
        station=card,
        network_code=network_code,
        in_line=crowd.in_line,
        at_bay=crowd.at_bay,
        wait=_left_at_arrival(from_now, card.drive_seconds),
        about=_about(tariff, packs=packs, target_percent=card.target_soc_percent) if tariff else None,
        most=Money(tariffs.most_it_can_cost(tariff, packs=packs).gross_minor, tariff.currency) if tariff else None,
        read_ago=(now - card.stock.newest_reading_at).total_seconds() if card.stock.newest_reading_at else None,
    )


def about_price(tariff: Tariff, *, packs: int, target_percent: int) -> pricing.Price:
    """What such a swap usually costs: from what drivers bring in to the station's target."""
    gained = packs * tariff.pack_class.nominal_wh * max(0, target_percent - ARRIVING_SOC_PERCENT) / 100
    return pricing.price(energy_wh=round(gained), rate=tariffs.rate_of(tariff))


def _about(tariff: Tariff, *, packs: int, target_percent: int) -> Money:
    return Money(about_price(tariff, packs=packs, target_percent=target_percent).gross_minor, tariff.currency)


def _left_at_arrival(from_now: Wait | None, drive_seconds: int) -> Wait | None:
    """Driving and waiting run side by side: only what is longer than the drive is waited for."""
    if from_now is None:
        return None
    return Wait(
        low_seconds=max(0, from_now.low_seconds - drive_seconds),
        likely_seconds=max(0, from_now.likely_seconds - drive_seconds),
        high_seconds=max(0, from_now.high_seconds - drive_seconds),
    )


def _recharge_seconds(pack_class: PackClass, target_percent: int) -> float:
    curve = charging.curve(
        nominal_wh=pack_class.nominal_wh,
        soh_percent=100.0,
        class_power_w=pack_class.charge_power_w,
        slot_power_w=pack_class.charge_power_w,
    )
    return curve.seconds(ARRIVING_SOC_PERCENT, float(target_percent))


def _rank(found: FoundStation) -> tuple[bool, bool, int, float]:
    return bool(found.hindrance), found.wait is None, found.total_minutes, found.station.distance_m
