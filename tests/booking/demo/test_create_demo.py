"""The demo's network: made once, the same for a seed, and as true as if every step of it had been taken."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

import booking.proofs
import payments.proofs
import stations.proofs
from accounts.demo import SIGN_INS
from accounts.models import Membership, Network, Role, User
from booking.demo import sign_ins
from booking.demo.create import create
from booking.demo.places import LANDS, PORTUGAL
from booking.models import Booking, Vehicle
from booking.states import State
from payments import sales, settlement
from payments.models import AccountLimit, Sale, Statement, StatementLine, Transfer
from payments.splitting import Shares, split_net
from payments.states import TransferKind
from stations.models import Pack, Slot, Station

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def test_everything_promised_holds_on_the_demos_data() -> None:
    create(days=60, lands=[PORTUGAL])

    results = [
        result for proofs in (booking.proofs, stations.proofs, payments.proofs) for result in proofs.run(connection)
    ]

    assert [(result.sentence, result.violations) for result in results if result.violations] == []
    assert sum(result.examined for result in results) > 10_000
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_same_seed_gives_the_same_network_and_another_seed_another() -> None:
    first, again, other = (_portrait(seed) for seed in (7, 7, 8))

    assert first == again
    assert first != other


def test_a_second_time_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    create(days=2, lands=[PORTUGAL])
    before = (Network.objects.count(), Booking.objects.count(), Pack.objects.count())

    call_command("create_demo")

    assert (Network.objects.count(), Booking.objects.count(), Pack.objects.count()) == before
    assert "nothing was changed" in capsys.readouterr().out


def test_every_station_has_room_for_what_a_swap_brings_in() -> None:
    create(days=5)

    full = Slot.objects.values("station", "pack_class").difference(
        Slot.objects.filter(pack=None).values("station", "pack_class")
    )

    assert Station.objects.count() == sum(len(city.spots) for land in LANDS for city in land.cities) == 60
    assert list(full) == []


def test_everybody_on_the_list_signs_in_at_a_tap(settings: Settings, client: Client) -> None:
    settings.DEMO = True
    create(days=2)

    signed_in = []
    for sign_in in SIGN_INS:
        client.post(reverse("sign_in_to_demo"), {"login": sign_in.login})
        signed_in.append(client.session.get("_auth_user_id") is not None)
        client.logout()

    assert signed_in == [True] * len(SIGN_INS)


def test_two_people_of_finance_can_approve_what_the_other_proposed() -> None:
    create(days=2)

    networks = Network.objects.all()
    assert len(networks) > 1
    for network in networks:
        finance = Membership.objects.live().filter(role=Role.FINANCE, organisation__network=network)
        assert finance.count() == 2


def test_the_drivers_whom_visitors_play_have_a_vehicle_and_money() -> None:
    create(days=2)

    for login in (*sign_ins.WALLET_OF, sign_ins.FLEET_DRIVER):
        vehicle = Vehicle.objects.get(assignments__driver__phone=login)
        holder = {"account__organisation": vehicle.fleet} if vehicle.fleet else {"account__user__phone": login}
        limit = AccountLimit.objects.get(**holder)
        assert limit.available_minor > 50_00


def test_a_past_sale_is_taxed_and_split_as_one_of_today_would_be() -> None:
    create(days=20, lands=[PORTUGAL])
    sale = Sale.objects.exclude(split_at=None).order_by("pk")[3]
    contracts = sales.contracts_for(sale)
    assert contracts is not None

    expected = split_net(
        sale.net_minor,
        [
            (part.energy_wh, Shares(contract.station_owner_bp, contract.pack_owner_bp, contract.operator_bp))
            for part, contract in contracts
        ],
    )

    shares = Transfer.objects.filter(sale=sale, kind=TransferKind.SHARE).values_list("amount_minor", flat=True)
    wanted = [m for s in expected for m in (s.station_owner_minor, s.pack_owner_minor, s.operator_minor) if m]
    assert sorted(shares) == sorted(wanted)
    assert Transfer.objects.get(sale=sale, kind=TransferKind.TAX).amount_minor == sale.tax_minor


def test_swaps_at_the_owner_without_a_contract_wait_on_the_suspense_list() -> None:
    create(days=20, lands=[PORTUGAL])

    waiting = Sale.objects.filter(split_at=None, paid_at__isnull=False)

    assert waiting.exists()
    assert set(waiting.values_list("station_owner__name", flat=True)) == {PORTUGAL.owner_without_contract}


def test_one_statement_is_ready_to_approve_the_months_before_are_closed_and_the_next_is_open() -> None:
    create(days=70, lands=[PORTUGAL])
    elsa, filipe = (User.objects.get(email=login) for login in ("finance@demo.example", "finance2@demo.example"))
    (proposed,) = Statement.objects.filter(state="proposed")

    with pytest.raises(settlement.SamePerson):
        settlement.approve(statement=proposed, by=elsa)
    approved = settlement.approve(statement=proposed, by=filipe)

    assert approved.state == "approved"
    assert StatementLine.objects.filter(statement__state="closed").exists()
    assert Statement.objects.filter(state="open", period_end__gt=proposed.period_end).exists()


def test_the_past_has_swaps_no_shows_and_cancellations_and_nothing_live() -> None:
    create(days=40, lands=[PORTUGAL])

    bookings = Booking.objects.all()

    assert not bookings.live().exists()
    for ending in (State.COMPLETED, State.EXPIRED, State.CANCELLED):
        assert bookings.filter(state=ending).exists()


def _portrait(seed: int) -> list[Any]:
    """What a seed decides, without ids and without today."""
    with transaction.atomic():
        create(seed=seed, days=3, lands=[PORTUGAL], now=NOW)
        portrait = [
            list(Vehicle.objects.order_by("pk").values_list("plate", flat=True)),
            list(Pack.objects.order_by("serial").values_list("serial", "slot__number", "soc_percent", "soh_percent")),
            list(Station.objects.order_by("code").values_list("code", "latitude", "is_staffed", "amenities")),
            list(Booking.objects.order_by("joined_at", "sequence").values_list("state", "price_minor", "energy_wh")),
        ]
        transaction.set_rollback(True)
    return portrait
