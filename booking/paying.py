"""How a driver can pay in each of their networks: what works, why something does not, and what is used first."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Network, Organisation, User
from booking import vehicles, wallets
from payments import preferences
from payments.providers import INSTALLED
from payments.queries import MethodChoice, methods_for
from payments.states import PaymentMode
from stations.models import Station


@dataclass(frozen=True, slots=True)
class NetworkPaying:
    """One network's ways to pay. `first` is the code of the one that is tried first."""

    code: str
    name: str
    ways: list[MethodChoice]
    first: str
    has_cards: bool
    cash_stations: int

    @property
    def can_choose(self) -> bool:
        return len(self.ways) > 1

    @property
    def first_label(self) -> str:
        return next((way.label for way in self.ways if way.code == self.first), "")


def of_driver(driver: User) -> list[NetworkPaying]:
    fleets = {vehicle.fleet.network_id: vehicle.fleet for vehicle in vehicles.of_driver(driver) if vehicle.fleet}
    return [_paying(driver, network, fleets.get(network.pk)) for network in wallets.networks_of(driver)]


def _paying(driver: User, network: Network, fleet: Organisation | None) -> NetworkPaying:
    ways = methods_for(user=driver, network=network, organisation=fleet)
    chosen = preferences.preferred(user=driver, network=network)
    codes = [way.code for way in ways]
    return NetworkPaying(
        code=network.code,
        name=network.name,
        ways=ways,
        first=chosen if chosen in codes else codes[0],
        has_cards=any(provider.mode == PaymentMode.HOLD for provider in INSTALLED.values()),
        cash_stations=Station.objects.filter(network=network, takes_cash=True).count(),
    )
