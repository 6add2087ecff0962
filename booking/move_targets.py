"""Other stations as `move_rules` sees them: packs, who waits, the bays. And what a booking would pay there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Sum

from booking import pricing, standstills, tariffs
from booking.models import Booking, Tariff
from booking.move_rules import Ahead, Target
from booking.states import State
from payments.states import PaymentState
from stations import charging
from stations.models import PackClass, Station
from stations.queries import StationCard

_WITH_PACKS = (State.PROMISED, State.ARRIVED, State.SWAPPING)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A station that may be offered, with what decides who may go there."""

    card: StationCard
    target: Target
    tariff: Tariff
    owner_id: int


def of_cards(cards: Sequence[StationCard], *, pack_class: PackClass, now: datetime) -> list[Candidate]:
    """Those that have a price and can serve the class now, none where its line stands still as well.

    A handful of queries, however many stations.
    """
    works = standstills.with_working_packs([card.id for card in cards], pack_class)
    cards = [card for card in cards if card.id in works]
    ids = [card.id for card in cards]
    waiting, coming = _waiting(ids, pack_class), _coming(ids)
    bring = _bring(ids, pack_class)
    prices = tariffs.current_at(cards, pack_class=pack_class, now=now)
    owners = dict(Station.objects.filter(pk__in=ids).values_list("pk", "owner_id"))
    return [
        Candidate(
            card=card,
            target=_target(
                card,
                pack_class=pack_class,
                waiting=waiting[card.id],
                vehicles=coming.get(card.id, 0),
                packs_brought=bring.get(card.id, 0),
                now=now,
            ),
            tariff=prices[card.id],
            owner_id=owners[card.id],
        )
        for card in cards
        if card.id in prices and card.is_open and card.bays_open
    ]


def suits(booking: Booking, there: Candidate) -> bool:
    """Whether its money goes with the booking: one network, one currency, one tax, and cash owed by one owner.

    A refused payment goes nowhere: the booking would expire unpaid while its driver is on the way. Who joined when
    nobody could be served has not been failed, and goes only where no swap costs more than here: nobody bears it.
    """
    mine, theirs = booking.tariff, there.tariff
    if (booking.network_id, mine.currency, mine.tax_rate_bp) != (
        there.card.network_id,
        theirs.currency,
        theirs.tax_rate_bp,
    ):
        return False
    if booking.joined_stopped and not _is_never_dearer(booking, there):
        return False
    if booking.payment is None:
        return True
    if booking.payment.state == PaymentState.REFUSED:
        return False
    if booking.payment.method != "cash":
        return True
    return there.card.takes_cash and booking.station.owner_id == there.owner_id


def lower_price(booking: Booking, there: Candidate) -> Tariff:
    """The other station's tariff if the usual swap costs less by it, and no swap more than was seen; else their own.

    Who joined when nobody could be served pays the other station's: see `suits`.
    """
    mine, theirs = booking.tariff, there.tariff
    if booking.joined_stopped:
        return theirs
    full = booking.packs_wanted * theirs.pack_class.nominal_wh
    usual = round(full * max(0.0, there.card.target_soc_percent - pricing.ARRIVING_SOC_PERCENT) / 100)
    return (
        theirs if _costs(theirs, usual) < _costs(mine, usual) and _costs(theirs, full) <= _costs(mine, full) else mine
    )


def _is_never_dearer(booking: Booking, there: Candidate) -> bool:
    """Prices are lines over the energy: what holds for none and for the most holds for all between."""
    full = booking.packs_wanted * there.tariff.pack_class.nominal_wh
    return all(_costs(there.tariff, energy) <= _costs(booking.tariff, energy) for energy in (0, full))


def _target(
    card: StationCard,
    *,
    pack_class: PackClass,
    waiting: Sequence[Ahead],
    vehicles: int,
    packs_brought: int,
    now: datetime,
) -> Target:
    recharge_seconds = _recharge_seconds(pack_class, card.target_soc_percent)
    ready_in = [0.0] * card.stock.ready
    ready_in += [(at - now).total_seconds() for at in card.stock.charging_ready_at]
    # What is kept for others leaves with them, and theirs comes in for it.
    ready_in += [card.swap_seconds + recharge_seconds] * packs_brought
    return Target(
        station_id=card.id,
        drive_seconds=card.drive_seconds,
        ready_in_seconds=ready_in,
        recharge_seconds=recharge_seconds,
        waiting=waiting,
        vehicles=vehicles,
        bays=card.bays_open,
        swap_seconds=card.swap_seconds,
    )


def _costs(tariff: Tariff, energy_wh: int) -> int:
    return pricing.price(energy_wh=energy_wh, rate=tariffs.rate_of(tariff)).gross_minor


def _waiting(station_ids: Collection[int], pack_class: PackClass) -> defaultdict[int, list[Ahead]]:
    rows = Booking.objects.waiting().filter(station__in=station_ids, line__pack_class=pack_class)
    found: defaultdict[int, list[Ahead]] = defaultdict(list)
    for station_id, joined_at, packs in rows.values_list("station_id", "joined_at", "packs_wanted"):
        found[station_id].append(Ahead(joined_at, packs))
    return found


def _coming(station_ids: Collection[int]) -> dict[int, int]:
    """Vehicles at the bays, and those that hold a promise and will be there, of whatever class."""
    rows = Booking.objects.filter(station__in=station_ids, state__in=_WITH_PACKS)
    return dict(rows.values_list("station_id").annotate(vehicles=Count("pk")))


def _bring(station_ids: Collection[int], pack_class: PackClass) -> dict[int, int]:
    """The packs of the class that come in with them."""
    rows = Booking.objects.filter(station__in=station_ids, state__in=_WITH_PACKS, line__pack_class=pack_class)
    return dict(rows.values_list("station_id").annotate(packs=Sum("packs_wanted")))


def _recharge_seconds(pack_class: PackClass, target_percent: int) -> float:
    curve = charging.curve(
        nominal_wh=pack_class.nominal_wh,
        soh_percent=100.0,
        class_power_w=pack_class.charge_power_w,
        slot_power_w=pack_class.charge_power_w,
    )
    return curve.seconds(pricing.ARRIVING_SOC_PERCENT, float(target_percent))
