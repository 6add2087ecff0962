"""Founds the demo's networks: parties, contracts, prices, stations with their bays and slots. The same every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from django.utils.text import slugify

from accounts.models import Network, Organisation
from booking import tariffs
from booking.demo.places import City, Land, Spot
from payments import contracts, ledger
from payments.models import Contract
from payments.money import Money
from payments.splitting import Shares
from stations import geo
from stations.models import Amenity, Bay, PackClass, Slot, Station
from stations.states import StationStatus

COMPACT, LONG_RANGE, SCOOTER = "compact", "long-range", "scooter"
BEGAN_BEFORE = timedelta(days=120)
DAYTIME = {str(weekday): [["06:00", "23:00"]] for weekday in range(7)}
# Where in its country's list a station stands decides what is special about it.
CLOSED, DOWN, DAY_ONLY, UNSTAFFED = 10, 16, (5, 9, 13, 17), 3
# Each step of the simulation measures packs of one station: with this rhythm none of them falls silent.
REPORTS_EVERY_SECONDS = 60


@dataclass(slots=True)
class Site:
    """A station with what the past and the simulation need to know about it."""

    station: Station
    city: City
    is_busy: bool
    slots: dict[str, list[Slot]] = field(default_factory=dict)
    bays: list[Bay] = field(default_factory=list)


@dataclass(slots=True)
class Founded:
    """One network as the demo founded it."""

    land: Land
    network: Network
    operator: Organisation
    battery_bank: Organisation
    owners: list[Organisation]
    fleets: list[Organisation]
    sites: list[Site]


def busy_stations(lands: Sequence[Land]) -> set[tuple[str, str]]:
    """Network and code of the stations at which a line is wanted."""
    return {
        (land.code, _code(city, spot)) for land in lands for city in land.cities for spot in city.spots[: city.busy]
    }


def badly_connected(lands: Sequence[Land]) -> set[tuple[str, str]]:
    """Of each network the station at the edge of its capital: it loses its connection, so that silence can be seen."""
    return {(land.code, _code(land.cities[0], land.cities[0].spots[-1])) for land in lands}


def pack_classes() -> dict[str, PackClass]:
    """The three classes, shared by all networks."""
    wanted = (
        PackClass(code=COMPACT, name="Compact 42 kWh", form="four_wheel", nominal_wh=42_000, charge_power_w=90_000),
        PackClass(
            code=LONG_RANGE, name="Long range 58 kWh", form="four_wheel", nominal_wh=58_000, charge_power_w=75_000
        ),
        PackClass(code=SCOOTER, name="Scooter 1.8 kWh", form="two_wheel", nominal_wh=1_800, charge_power_w=2_000),
    )
    PackClass.objects.bulk_create(wanted, ignore_conflicts=True)
    return {pack_class.code: pack_class for pack_class in PackClass.objects.filter(code__in=[c.code for c in wanted])}


def found(*, land: Land, classes: dict[str, PackClass], random: Random, now: datetime) -> Founded:
    network = Network.objects.create(
        code=land.code, name=land.operator, country=land.country, currency=land.currency, time_zone=land.time_zone
    )
    operator = _party(network, land.operator, is_operator=True)
    bank = _party(network, land.battery_bank)
    owners = [_party(network, name) for name in (*land.owners, land.owner_without_contract)]
    founded = Founded(
        land=land,
        network=network,
        operator=operator,
        battery_bank=bank,
        owners=owners,
        fleets=[_party(network, name) for name in land.fleets],
        sites=[],
    )
    began_at = now - BEGAN_BEFORE
    _agree_contracts(founded, began_at)
    _set_prices(founded, classes, began_at)
    for fleet in founded.fleets:
        ledger.set_credit_limit(fleet=fleet, limit=Money(land.credit_limit_minor, land.currency))
    for city in land.cities:
        for place_in_city, spot in enumerate(city.spots):
            founded.sites.append(_site(founded, city, spot, classes, random, is_busy=place_in_city < city.busy))
    return founded


def _party(network: Network, name: str, *, is_operator: bool = False) -> Organisation:
    return Organisation.objects.create(network=network, code=slugify(name), name=name, is_operator=is_operator)


def _agree_contracts(founded: Founded, began_at: datetime) -> None:
    """All but the last owner have one; the swaps at that one's stations wait on the suspense list."""
    shares = {
        founded.operator: Shares(0, 3_500, 6_500),
        founded.owners[0]: Shares(3_000, 3_500, 3_500),
        founded.owners[1]: Shares(2_500, 4_000, 3_500),
    }
    for owner, share in shares.items():
        contracts.agree(
            station_owner=owner,
            pack_owner=None,
            shares=share,
            time_zone=founded.land.time_zone,
            valid_from=began_at,
            by=None,
        )
    assert not Contract.objects.filter(station_owner=founded.owners[-1]).exists()


def _set_prices(founded: Founded, classes: dict[str, PackClass], began_at: datetime) -> None:
    for code, price in founded.land.prices.items():
        tariffs.publish(
            network=founded.network,
            station=None,
            pack_class=classes[code],
            currency=founded.land.currency,
            price_per_kwh=price.per_kwh,
            service_fee_minor=price.fee_minor,
            tax_rate_bp=founded.land.tax_rate_bp,
            valid_from=began_at,
        )


def set_own_prices(founded: Founded, classes: dict[str, PackClass], now: datetime) -> None:
    """Every third quiet station is a tenth cheaper from today on, so that there is something to choose by price."""
    quiet = [site for site in founded.sites if not site.is_busy]
    for site in quiet[::3]:
        for code in site.slots:
            price = founded.land.prices[code]
            tariffs.publish(
                network=founded.network,
                station=site.station,
                pack_class=classes[code],
                currency=founded.land.currency,
                price_per_kwh=round(price.per_kwh * 9 / 10, 4),
                service_fee_minor=price.fee_minor,
                tax_rate_bp=founded.land.tax_rate_bp,
                valid_from=now,
            )


def _site(
    founded: Founded, city: City, spot: Spot, classes: dict[str, PackClass], random: Random, *, is_busy: bool
) -> Site:
    number = len(founded.sites)
    site = Site(_station(founded, city, spot, number, random, is_busy=is_busy), city, is_busy)
    bays = 3 if is_busy else random.choice((1, 1, 2))
    site.bays = Bay.objects.bulk_create(Bay(station=site.station, number=n + 1) for n in range(bays))
    slot_number = 0
    for code, count in _slot_counts(number, random, is_busy=is_busy).items():
        slots = [
            Slot(
                station=site.station,
                number=slot_number + n + 1,
                pack_class=classes[code],
                power_w=classes[code].charge_power_w,
            )
            for n in range(count)
        ]
        slot_number += count
        site.slots[code] = Slot.objects.bulk_create(slots)
    return site


def _slot_counts(number: int, random: Random, *, is_busy: bool) -> dict[str, int]:
    if is_busy:
        return {COMPACT: 14, LONG_RANGE: 5, SCOOTER: 5}
    counts = {COMPACT: random.randint(5, 9)}
    if number % 2:
        counts[LONG_RANGE] = random.randint(3, 5)
    if number % 3 != 1:
        counts[SCOOTER] = random.randint(4, 7)
    return counts


def _station(founded: Founded, city: City, spot: Spot, number: int, random: Random, *, is_busy: bool) -> Station:
    land = founded.land
    at = geo.Place(spot.latitude, spot.longitude)
    if land.datum == "gcj02":
        at = geo.gcj02_to_wgs84(at)
    status, reason = StationStatus.OPEN, ""
    if number == CLOSED:
        status, reason = StationStatus.CLOSED, "Closed for the rebuilding of the yard."
    elif number == DOWN:
        status, reason = StationStatus.DOWN, "No power since the storm. Technicians are on their way."
    return Station.objects.create(
        network=founded.network,
        owner=_owner_of(founded, number, is_busy=is_busy),
        code=_code(city, spot),
        name=spot.name,
        address=spot.address,
        city=city.name,
        country=land.country,
        time_zone=land.time_zone,
        currency=land.currency,
        latitude=round(at.latitude, 6),
        longitude=round(at.longitude, 6),
        source_datum=land.datum,
        hours=DAYTIME if number in DAY_ONLY else {},
        status=status,
        status_reason=reason,
        is_staffed=is_busy or number % 5 != UNSTAFFED,
        amenities=sorted(random.sample([code.value for code in Amenity], random.randint(1, 4))),
        poster_token=f"{random.getrandbits(96):024x}",
        takes_cash=number % 4 == 1,
        reports_every_seconds=REPORTS_EVERY_SECONDS,
        # From the numbers that are nobody's.
        contact_phone=f"+120255501{number % 100:02d}",
        # Visitors take their time at the bay, and the simulated vehicles behind them go on with a written reason.
        override_cap_per_shift=30,
    )


def _code(city: City, spot: Spot) -> str:
    return slugify(f"{city.slug} {spot.name}")[:40]


def _owner_of(founded: Founded, number: int, *, is_busy: bool) -> Organisation:
    """The busy stations of a capital belong to the first owner, whose statements are worth a look."""
    if is_busy:
        return founded.owners[0]
    return (founded.owners[1], founded.operator, founded.owners[0], founded.owners[1], founded.owners[2])[number % 5]
