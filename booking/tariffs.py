"""Sole writer of Tariff, and which version counts: the station's own before the network's. A version never changes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Network
from accounts.refusals import Refusal
from booking import pricing
from booking.models import Tariff
from payments.money import EXPONENTS
from stations.models import PackClass, Station


class NoTariff(Refusal):
    """Nobody has set a price for this station and class, so nothing can be sold there."""

    code = "no_tariff"


class BadTariff(Refusal):
    """A price that is missing, zero or negative, or a currency that the station does not take."""

    code = "bad_tariff"


class Sells(Protocol):
    """A station or its card: all that the choice of a tariff looks at."""

    @property
    def id(self) -> int: ...
    @property
    def network_id(self) -> int: ...
    @property
    def currency(self) -> str: ...


def current(*, station: Station, pack_class: PackClass, now: datetime) -> Tariff:
    """The version that counts at `now`. Raises NoTariff."""
    tariff = current_at([station], pack_class=pack_class, now=now).get(station.pk)
    if tariff is None:
        raise NoTariff(_("This station has no price for your packs yet."))
    return tariff


def current_at(stations: Collection[Sells], *, pack_class: PackClass, now: datetime) -> dict[int, Tariff]:
    """By station the tariff that counts: its own before its network's, in the currency that it takes. One query."""
    here = Q(station__in=[one.id for one in stations])
    everywhere = Q(station=None, network__in={one.network_id for one in stations})
    rows = (
        Tariff.objects.filter(here | everywhere, pack_class=pack_class, valid_from__lte=now)
        .filter(Q(valid_until=None) | Q(valid_until__gt=now))
        .select_related("pack_class")
        .order_by("valid_from")
    )
    by_place = {(row.network_id, row.station_id, row.currency): row for row in rows}
    found = {}
    for one in stations:
        own = by_place.get((one.network_id, one.id, one.currency))
        tariff = own or by_place.get((one.network_id, None, one.currency))
        if tariff is not None:
            found[one.id] = tariff
    return found


@transaction.atomic
def publish(
    *,
    network: Network,
    station: Station | None,
    pack_class: PackClass,
    currency: str,
    price_per_kwh: Decimal,
    service_fee_minor: int,
    tax_rate_bp: int,
    valid_from: datetime,
) -> Tariff:
    """A new version from `valid_from`, when the one before ends. Locks the network's tariffs of the class.

    `price_per_kwh` is in major units, tax included. Raises BadTariff.
    """
    if price_per_kwh <= 0 or service_fee_minor < 0 or not 0 <= tax_rate_bp <= 10_000:
        raise BadTariff(_("A tariff needs a price above zero, and a fee and a tax rate that are not negative."))
    if currency not in EXPONENTS or (station is not None and station.currency != currency):
        raise BadTariff(_("The station does not take this currency."))
    versions = Tariff.objects.select_for_update().filter(network=network, station=station, pack_class=pack_class)
    latest = versions.order_by("-version").first()
    if latest is not None:
        if valid_from <= latest.valid_from:
            raise BadTariff(_("A new version begins after the one before it."))
        latest.valid_until = valid_from
        latest.save(update_fields=["valid_until"])
    return Tariff.objects.create(
        network=network,
        station=station,
        pack_class=pack_class,
        version=1 if latest is None else latest.version + 1,
        currency=currency,
        price_per_kwh=price_per_kwh,
        service_fee_minor=service_fee_minor,
        tax_rate_bp=tax_rate_bp,
        valid_from=valid_from,
    )


def rate_of(tariff: Tariff) -> pricing.Rate:
    return pricing.Rate(
        price_per_kwh=tariff.price_per_kwh,
        service_fee_minor=tariff.service_fee_minor,
        tax_rate_bp=tariff.tax_rate_bp,
        exponent=EXPONENTS[tariff.currency],
    )


def most_it_can_cost(tariff: Tariff, *, packs: int) -> pricing.Price:
    """What is authorised on placing: empty packs in, full new ones out."""
    return pricing.most_it_can_cost(packs=packs, nominal_wh=tariff.pack_class.nominal_wh, rate=rate_of(tariff))
