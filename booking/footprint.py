"""How much CO₂ a swap saved against petrol: an estimate that is rather too small. docs/rules/footprint.md."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

# Burning one litre of petrol. 69.3 t a terajoule, 44.3 GJ a tonne (IPCC 2006 Guidelines, volume 2, tables 1.2 and
# 3.2.1) and 0.75 kg a litre make 2.30; making and carrying the petrol, a fifth more, is left out.
PETROL_G_PER_LITRE = 2_300
# What a station draws from the grid for a kilowatt-hour that leaves in a pack.
CHARGED_OF_DRAWN = Fraction("0.90")


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What the same kilometre costs: electric at its thirstier end, petrol at its thriftier one."""

    wh_per_km: int
    litres_per_100_km: Fraction


# 5.2 litres are 120 g a kilometre; new cars in Europe had 122 on average in 2019, by the test (EEA, 2021).
_FOUR_WHEELS = Vehicle(wh_per_km=180, litres_per_100_km=Fraction("5.2"))
# A scooter of 110-125 cm³ by its WMTC test, and one of 4 kW electric.
_TWO_WHEELS = Vehicle(wh_per_km=40, litres_per_100_km=Fraction(2))
VEHICLES = {"four_wheel": _FOUR_WHEELS, "two_wheel": _TWO_WHEELS}

# Grams of CO₂ equivalents for a kilowatt-hour made in the country, over the life of the plants (Ember, yearly data;
# Portugal of 2023, the others of 2022).
GRID_G_PER_KWH = {"PT": 166, "TH": 561, "CN": 586}
# Of the world in 2022, where we have no figure of the country.
WORLD_G_PER_KWH = 486


def saved_g(*, energy_wh: int, form: str, country: str) -> int:
    """Grams of CO₂ that petrol would have put out and the grid did not; none rather than less than none."""
    vehicle = VEHICLES[form]
    km = Fraction(energy_wh, vehicle.wh_per_km)
    petrol_g = km * vehicle.litres_per_100_km / 100 * PETROL_G_PER_LITRE
    grid_g = Fraction(energy_wh, 1000) / CHARGED_OF_DRAWN * GRID_G_PER_KWH.get(country, WORLD_G_PER_KWH)
    return max(0, floor(petrol_g - grid_g))
