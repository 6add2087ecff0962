"""What may happen to packs and slots, and everything that may not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from stations import inventory, signals
from stations.models import Pack
from stations.states import STEPS, PackState, PackStep, SlotState
from tests.factories.accounts import NetworkFactory, OrganisationFactory
from tests.factories.stations import PackClassFactory, PackFactory, PackInVehicleFactory, SlotFactory, StationFactory

pytestmark = pytest.mark.django_db


def pack_in(state: PackState) -> Pack:
    if state in (PackState.IN_VEHICLE, PackState.AWAY):
        return PackInVehicleFactory(state=state)
    return PackFactory(state=state)


def take(step: PackStep, pack: Pack) -> Pack:
    """Try the step in a way that nothing but the pack's state could refuse."""
    now = timezone.now()
    match step:
        case PackStep.PROMISE:
            return inventory.promise(pack=pack, until=now + timedelta(minutes=20), now=now)
        case PackStep.EXTEND:
            return inventory.extend(pack=pack, until=now + timedelta(minutes=30))
        case PackStep.RELEASE:
            return inventory.release(pack=pack)
        case PackStep.ISSUE:
            return inventory.issue(pack=pack)
        case PackStep.TAKE_BACK:
            station = StationFactory(network=pack.network)
            return inventory.take_back(
                serial=pack.serial,
                pack_class=pack.pack_class,
                network=pack.network,
                slot=SlotFactory(station=station, pack_class=pack.pack_class),
                soc_percent=12,
                soh_percent=97,
                now=now,
            )
        case PackStep.QUARANTINE:
            return inventory.quarantine(pack=pack, reason="Swollen")
        case PackStep.RESTORE:
            return inventory.restore(pack=pack)
        case PackStep.SEND_AWAY:
            return inventory.send_away(pack=pack, reason="Workshop")


@pytest.mark.parametrize(("state", "step"), sorted(STEPS))
def test_every_step_of_the_table_leads_where_the_table_says(state: PackState, step: PackStep) -> None:
    pack = pack_in(state)

    take(step, pack)

    pack.refresh_from_db()
    assert pack.state == STEPS[state, step]


@pytest.mark.parametrize(
    ("state", "step"), [(state, step) for state in PackState for step in PackStep if (state, step) not in STEPS]
)
def test_every_step_that_is_not_in_the_table_is_refused_and_changes_nothing(state: PackState, step: PackStep) -> None:
    pack = pack_in(state)
    before = Pack.objects.values().get(pk=pack.pk)

    with pytest.raises(inventory.StepRefused) as refusal:
        take(step, pack)

    assert refusal.value.code == "pack_step_refused"
    assert pack.serial in refusal.value.sentence
    assert Pack.objects.values().get(pk=pack.pk) == before


def test_the_state_in_the_database_counts_and_not_the_one_the_caller_remembers() -> None:
    remembered = PackFactory()
    Pack.objects.filter(pk=remembered.pk).update(state=PackState.QUARANTINED)

    with pytest.raises(inventory.StepRefused):
        take(PackStep.PROMISE, remembered)


def test_a_pack_cannot_be_kept_until_a_moment_that_is_over() -> None:
    now = timezone.now()

    with pytest.raises(inventory.EndHasPassed):
        inventory.promise(pack=PackFactory(), until=now, now=now)


def test_an_overdue_keeping_is_not_promised_over_but_ended_first() -> None:
    now = timezone.now()
    pack = PackFactory(state=PackState.KEPT, kept_until=now - timedelta(seconds=1))
    with pytest.raises(inventory.StepRefused):
        inventory.promise(pack=pack, until=None, now=now)

    inventory.release(pack=pack)
    pack = inventory.promise(pack=pack, until=None, now=now)

    assert (pack.state, pack.kept_until) == (PackState.KEPT, None)


def test_when_one_of_two_packs_is_not_free_neither_is_kept() -> None:
    now = timezone.now()
    free = PackFactory()
    taken = PackFactory(station=free.station, pack_class=free.pack_class, state=PackState.KEPT)

    with pytest.raises(inventory.StepRefused):
        inventory.promise_many(packs=[free, taken], until=None, now=now)

    free.refresh_from_db()
    assert free.state == PackState.STORED


def test_one_pack_named_twice_is_not_two_packs() -> None:
    pack = PackFactory()

    with pytest.raises(inventory.UnknownPack):
        inventory.promise_many(packs=[pack, pack], until=None, now=timezone.now())


def test_a_pack_in_a_slot_out_of_service_is_not_promised() -> None:
    pack = PackFactory(slot__state=SlotState.OUT_OF_SERVICE)

    with pytest.raises(inventory.SlotNotWorking):
        inventory.promise(pack=pack, until=None, now=timezone.now())


def test_ready_packs_come_fullest_first_and_are_charged_free_and_in_working_slots() -> None:
    station, four_wheel = StationFactory(target_soc_percent=90), PackClassFactory()
    here = {"station": station, "pack_class": four_wheel}
    full_but_later = PackFactory(**here, soc_percent=98)
    just_ready = PackFactory(**here, soc_percent=90)
    fullest = PackFactory(**here, soc_percent=100)
    PackFactory(**here, soc_percent=Decimal("89.9"))
    PackFactory(**here, state=PackState.KEPT)
    PackFactory(**here, state=PackState.QUARANTINED)
    PackFactory(**here, slot__state=SlotState.OUT_OF_SERVICE)
    PackFactory(station=station)
    PackFactory(pack_class=four_wheel)

    ready = inventory.ready_packs(station=station, pack_class=four_wheel, limit=10)

    assert ready == [fullest, full_but_later, just_ready]


class TestTakingBack:
    def taken_back(self, **changes: Any) -> Pack:
        pack = changes.pop("pack", None) or PackInVehicleFactory()
        slot = SlotFactory(station=StationFactory(network=pack.network), pack_class=pack.pack_class)
        arguments = {
            "serial": pack.serial,
            "pack_class": pack.pack_class,
            "network": pack.network,
            "slot": slot,
            "soc_percent": "14.5",
            "soh_percent": 93,
            "now": timezone.now(),
        }
        return inventory.take_back(**{**arguments, **changes})

    def test_a_pack_comes_in_with_what_it_measures(self) -> None:
        pack = self.taken_back()

        pack.refresh_from_db()
        assert (pack.soc_percent, pack.soh_percent) == (Decimal("14.5"), Decimal("93.0"))
        assert pack.slot is not None
        assert pack.station == pack.slot.station

    @pytest.mark.parametrize("soc", [140, -1, "NaN", "Infinity", float("nan"), "", "full", "1\x00"])
    def test_a_charge_that_cannot_be_is_refused(self, soc: object) -> None:
        with pytest.raises(inventory.BadReading):
            self.taken_back(soc_percent=soc)

    @pytest.mark.parametrize("soh", [0, 140, -1, "NaN"])
    def test_a_health_that_cannot_be_is_refused(self, soh: object) -> None:
        with pytest.raises(inventory.BadReading):
            self.taken_back(soh_percent=soh)

    @pytest.mark.parametrize("serial", ["", "SN-nobody-knows", "SN\x00", "x" * 500])
    def test_an_unknown_serial_number_is_refused(self, serial: str) -> None:
        with pytest.raises(inventory.UnknownPack):
            self.taken_back(serial=serial)

    def test_a_pack_of_the_wrong_class_is_refused(self) -> None:
        with pytest.raises(inventory.WrongClass):
            self.taken_back(pack_class=PackClassFactory())

    def test_a_slot_of_the_wrong_class_is_refused(self) -> None:
        pack = PackInVehicleFactory()
        with pytest.raises(inventory.WrongClass):
            self.taken_back(pack=pack, slot=SlotFactory(station__network=pack.network))

    def test_a_pack_of_another_network_is_unknown_here(self) -> None:
        with pytest.raises(inventory.UnknownPack):
            self.taken_back(network=NetworkFactory())

    def test_a_slot_of_another_network_is_refused(self) -> None:
        pack = PackInVehicleFactory()
        with pytest.raises(inventory.ForeignNetwork):
            self.taken_back(pack=pack, slot=SlotFactory(pack_class=pack.pack_class))

    def test_a_slot_with_a_pack_in_it_is_refused(self) -> None:
        there = PackFactory()
        pack = PackInVehicleFactory(network=there.network, pack_class=there.pack_class)
        with pytest.raises(inventory.SlotTaken):
            self.taken_back(pack=pack, slot=there.slot)

    def test_a_slot_out_of_service_is_refused(self) -> None:
        pack = PackInVehicleFactory()
        slot = SlotFactory(station__network=pack.network, pack_class=pack.pack_class, state=SlotState.OUT_OF_SERVICE)
        with pytest.raises(inventory.SlotNotWorking):
            self.taken_back(pack=pack, slot=slot)


class TestFailures:
    def test_a_kept_pack_that_fails_is_announced_in_the_same_transaction_after_the_lines_were_locked(self) -> None:
        heard: list[tuple[str, object]] = []
        pack = PackFactory(state=PackState.KEPT)

        def on_failing(**fact: Any) -> None:
            heard.append(("failing", fact["pack_class_ids"]))

        def on_failed(**fact: Any) -> None:
            heard.append(("failed", Pack.objects.get(pk=fact["pack"].pk).state))

        signals.failing.connect(on_failing)
        signals.pack_failed.connect(on_failed)
        try:
            inventory.quarantine(pack=pack, reason="Swollen")
        finally:
            signals.failing.disconnect(on_failing)
            signals.pack_failed.disconnect(on_failed)

        assert heard == [("failing", [pack.pack_class_id]), ("failed", PackState.QUARANTINED)]

    def test_a_slot_that_fails_is_announced_with_the_pack_in_it(self) -> None:
        heard: list[Pack] = []
        pack = PackFactory(state=PackState.KEPT)

        def on_failed(**fact: Any) -> None:
            heard.append(fact["pack"])

        signals.slot_failed.connect(on_failed)
        try:
            inventory.take_slot_out_of_service(slot=pack.slot, reason="Contactor")
        finally:
            signals.slot_failed.disconnect(on_failed)

        assert heard == [pack]

    def test_a_slot_back_in_service_counts_again(self) -> None:
        pack = PackFactory(slot__state=SlotState.OUT_OF_SERVICE, slot__state_reason="Contactor")

        slot = inventory.put_slot_back_in_service(slot=pack.slot)

        assert (slot.state, slot.state_reason) == (SlotState.WORKING, "")
        assert inventory.ready_packs(station=pack.station, pack_class=pack.pack_class, limit=1) == [pack]

    @pytest.mark.parametrize("reason", ["", "   ", "\x00"])
    def test_metal_is_not_taken_out_of_use_without_a_reason(self, reason: str) -> None:
        pack = PackFactory()

        with pytest.raises(inventory.ReasonMissing):
            inventory.quarantine(pack=pack, reason=reason)
        with pytest.raises(inventory.ReasonMissing):
            inventory.take_slot_out_of_service(slot=pack.slot, reason=reason)
        with pytest.raises(inventory.ReasonMissing):
            inventory.send_away(pack=pack, reason=reason)

    def test_a_quarantined_pack_in_no_slot_returns_to_use_only_into_one(self) -> None:
        pack = PackFactory(state=PackState.QUARANTINED)
        slot = pack.slot
        Pack.objects.filter(pk=pack.pk).update(slot=None)
        with pytest.raises(inventory.StepRefused):
            inventory.restore(pack=pack)

        restored = inventory.restore(pack=pack, slot=slot)

        assert (restored.state, restored.slot) == (PackState.STORED, slot)


def test_a_slot_without_power_is_not_added() -> None:
    with pytest.raises(inventory.NoPower):
        inventory.add_slot(station=StationFactory(), number=1, pack_class=PackClassFactory(), power_w=0)


class TestReadings:
    def test_the_newest_reading_counts(self) -> None:
        pack = PackFactory(soc_percent=40)

        inventory.record_soc(pack=pack, soc_percent="91.26", soh_percent=98, at=pack.soc_at + timedelta(minutes=1))

        pack.refresh_from_db()
        assert pack.soc_percent == Decimal("91.3")

    def test_a_reading_older_than_the_last_known_is_refused(self) -> None:
        pack = PackFactory()

        with pytest.raises(inventory.BadReading):
            inventory.record_soc(pack=pack, soc_percent=50, soh_percent=98, at=pack.soc_at - timedelta(seconds=1))

    def test_a_reading_of_a_time_to_come_keeps_none_out_that_comes_after_it(self) -> None:
        pack = PackFactory(soc_percent=40)

        inventory.record_soc(pack=pack, soc_percent=50, soh_percent=98, at=timezone.now() + timedelta(days=1))
        pack.refresh_from_db()
        assert pack.soc_at < timezone.now() + timedelta(minutes=2)

        inventory.record_soc(pack=pack, soc_percent=51, soh_percent=98, at=timezone.now() + timedelta(minutes=2))
        pack.refresh_from_db()
        assert pack.soc_percent == 51

    @pytest.mark.parametrize(("soc", "soh"), [(140, 98), (-1, 98), ("NaN", 98), (50, 0), (50, 101)])
    def test_a_reading_that_cannot_be_is_refused_and_changes_nothing(self, soc: object, soh: object) -> None:
        pack = PackFactory(soc_percent=40)

        with pytest.raises(inventory.BadReading):
            inventory.record_soc(pack=pack, soc_percent=soc, soh_percent=soh, at=timezone.now())

        pack.refresh_from_db()
        assert pack.soc_percent == 40

    @pytest.mark.parametrize(
        ("state", "before", "after", "is_noted"),
        [
            (PackState.STORED, 60, 59, True),
            (PackState.KEPT, 60, 40, True),
            (PackState.STORED, 60, "59.1", False),
            (PackState.STORED, 60, 60, False),
            (PackState.STORED, 60, 61, False),
            (PackState.IN_VEHICLE, 60, 40, False),
        ],
    )
    def test_a_charge_that_goes_backwards_in_its_slot_is_noted(
        self, state: PackState, before: int, after: object, is_noted: bool
    ) -> None:
        pack = PackFactory(soc_percent=before)
        elsewhere = {"slot": None, "station": None} if state == PackState.IN_VEHICLE else {}
        Pack.objects.filter(pk=pack.pk).update(state=state, **elsewhere)
        at = timezone.now() + timedelta(seconds=1)

        inventory.record_soc(pack=pack, soc_percent=after, soh_percent=98, at=at)

        pack.refresh_from_db()
        assert pack.soc_fell_at == (at if is_noted else None)

    @pytest.mark.parametrize(
        ("state", "before", "after", "is_announced"),
        [
            (PackState.STORED, 89, 90, True),
            (PackState.STORED, 20, 21, False),
            (PackState.STORED, 90, 95, False),
            (PackState.STORED, 95, 40, False),
            (PackState.KEPT, 89, 90, False),
            (PackState.QUARANTINED, 89, 90, False),
        ],
    )
    def test_only_the_reading_that_makes_a_free_pack_ready_is_announced(
        self, state: PackState, before: int, after: int, is_announced: bool
    ) -> None:
        heard: list[int] = []
        pack = PackFactory(state=state, soc_percent=before, station__target_soc_percent=90)

        def on_growth(station_id: int, **fact: Any) -> None:
            heard.append(station_id)

        signals.stock_grew.connect(on_growth)
        try:
            inventory.record_soc(pack=pack, soc_percent=after, soh_percent=98, at=timezone.now())
        finally:
            signals.stock_grew.disconnect(on_growth)

        assert heard == ([pack.station_id] if is_announced else [])


class TestNewPacks:
    def added(self, **changes: Any) -> Pack:
        owner = OrganisationFactory()
        arguments = {
            "network": owner.network,
            "owner": owner,
            "pack_class": PackClassFactory(),
            "serial": "NEW-1",
            "soc_percent": 50,
            "soh_percent": 100,
            "now": timezone.now(),
        }
        return inventory.add_pack(**{**arguments, **changes})

    def test_a_new_pack_waits_for_delivery_or_stands_in_its_slot(self) -> None:
        slot = SlotFactory()

        away = self.added()
        stored = self.added(
            network=slot.station.network,
            owner=OrganisationFactory(network=slot.station.network),
            pack_class=slot.pack_class,
            slot=slot,
        )

        assert (away.state, away.station) == (PackState.AWAY, None)
        assert (stored.state, stored.station) == (PackState.STORED, slot.station)

    def test_one_serial_number_is_one_pack_in_a_network(self) -> None:
        pack = PackFactory()

        with pytest.raises(inventory.PackExists):
            self.added(network=pack.network, owner=pack.owner, serial=pack.serial)

    @pytest.mark.parametrize("serial", ["", "  ", "A\x00B", "x" * 41])
    def test_a_serial_number_that_cannot_be_written_down_is_refused(self, serial: str) -> None:
        with pytest.raises(inventory.BadSerial):
            self.added(serial=serial)

    def test_one_number_is_one_slot_of_a_station(self) -> None:
        slot = SlotFactory()

        with pytest.raises(inventory.SlotExists):
            inventory.add_slot(
                station=slot.station, number=slot.number, pack_class=slot.pack_class, power_w=slot.power_w
            )

    def test_an_owner_of_another_network_is_refused(self) -> None:
        with pytest.raises(inventory.ForeignNetwork):
            self.added(owner=OrganisationFactory())
