"""One network with its parties, for every test about money."""

import pytest

from accounts.models import Network, Organisation
from tests.factories import payments as money


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
