"""One network with its parties, for every test about money."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import Network, Organisation
from payments import nudging, providers
from payments.signals import operation_planned
from tests.factories import payments as money
from tests.payments.card import Card, CardProvider


@pytest.fixture
def network(db: None) -> Network:
    return money.network_with_operator()


@pytest.fixture
def canal(network: Network) -> Organisation:
    """Owns the station at Canal Street."""
    return money.party(network, "Canal Street")


@pytest.fixture
def bank(network: Network) -> Organisation:
    """Owns the packs."""
    return money.party(network, "Battery Bank")


@pytest.fixture
def nobody_is_nudged() -> Iterator[None]:
    """Operations wait until the test carries them out, as when a process dies right after the commit."""
    operation_planned.disconnect(nudging.carry_out_soon)
    yield
    operation_planned.connect(nudging.carry_out_soon)


@pytest.fixture
def card(tmp_path: Path, nobody_is_nudged: None) -> Iterator[Card]:
    """A card company outside, installed as a way to pay."""
    card = Card(tmp_path / "card.json")
    providers.INSTALLED["card"] = CardProvider(card)
    yield card
    del providers.INSTALLED["card"]
