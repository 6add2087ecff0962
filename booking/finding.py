"""Stations ranked by the time until a driver drives away on full packs: drive, wait at arrival, swap. A forecast."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from accounts.models import Network
from booking import drives, foresight, presentation, pricing, tariffs
from booking.foresight import Joining
from booking.models import Tariff
from booking.waits import Wait
from payments.money import Money
from stations import queries
from stations.geo import Place
from stations.models import PackClass
from stations.queries import StationCard
from stations.states import StationStatus

# Farther than this nobody drives for a pack; the nearest one beyond is named all the same.
REACH_M = 50_000
SHOWN = 12
# A price is known only once a station's card is complete, so a wish about it looks at more of them.
LOOKED_AT_FOR_PRICE = 48
# Of a single station the page says how it compares with the nearest of so many.
COMPARED_WITH = 4


@dataclass(frozen=True, slots=True)
class Wish:
    """What a driver wants beside the pack. `most_minor` is the highest usual price, in the station's currency."""

    open_now: bool = False
    is_staffed: bool | None = None
    amenities: tuple[str, ...] = ()
    most_minor: int | None = None

    def allows_price(self, about: Money | None) -> bool:
        return self.most_minor is None or (about is not None and about.amount_minor <= self.most_minor)


NO_WISH = Wish()


@dataclass(frozen=True, slots=True)
class Against:
    """A station against the nearest one, in the minutes that are shown. Less than nothing is nearer, or later."""

    nearest: str
    farther_minutes: int
    sooner_minutes: int


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
    # From now until full packs, as a range; the minutes that are shown add up from what is likely.
    away: Wait | None = None
    # How it compares with the nearest one; None for that one itself, and where nothing is known to compare.
    against: Against | None = None

    @property
    def drive_minutes(self) -> int:
        return presentation.whole_minutes(self.station.drive_seconds)

    @property
    def wait_minutes(self) -> int:
        return presentation.whole_minutes(self.wait.likely_seconds) if self.wait else 0

    @property
    def swap_minutes(self) -> int:
        return presentation.whole_minutes(self.station.swap_seconds)

    @property
    def total_minutes(self) -> int:
        """The sum of what is shown, so that a driver who adds it up gets the same."""
        return self.drive_minutes + self.wait_minutes + self.swap_minutes

    @property
    def drawn_wait_minutes(self) -> int:
        """A wait that may be none, or that nobody knows, is drawn as one minute: the line has what the words name."""
        return max(self.wait_minutes, 1) if self.wait is None or self.wait.high_seconds else 0

    @property
    def drawn_minutes(self) -> int:
        return self.drive_minutes + self.drawn_wait_minutes + self.swap_minutes

    @property
    def why(self) -> str:
        """Why it stands before or after the nearest one, in the language that is active; or nothing."""
        if self.against is None:
            return ""
        return presentation.compared(
            farther_minutes=self.against.farther_minutes, sooner_minutes=self.against.sooner_minutes
        )

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
    # Those that the driver asked for by themselves (kept, last used), in the order asked for, whatever the wish.
    wanted: tuple[FoundStation, ...] = ()
    # Whether a router told every drive; otherwise they are worked out from straight lines.
    drives_are_routed: bool = False

    @property
    def best(self) -> FoundStation | None:
        first = self.stations[0] if self.stations else None
        return first if first is not None and not first.hindrance and first.wait is not None else None

    @property
    def others(self) -> tuple[FoundStation, ...]:
        return self.stations[1:] if self.best else self.stations

    @property
    def can_book(self) -> bool:
        return any(not one.hindrance for one in self.stations)

    @property
    def first_to_open(self) -> FoundStation | None:
        """When nobody can book anywhere in reach: where the day begins first."""
        if self.can_book:
            return None
        opening = [one for one in self.stations if one.hindrance == "closed" and one.station.opening.opens_at]
        return min(opening, key=lambda one: (one.station.opening.opens_at, one.station.distance_m), default=None)

    @property
    def longest_minutes(self) -> int:
        return max((s.drawn_minutes for s in self.stations if not s.hindrance), default=0)


def find(
    *,
    start: Place,
    pack_class: PackClass,
    packs: int,
    now: datetime,
    wish: Wish = NO_WISH,
    wanted_ids: Collection[int] = (),
    fleet: int | None = None,
) -> Found:
    """The nearest stations, ranked by time; what cannot be reserved comes last. Raises geo.BadCoordinates.

    `fleet` is whose the vehicle is, for rule 10. May ask the operator's router, so not in a transaction.
    """
    cards = queries.nearby(
        latitude=start.latitude,
        longitude=start.longitude,
        pack_class=pack_class,
        now=now,
        limit=SHOWN if wish.most_minor is None else LOOKED_AT_FOR_PRICE,
        is_staffed=wish.is_staffed,
        amenities=wish.amenities,
        open_now=wish.open_now,
    )
    near = [card for card in cards if card.distance_m <= REACH_M]
    shown = near or cards[:1]
    more = _others(wanted_ids, shown, start=start, pack_class=pack_class, now=now)
    driven, are_routed = _driven([*shown, *more], start)
    complete = complete_cards(driven, pack_class=pack_class, packs=packs, fleet=fleet, now=now)
    fitting = [one for one in complete[: len(shown)] if wish.allows_price(one.about)]
    nearest = _nearest(fitting)
    ranked = sorted((_compared(one, nearest) for one in fitting), key=_rank)[:SHOWN]
    return Found(
        stations=tuple(ranked) if near else (),
        beyond=ranked[0] if ranked and not near else None,
        wanted=_in_order_of(wanted_ids, [_compared(one, nearest) for one in complete]),
        drives_are_routed=are_routed,
    )


def wanted(
    *, station_ids: Collection[int], pack_class: PackClass, packs: int, fleet: int | None = None, now: datetime
) -> list[FoundStation]:
    """These stations for a driver of whom nobody knows where they are: with a wait, without a drive."""
    cards = queries.station_cards(station_ids=station_ids, pack_class=pack_class, at=None, now=now)
    return complete_cards(cards, pack_class=pack_class, packs=packs, fleet=fleet, now=now)


def with_nearest(
    card: StationCard, *, start: Place, pack_class: PackClass, packs: int, fleet: int | None = None, now: datetime
) -> FoundStation:
    """The station, driven to from there, against the nearest one at which one can book. Not in a transaction."""
    around = queries.nearby(
        latitude=start.latitude,
        longitude=start.longitude,
        pack_class=pack_class,
        now=now,
        limit=COMPARED_WITH,
        open_now=True,
    )
    others = [other for other in around if other.id != card.id and other.distance_m <= REACH_M]
    cards, _are_routed = _driven([card, *others], start)
    found = complete_cards(cards, pack_class=pack_class, packs=packs, fleet=fleet, now=now)
    return _compared(found[0], _nearest(found))


def _others(
    ids: Collection[int], shown: Sequence[StationCard], *, start: Place, pack_class: PackClass, now: datetime
) -> list[StationCard]:
    """Cards of those asked for that the search did not bring, and that are in reach."""
    missing = [pk for pk in ids if pk not in {card.id for card in shown}]
    if not missing:
        return []
    cards = queries.station_cards(station_ids=missing, pack_class=pack_class, at=start, now=now)
    return [card for card in cards if card.distance_m <= REACH_M]


def _driven(cards: Sequence[StationCard], start: Place) -> tuple[list[StationCard], bool]:
    """The cards with their drives, from one question, and whether all were answered by a router."""
    told = drives.to_places(start, [card.place for card in cards])
    both = zip(cards, told.seconds, strict=True)
    return [replace(card, drive_seconds=seconds) for card, seconds in both], told.are_routed


def _in_order_of(ids: Collection[int], found: Sequence[FoundStation]) -> tuple[FoundStation, ...]:
    by_id = {one.station.id: one for one in found if one.station.distance_m <= REACH_M}
    return tuple(by_id[pk] for pk in ids if pk in by_id)


def complete_cards(
    cards: Sequence[StationCard], *, pack_class: PackClass, packs: int, fleet: int | None = None, now: datetime
) -> list[FoundStation]:
    """Forecasts, prices and networks of these stations: a fixed number of queries, however many stations."""
    networks = dict(Network.objects.filter(pk__in={card.network_id for card in cards}).values_list("pk", "code"))
    joining = foresight.of_joiners(cards, pack_class=pack_class, packs=packs, fleet=fleet, now=now)
    prices = tariffs.current_at(cards, pack_class=pack_class, now=now)
    return [
        _complete(
            card,
            network_code=networks[card.network_id],
            joining=joining_here,
            tariff=prices.get(card.id),
            packs=packs,
            now=now,
        )
        for card, joining_here in zip(cards, joining, strict=True)
    ]


def _nearest(found: Sequence[FoundStation]) -> FoundStation | None:
    """Of those at which one can book and is told a wait."""
    can_book = (one for one in found if not one.hindrance and one.wait is not None)
    return min(can_book, key=lambda one: (one.station.drive_seconds, one.station.distance_m), default=None)


def _compared(one: FoundStation, nearest: FoundStation | None) -> FoundStation:
    if nearest is None or one.station.id == nearest.station.id or one.hindrance or one.wait is None:
        return one
    against = Against(
        nearest=nearest.station.name,
        farther_minutes=one.drive_minutes - nearest.drive_minutes,
        sooner_minutes=nearest.total_minutes - one.total_minutes,
    )
    return replace(one, against=against)


def _complete(
    card: StationCard,
    *,
    network_code: str,
    joining: Joining,
    tariff: Tariff | None,
    packs: int,
    now: datetime,
) -> FoundStation:
    return FoundStation(
        station=card,
        network_code=network_code,
        in_line=joining.in_line,
        at_bay=joining.at_bay,
        wait=joining.wait,
        about=_about(tariff, packs=packs, target_percent=card.target_soc_percent) if tariff else None,
        most=Money(tariffs.most_it_can_cost(tariff, packs=packs).gross_minor, tariff.currency) if tariff else None,
        read_ago=(now - card.stock.newest_reading_at).total_seconds() if card.stock.newest_reading_at else None,
        away=joining.away,
    )


def about_price(tariff: Tariff, *, packs: int, target_percent: int) -> pricing.Price:
    """What such a swap usually costs: from what drivers bring in to the station's target."""
    gained = packs * tariff.pack_class.nominal_wh * max(0, target_percent - pricing.ARRIVING_SOC_PERCENT) / 100
    return pricing.price(energy_wh=round(gained), rate=tariffs.rate_of(tariff))


def _about(tariff: Tariff, *, packs: int, target_percent: int) -> Money:
    return Money(about_price(tariff, packs=packs, target_percent=target_percent).gross_minor, tariff.currency)


def _rank(found: FoundStation) -> tuple[bool, bool, int, int, float]:
    """By the minutes that are shown, so that the order is the one that can be read; then by the finer forecast."""
    likely = found.away.likely_seconds if found.away is not None else 0
    return bool(found.hindrance), found.wait is None, found.total_minutes, likely, found.station.distance_m
