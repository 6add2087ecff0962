"""Packs below target, offered down the line: to whom, for how long, and what each answer does (rule 11)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from booking import arrival, bay, lifecycle, overrides, queries, snapshot, swap_guide, walk_in
from booking.failures import settle_line
from booking.lifecycle import OfferOver
from booking.models import Booking, BookingStep, Offer, Promise
from booking.states import State, Step
from stations import geo, inventory, upkeep
from stations.models import Pack, Station
from stations.states import PackState
from tests.factories.booking import Town, states, time_passes

pytestmark = pytest.mark.django_db


def town_with(*percents: int, **station: Any) -> Town:
    town = Town(packs=0, **station)
    for percent in percents:
        town.add_pack(soc_percent=percent)
    return town


def sweep(town: Town) -> None:
    for line_id in town.station.lines.values_list("pk", flat=True):
        settle_line(line_id=line_id)


def live_offers() -> dict[int, int]:
    """By booking what it is offered."""
    return {offer.booking_id: int(offer.soc_percent) for offer in Offer.objects.open()}


def offer_of(booking: Booking) -> int:
    return Offer.objects.open().get(booking=booking).pk


def takes(booking: Booking) -> Booking:
    assert booking.driver is not None
    return lifecycle.take_offer(booking=booking, offer_id=offer_of(booking), by=booking.driver)


def says_no(booking: Booking) -> Booking:
    assert booking.driver is not None
    return lifecycle.keep_waiting(booking=booking, offer_id=offer_of(booking), by=booking.driver)


def charge(pack: Pack, percent: int) -> None:
    pack.refresh_from_db()
    inventory.record_soc(pack=pack, soc_percent=percent, soh_percent=98, at=pack.soc_at)


def test_a_pack_that_is_not_full_is_offered_for_sixty_seconds_and_kept_meanwhile() -> None:
    town = town_with(72)

    asha = town.books(town.driver("Asha"))

    offer = Offer.objects.get(booking=asha)
    pack = Pack.objects.get(station=town.station)
    assert asha.state == State.WAITING
    assert (offer.ends_at - offer.made_at).total_seconds() == 60
    assert (pack.state, pack.kept_until) == (PackState.KEPT, offer.ends_at)


@pytest.mark.parametrize("percent", [30, 59, 85])
def test_what_is_nearly_empty_or_nearly_full_is_not_offered(percent: int) -> None:
    town = town_with(percent)

    town.books(town.driver("Asha"))

    assert live_offers() == {}


@pytest.mark.parametrize(("offers_from", "is_offered"), [(None, False), (80, False), (50, True)])
def test_a_station_says_from_what_charge_on_it_offers_or_that_it_never_does(
    offers_from: int | None, is_offered: bool
) -> None:
    town = town_with(72, offer_from_soc_percent=offers_from)

    town.books(town.driver("Asha"))

    assert bool(live_offers()) == is_offered


def test_a_ready_pack_is_promised_and_nothing_is_offered_beside_it() -> None:
    town = town_with(72, 95)

    asha = town.books(town.driver("Asha"))

    assert asha.state == State.PROMISED
    assert live_offers() == {}


def test_a_pack_that_is_taken_is_promised_like_any_other_and_the_booking_remembers() -> None:
    town = town_with(72)
    asha = town.books(town.driver("Asha"))

    asha = takes(asha)

    assert (asha.state, asha.took_below_target_at is not None) == (State.PROMISED, True)
    assert asha.promise_ends_at is not None
    assert asha.promised_at is not None
    assert (asha.promise_ends_at - asha.promised_at).total_seconds() == town.station.promise_min_seconds
    assert Promise.objects.get(booking=asha, ended_at=None).pack.soc_percent == 72
    assert live_offers() == {}


def test_who_is_here_and_takes_it_has_a_place_at_the_bay_and_is_swapped_for_its_energy() -> None:
    town = town_with(72)
    asha = takes(town.arrives(town.books(town.driver("Asha"))))
    assert asha.state == State.ARRIVED

    begun = bay.start(booking=asha, bay=town.bay, by=town.staff)
    (choice,) = swap_guide.of_booking(begun).kept_choices
    bay.new_out(booking=begun, pack=Pack.objects.get(pk=choice.id), by=town.staff)
    old = town.old_pack(soc_percent=Decimal(12), soh_percent=Decimal(100))
    bay.old_in(booking=begun, serial=old.serial, soc_percent=Decimal(12), soh_percent=Decimal(100), by=town.staff)
    done = bay.finish(booking=begun, by=town.staff)

    # 72 % of 98 % of 50 kWh out, 12 % of 50 kWh in.
    assert done.energy_wh == 35_280 - 6_000
    assert done.price_minor == 100 + 1_464


def test_who_keeps_waiting_keeps_the_place_without_a_mark_and_the_next_is_asked() -> None:
    town = town_with(72)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    assert live_offers() == {asha.pk: 72}

    said = says_no(asha)

    assert (said.state, said.no_show, said.sequence) == (State.WAITING, False, asha.sequence)
    assert live_offers() == {bala.pk: 72}
    assert queries.card(said).place == 1


def test_who_says_nothing_is_passed_after_sixty_seconds_wherever_one_looks() -> None:
    town = town_with(72)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    time_passes(asha, minutes=1.1)

    shown = snapshot.take(town.station.pk).standings[asha.pk]
    sweep(town)

    assert shown.offer is None
    assert live_offers() == {bala.pk: 72}
    assert Offer.objects.get(booking=asha).end_reason == "lapsed"


def test_a_pack_of_an_offer_that_is_over_counts_as_free_before_anybody_has_written_it_down() -> None:
    town = town_with(72)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=1.1)
    Pack.objects.update(soc_percent=95)

    shown = snapshot.take(town.station.pk).standings[asha.pk]

    assert shown.state == State.PROMISED


def test_an_answer_that_comes_too_late_is_refused_and_the_place_stays() -> None:
    town = town_with(72)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    offer_id = offer_of(asha)
    time_passes(asha, minutes=1.1)

    for answer in (lifecycle.take_offer, lifecycle.keep_waiting):
        with pytest.raises(OfferOver):
            answer(booking=asha, offer_id=offer_id, by=town.staff)

    sweep(town)
    assert states([asha, bala]) == [State.WAITING, State.WAITING]
    assert live_offers() == {bala.pk: 72}


def test_an_answer_to_an_earlier_offer_does_not_answer_a_later_one() -> None:
    town = town_with(72)
    asha = town.books(town.driver("Asha"))
    earlier = offer_of(asha)
    says_no(asha)
    time_passes(asha, minutes=11)
    sweep(town)
    assert live_offers() == {asha.pk: 72}

    with pytest.raises(OfferOver):
        lifecycle.take_offer(booking=asha, offer_id=earlier, by=town.staff)


def test_a_second_tap_on_take_it_changes_nothing_and_is_no_mistake() -> None:
    town = town_with(72)
    asha = town.books(town.driver("Asha"))
    offer_id = offer_of(asha)
    first = takes(asha)

    second = lifecycle.take_offer(booking=asha, offer_id=offer_id, by=town.staff)

    assert (second.state, second.promise_ends_at) == (State.PROMISED, first.promise_ends_at)


def test_nobody_can_take_what_is_offered_to_another() -> None:
    town = town_with(72)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))

    with pytest.raises(OfferOver):
        lifecycle.take_offer(booking=bala, offer_id=offer_of(asha), by=town.staff)

    assert live_offers() == {asha.pk: 72}


def test_who_said_no_is_not_asked_again_for_ten_minutes_and_then_is() -> None:
    town = town_with(72)
    asha = town.books(town.driver("Asha"))
    says_no(asha)

    sweep(town)
    asked_at_once = live_offers()
    time_passes(asha, minutes=11)
    sweep(town)

    assert asked_at_once == {}
    assert live_offers() == {asha.pk: 72}


def test_who_said_no_is_asked_sooner_for_ten_points_more() -> None:
    town = town_with(65)
    asha = town.books(town.driver("Asha"))
    says_no(asha)
    (pack,) = Pack.objects.filter(station=town.station)

    charge(pack, 74)
    sweep(town)
    asked_for_nine = live_offers()
    charge(pack, 75)
    sweep(town)

    assert asked_for_nine == {}
    assert live_offers() == {asha.pk: 75}


def test_when_nobody_takes_it_the_pack_charges_on_and_is_promised_once_it_is_ready() -> None:
    town = town_with(72)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    says_no(asha)
    says_no(bala)
    (pack,) = Pack.objects.filter(station=town.station)
    assert pack.state == PackState.STORED

    charge(pack, 91)
    sweep(town)

    assert states([asha, bala]) == [State.PROMISED, State.WAITING]


def test_a_ready_pack_that_comes_meanwhile_is_hers_and_her_offer_is_over() -> None:
    town = town_with(72)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    offer_id = offer_of(asha)

    town.add_pack()
    taken = lifecycle.take_offer(booking=asha, offer_id=offer_id, by=town.staff)

    assert (taken.state, taken.took_below_target_at) == (State.PROMISED, None)
    assert Promise.objects.get(booking=asha, ended_at=None).pack.soc_percent == 97
    assert live_offers() == {bala.pk: 72}


def test_a_ready_pack_goes_to_the_first_and_the_offer_to_the_second_stands() -> None:
    town = town_with(72)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    says_no(asha)

    town.add_pack()
    sweep(town)

    assert states([asha, bala]) == [State.PROMISED, State.WAITING]
    assert live_offers() == {bala.pk: 72}


def test_an_offered_pack_that_becomes_ready_is_promised_to_the_first_in_line() -> None:
    town = town_with(72)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    says_no(asha)
    (pack,) = Pack.objects.filter(station=town.station)

    charge(pack, 92)
    shown = snapshot.take(town.station.pk).standings
    sweep(town)

    assert [shown[b.pk].state for b in (asha, bala)] == [State.PROMISED, State.WAITING]
    assert states([asha, bala]) == [State.PROMISED, State.WAITING]
    assert live_offers() == {}


def test_who_is_overtaken_by_an_offer_that_they_did_not_want_reads_why() -> None:
    town = town_with(72)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    says_no(asha)

    takes(bala)

    assert [one.exception for one in queries.card(asha).overtaken] == ["rule_11"]
    steps = BookingStep.objects.filter(booking=bala, step__in=(Step.OFFER, Step.PROMISE))
    assert list(steps.values_list("exception", flat=True)) == ["rule_11", "rule_11"]


def test_who_was_too_far_away_to_be_asked_is_passed_by_the_rules_and_told_nothing_of_it() -> None:
    town = town_with(72)
    asha = town.books(town.driver("Asha"), position=geo.Place(40.2, -8.4))
    bala = town.books(town.driver("Bala"))

    takes(bala)

    assert BookingStep.objects.get(booking=bala, step=Step.OFFER).exception == "rule_2"
    assert queries.card(asha).overtaken == ()


@pytest.mark.parametrize("fails", ["pack", "slot", "station"])
def test_when_the_pack_or_the_station_fails_the_offer_is_over_and_the_place_stays(fails: str) -> None:
    town = town_with(72)
    asha = town.books(town.driver("Asha"))
    (pack,) = Pack.objects.filter(station=town.station)
    assert pack.slot is not None

    if fails == "pack":
        inventory.quarantine(pack=pack, reason="Swollen case")
    elif fails == "slot":
        inventory.take_slot_out_of_service(slot=pack.slot, reason="No power")
    else:
        upkeep.mark_station_down(station=town.station, reason="No power", by=town.staff)

    assert live_offers() == {}
    assert states([asha]) == [State.WAITING]
    assert not Pack.objects.filter(state=PackState.KEPT).exists()


def test_who_leaves_the_line_leaves_the_offer_to_the_next() -> None:
    town = town_with(72)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))

    lifecycle.cancel(booking=asha, by=asha.driver)

    assert live_offers() == {bala.pk: 72}


def test_several_packs_are_offered_together_and_fewer_are_another_question() -> None:
    town = town_with(80, 70)
    asha = town.books(town.driver("Asha", pack_count=2))
    assert live_offers() == {asha.pk: 70}
    before = offer_of(asha)

    lifecycle.take_fewer(booking=asha, packs_wanted=1, by=town.staff)

    assert live_offers() == {asha.pk: 80}
    assert offer_of(asha) != before


def test_staff_answer_for_a_walk_in() -> None:
    town = town_with(72)
    guest = walk_in.join(
        station=town.station,
        country="PT",
        plate=town.vehicle_of(town.driver("Chitra")).plate,
        pack_class=town.pack_class,
        packs=1,
        method="account",
        by=town.staff,
    )

    lifecycle.take_offer(booking=guest, offer_id=offer_of(guest), by=town.staff)

    assert states([guest]) == [State.ARRIVED]


def test_nobody_is_handed_a_pack_that_is_not_full_in_exchange_for_a_full_one() -> None:
    town = town_with(72)
    asha = takes(town.arrives(town.books(town.driver("Asha"))))
    full = town.add_pack()
    bala = town.books(town.driver("Bala"))
    begun = bay.start(booking=asha, bay=town.bay, by=town.staff)

    with pytest.raises(bay.WrongPack):
        bay.new_out(booking=begun, pack=full, by=town.staff)

    assert Promise.objects.get(booking=bala, ended_at=None).pack_id == full.pk


def test_a_free_full_pack_may_be_handed_out_instead_of_the_chosen_one() -> None:
    town = town_with(72)
    asha = takes(town.arrives(town.books(town.driver("Asha"))))
    begun = bay.start(booking=asha, bay=town.bay, by=town.staff)

    bay.new_out(booking=begun, pack=town.add_pack(), by=town.staff)

    assert Pack.objects.get(soc_percent=72).state == PackState.STORED


def test_a_pack_that_failed_after_it_was_chosen_leaves_a_booking_that_waits_for_a_full_one() -> None:
    town = town_with(72)
    asha = takes(town.books(town.driver("Asha")))

    inventory.quarantine(pack=Pack.objects.get(station=town.station), reason="Swollen case")

    asha.refresh_from_db()
    assert (asha.state, asha.took_below_target_at, asha.our_fault) == (State.WAITING, None, True)


def test_an_override_is_used_up_by_the_promise_that_it_brought() -> None:
    town = Town(packs=1)
    first = town.books(town.driver("Asha"))
    bala, chitra = town.books(town.driver("Bala")), town.books(town.driver("Chitra"))
    overrides.let_go_first(booking=chitra, by=town.staff, reason="Ambulance on duty")
    lifecycle.cancel(booking=first, by=first.driver)
    assert states([bala, chitra]) == [State.WAITING, State.PROMISED]

    inventory.quarantine(pack=town.packs[0], reason="Swollen case")
    town.add_pack()
    sweep(town)

    assert states([bala, chitra]) == [State.PROMISED, State.WAITING]


def test_the_card_compares_the_offer_with_waiting_for_a_full_pack() -> None:
    town = town_with(72)

    card = queries.card(town.books(town.driver("Asha")))

    assert card.offer is not None
    assert card.wait is not None
    assert (card.offer.soc_percent, card.offer.energy_wh) == (72, 35_280)
    # 35.28 kWh less the 7.5 that drivers bring in, and 90 % less the same, at 0.50 and a fee of 1.00.
    assert (card.offer.about.amount_minor, card.offer.full_about.amount_minor) == (1_489, 1_975)
    assert card.most.amount_minor == 2_600


def test_a_claim_of_being_here_changes_nothing_about_an_offer_but_that_no_clock_runs_after_it() -> None:
    town = town_with(72)
    asha = town.books(town.driver("Asha"))

    arrival.confirm_here(booking=asha, by=town.staff)

    assert live_offers() == {asha.pk: 72}
    assert takes(asha).state == State.ARRIVED


def test_a_booking_for_a_class_that_the_station_has_no_slot_for_is_refused() -> None:
    town, other = Town(packs=1), Town(packs=1)

    with pytest.raises(Exception, match="no packs of the kind") as refusal:
        town.books(town.driver("Asha"), station=Station.objects.get(pk=other.station.pk))

    assert getattr(refusal.value, "code", "") == "class_not_served"
    assert not Booking.objects.exists()


def test_an_offer_is_over_for_who_has_driven_too_far_away_to_be_promised_a_pack() -> None:
    town = town_with(72)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    offered = offer_of(asha)

    lifecycle.update_position(booking=asha, position=geo.Place(41.15, -8.61))

    assert Offer.objects.get(pk=offered).end_reason == "too_far"
    with pytest.raises(OfferOver):
        lifecycle.take_offer(booking=asha, offer_id=offered, by=asha.driver)
    assert list(live_offers()) == [bala.pk]
