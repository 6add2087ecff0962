"""The CO₂ that a swap saved: by hand for each country, never below nothing, never more for less energy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking import footprint


@pytest.mark.parametrize(
    ("form", "country", "energy_wh", "saved_g"),
    [
        # 40 kWh take a car 222.2 km, for which petrol is 11.56 l or 26,578 g; the grid made 44.4 kWh.
        ("four_wheel", "PT", 40_000, 19_200),
        ("four_wheel", "TH", 40_000, 1_644),
        ("four_wheel", "CN", 40_000, 533),
        # 2 kWh take a scooter 50 km, for which petrol is 1 l or 2,300 g.
        ("two_wheel", "TH", 2_000, 1_053),
        ("two_wheel", "NZ", 2_000, 1_220),
    ],
)
def test_the_saving_is_petrol_less_what_the_grid_of_the_country_put_out(
    form: str, country: str, energy_wh: int, saved_g: int
) -> None:
    assert footprint.saved_g(energy_wh=energy_wh, form=form, country=country) == saved_g


def test_a_grid_dirtier_than_petrol_saves_nothing_rather_than_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(footprint.GRID_G_PER_KWH, "XX", 900)

    assert footprint.saved_g(energy_wh=40_000, form="four_wheel", country="XX") == 0


@given(st.integers(0, 400_000), st.integers(0, 400_000), st.sampled_from(["four_wheel", "two_wheel"]), st.just("PT"))
def test_more_energy_never_saves_less(one: int, other: int, form: str, country: str) -> None:
    less, more = sorted((one, other))

    saved = [footprint.saved_g(energy_wh=energy, form=form, country=country) for energy in (less, more)]

    assert saved == sorted(saved)
