"""The checks of P1's metal side see corruption that the constraints would never have let in."""

from __future__ import annotations

import pytest
from django.db import connection

from stations import proofs
from stations.models import Pack
from stations.states import PackState
from tests.factories.stations import PackFactory, SlotFactory

pytestmark = pytest.mark.django_db


def violations() -> list[tuple[str, ...]]:
    return [result.violations for result in proofs.run(connection)]


def without_constraint(name: str) -> None:
    with connection.cursor() as cursor:
        # A table whose foreign keys are still to be checked cannot be altered.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE stations_pack DROP CONSTRAINT {name}")


def test_sound_metal_passes_and_the_rows_examined_are_counted() -> None:
    PackFactory()
    PackFactory(state=PackState.KEPT)

    results = proofs.run(connection)

    assert all(result.holds for result in results)
    assert [result.examined for result in results] == [1, 2, 2]


def test_a_kept_pack_that_is_nowhere_is_found() -> None:
    pack = PackFactory(state=PackState.KEPT, serial="LOST")
    without_constraint("stored_and_kept_packs_are_in_a_slot")
    Pack.objects.filter(pk=pack.pk).update(slot=None)

    assert violations() == [("pack LOST",), (), ()]


def test_two_packs_in_one_slot_are_found() -> None:
    below = PackFactory(serial="BELOW")
    above = PackFactory(serial="ABOVE", station=below.station, pack_class=below.pack_class)
    without_constraint("stations_pack_slot_id_key")
    Pack.objects.filter(pk=above.pk).update(slot=below.slot)

    assert violations() == [(), (f"slot {below.slot_id}: packs BELOW, ABOVE",), ()]


def test_a_pack_that_is_not_where_its_slot_is_is_found() -> None:
    pack = PackFactory(serial="ELSEWHERE")
    Pack.objects.filter(pk=pack.pk).update(slot=SlotFactory(pack_class=pack.pack_class))

    assert violations() == [(), (), ("pack ELSEWHERE",)]
