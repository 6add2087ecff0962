"""Nobody can be served here: each is offered another station, and moves there with their place, or stays (rule 7)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from django.db import connection, transaction

from booking import (
    arrival,
    bay,
    clock,
    failures,
    foresight,
    lifecycle,
    line,
    moving,
    overrides,
    proofs,
    queries,
    standstills,
    tasks,
)
from booking.history import StepRefused
from booking.models import Booking, BookingStep, Cause, MoveOffer, Notice, Promise, Standstill, Tariff
from booking.states import State, Step
from payments import operations
from payments.models import Payment
from stations import geo, inventory, upkeep
from stations.models import Pack, Station
from tests.factories.accounts import NetworkFactory
from tests.factories.booking import Town, states, time_passes
from tests.factories.stations import PackFactory

pytestmark = pytest.mark.django_db

NO_LIGHT = "The power has failed."


def offer_to(booking: Booking) -> MoveOffer:
    return MoveOffer.objects.open().get(booking=booking)


def moves(booking: Booking) -> Booking:
    assert booking.driver is not None
    return moving.accept(booking=booking, offer_id=offer_to(booking).pk, by=booking.driver)


def stays(booking: Booking) -> Booking:
    assert booking.driver is not None
    return moving.stay(booking=booking, offer_id=offer_to(booking).pk, by=booking.driver)


def stops(station: Station) -> None:
    upkeep.mark_station_down(station=station, reason=NO_LIGHT, by=None)
    tasks.plan_moves()


def fills(town: Town, station: Station, *names: str) -> list[Booking]:
    return [town.books(town.driver(name), station=station) for name in names]


def nothing_is_broken() -> None:
    broken = {result.sentence: result.violations for result in proofs.run(connection) if result.violations}
    assert broken == {}


def steps_of(booking: Booking, *steps: Step) -> list[tuple[str, str]]:
    rows = BookingStep.objects.filter(booking=booking, step__in=steps).order_by("pk")
    return list(rows.values_list("step", "exception"))


# --- Who is offered what -------------------------------------------------------------------------------------------


def test_whose_wait_at_the_best_station_is_unknown_is_offered_the_next() -> None:
    town = Town.with_a_line(packs=0)
    near, far = town.second_station("Near"), town.second_station("Far", latitude=38.80)
    asha, bala = fills(town, town.station, "Asha", "Bala")
    foretell = foresight.of_coming

    def silent_about_asha_at_the_near_one(cards: Any, coming: Any, **told: Any) -> Any:
        waits = foretell(cards, coming, **told)
        return {pk: wait for pk, wait in waits.items() if pk != asha.pk or pk not in _ids(coming.get(near.pk, ()))}

    with mock.patch.object(foresight, "of_coming", silent_about_asha_at_the_near_one):
        stops(town.station)

    assert (offer_to(asha).to_station, offer_to(bala).to_station) == (far, near)


def _ids(coming: Any) -> set[int]:
    return {one.id for one in coming}


def test_when_a_station_stops_everybody_in_its_line_is_offered_another() -> None:
    town = Town(packs=1)
    other = town.second_station("Alvalade")
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))

    stops(town.station)

    assert [offer_to(one).to_station for one in (asha, bala)] == [other, other]
    assert Standstill.objects.get().cause == Cause.STATION
    assert steps_of(asha, Step.OFFER_MOVE) == [(Step.OFFER_MOVE, "")]
    nothing_is_broken()


def test_the_last_bay_or_the_last_pack_out_of_service_is_no_different() -> None:
    for cause in (Cause.BAYS, Cause.PACKS):
        town = Town(packs=0)
        town.second_station("Alvalade")
        pack = town.add_pack(soc_percent=40)
        asha = town.books(town.driver("Asha"))

        if cause == Cause.BAYS:
            upkeep.take_bay_out_of_service(bay=town.bay, reason="The lift is stuck.", by=None)
        else:
            inventory.quarantine(pack=pack, reason="It is swollen.")
        tasks.plan_moves()

        assert offer_to(asha).standstill.cause == cause
        assert queries.card(asha).move is not None


def test_a_second_bay_or_pack_that_works_is_enough_to_wait_for() -> None:
    town = Town(packs=0)
    town.second_station("Alvalade")
    broken = town.add_pack(soc_percent=40)
    town.add_pack(soc_percent=40)
    town.books(town.driver("Asha"))

    inventory.quarantine(pack=broken, reason="It is swollen.")
    tasks.plan_moves()

    assert not MoveOffer.objects.exists()


def test_the_nearest_is_not_offered_to_more_than_it_has_packs_for_while_another_has_some() -> None:
    town = Town(packs=0)
    near, far = town.second_station("Near"), town.second_station("Far", latitude=38.80)
    drivers = fills(town, town.station, "Asha", "Bala", "Chitra")
    PackFactory(station=far, pack_class=town.pack_class)

    stops(town.station)

    assert [offer_to(one).to_station for one in drivers] == [near, far, far]


def test_a_nearer_station_whose_last_pack_has_just_gone_out_does_not_hide_a_farther_one() -> None:
    town = Town(packs=1)
    near, far = town.second_station("Near"), town.second_station("Far", latitude=38.80)
    Pack.objects.filter(station=far).update(soc_percent=5)
    zhou = town.arrives(town.books(town.driver("Zhou"), station=near))
    asha = town.books(town.driver("Asha"))
    zhou = bay.start(booking=zhou, bay=near.bays.get(), by=town.staff)
    bay.new_out(booking=zhou, pack=Pack.objects.get(station=near), by=town.staff)

    stops(town.station)

    assert offer_to(asha).to_station == far


def test_who_wants_two_packs_is_sent_where_there_are_two_of_them() -> None:
    town = Town(packs=0)
    _near, far = town.second_station("Near"), town.second_station("Far", latitude=38.80)
    PackFactory(station=far, pack_class=town.pack_class)
    Pack.objects.filter(station=far).update(soc_percent=5)
    asha = town.books(town.driver("Asha", pack_count=2))

    stops(town.station)

    assert offer_to(asha).to_station == far


def test_a_station_that_was_offered_to_one_line_counts_for_the_next() -> None:
    town = Town(packs=0)
    second = town.second_station("Second")
    Pack.objects.filter(station=second).delete()
    near, far = town.second_station("Near"), town.second_station("Far", latitude=38.80)
    (asha,), (bala,) = fills(town, town.station, "Asha"), fills(town, second, "Bala")

    stops(town.station)
    stops(second)

    assert offer_to(asha).to_station == near
    assert offer_to(bala).to_station == far


@pytest.mark.parametrize(
    "foreign",
    [{"network": "another"}, {"status": "closed"}, {"latitude": 41.0}],
    ids=["of another network", "closed", "out of reach"],
)
def test_where_one_cannot_go_nobody_is_sent(foreign: dict[str, Any]) -> None:
    town = Town(packs=0)
    town.second_station("Other", **foreign | ({"network": NetworkFactory()} if "network" in foreign else {}))
    asha = town.books(town.driver("Asha"))

    stops(town.station)

    assert not MoveOffer.objects.exists()
    assert states([asha]) == [State.WAITING]
    assert queries.card(asha).move is None


@pytest.mark.parametrize("values", [{"currency": "THB"}, {"tax_rate_bp": 600}])
def test_a_price_in_another_currency_or_with_another_tax_is_not_offered(values: dict[str, Any]) -> None:
    town = Town(packs=0)
    other = town.second_station("Other")
    Tariff.objects.filter(station=other).update(**values)
    Station.objects.filter(pk=other.pk).update(currency=values.get("currency", "EUR"))
    town.books(town.driver("Asha"))

    stops(town.station)

    assert not MoveOffer.objects.exists()


def test_who_is_here_with_a_refused_payment_is_not_sent_to_where_the_booking_would_expire_unpaid() -> None:
    town = Town(packs=0)
    town.second_station("Alvalade")
    # In one go: a refusal that came before the arrival would end the booking.
    with transaction.atomic():
        asha = town.arrives(town.books(town.driver("Asha"), method="wallet", carry_out=False))
    operations.carry_out_for(Payment.objects.get(pk=asha.payment_id))

    stops(town.station)

    assert states([asha]) == [State.WAITING]
    assert not MoveOffer.objects.exists()


def test_a_vehicle_at_the_bay_is_not_asked() -> None:
    town = Town(packs=2)
    town.second_station("Other")
    at_bay = town.arrives(town.books(town.driver("Asha")))
    bay.start(booking=at_bay, bay=town.bay, by=town.staff)

    stops(town.station)

    assert not MoveOffer.objects.exists()


def test_each_is_told_once_however_long_it_lasts() -> None:
    town = Town(packs=0)
    town.second_station("Other")
    asha = town.books(town.driver("Asha"))
    stops(town.station)
    time_passes(asha, minutes=11)
    Standstill.objects.update(look_at=clock.database_now() - timedelta(minutes=1))

    tasks.plan_moves()

    offers = MoveOffer.objects.filter(booking=asha).order_by("pk")
    assert [offer.end_reason for offer in offers] == ["lapsed", ""]
    assert Notice.objects.filter(booking=asha, kind="may_move").count() == 1


# --- Moving --------------------------------------------------------------------------------------------------------


def test_who_moves_keeps_the_moment_of_joining_and_is_promised_before_who_joined_later() -> None:
    town = Town(packs=0)
    other = town.second_station("Other")
    Pack.objects.filter(station=other).update(soc_percent=40)
    (asha,) = fills(town, town.station, "Asha")
    (bala,) = fills(town, other, "Bala")
    stops(town.station)

    moved = moves(asha)
    Pack.objects.filter(station=other).update(soc_percent=95)
    tasks.sweep_lines()

    assert (moved.station, moved.joined_at, moved.state) == (other, asha.joined_at, State.WAITING)
    assert states([asha, bala]) == [State.PROMISED, State.WAITING]
    assert steps_of(bala, Step.PASS_OVER) == [(Step.PASS_OVER, "rule_7")]
    assert [one.exception for one in queries.card(bala).overtaken] == ["rule_7"]
    nothing_is_broken()


def test_who_joined_there_earlier_is_not_passed() -> None:
    town = Town(packs=0)
    other = town.second_station("Other")
    Pack.objects.filter(station=other).update(soc_percent=40)
    (bala,) = fills(town, other, "Bala")
    (asha,) = fills(town, town.station, "Asha")
    stops(town.station)
    moves(asha)

    Pack.objects.filter(station=other).update(soc_percent=95)
    tasks.sweep_lines()

    assert states([asha, bala]) == [State.WAITING, State.PROMISED]
    assert steps_of(bala, Step.PASS_OVER) == []
    nothing_is_broken()


def test_several_who_move_stand_among_each_other_as_they_stood() -> None:
    town = Town(packs=0)
    other = town.second_station("Other")
    Pack.objects.filter(station=other).update(soc_percent=40)
    asha, bala, chitra = fills(town, town.station, "Asha", "Bala", "Chitra")
    stops(town.station)

    for one in (chitra, asha, bala):
        moves(one)

    there = Booking.objects.in_line(line.of(other, town.pack_class))
    assert list(there) == [asha, bala, chitra]
    assert steps_of(asha, Step.PASS_OVER) == []
    nothing_is_broken()


def test_a_free_pack_is_promised_in_the_same_transaction_and_the_old_one_is_free() -> None:
    town = Town(packs=1)
    other = town.second_station("Other")
    asha = town.books(town.driver("Asha"))
    upkeep.take_bay_out_of_service(bay=town.bay, reason="The lift is stuck.", by=None)
    tasks.plan_moves()
    assert states([asha]) == [State.PROMISED]

    moved = moves(asha)

    kept = Promise.objects.get(booking=asha, ended_at=None)
    assert (moved.state, kept.pack.station) == (State.PROMISED, other)
    assert Pack.objects.get(station=town.station).state == "stored"
    nothing_is_broken()


def test_who_was_not_seen_at_the_old_station_says_here_by_position_at_the_new_one() -> None:
    town = Town(packs=1)
    other = town.second_station("Alvalade")
    asha = town.nobody_looks(town.says_here(town.books(town.driver("Asha"))))
    asha = arrival.claim_here(booking=asha, poster_token=town.station.poster_token)
    stops(town.station)

    moved = moves(asha)
    here = arrival.claim_here(booking=moved, position=geo.Place(other.latitude, other.longitude))

    assert (moved.state, moved.arrive_first) == (State.PROMISED, False)
    assert here.here_claimed_at is not None


def test_who_books_arrive_first_for_no_shows_does_so_at_the_new_station() -> None:
    town = Town(packs=3)
    town.second_station("Alvalade")
    driver = town.driver("Asha")
    for _time in range(3):
        time_passes(town.stays_away(driver), minutes=60)
    asha = town.books(driver)
    stops(town.station)

    moved = moves(asha)

    assert (moved.state, moved.arrive_first) == (State.WAITING, True)


def test_who_is_at_the_bay_in_line_moves_with_nothing_but_the_place() -> None:
    town = Town(packs=1)
    other = town.second_station("Other")
    Pack.objects.filter(station=other).update(soc_percent=40)
    asha = town.arrives(town.books(town.driver("Asha")))
    stops(town.station)

    moved = moves(asha)

    assert (moved.state, moved.here_at, moved.bay_sequence, moved.arrived_at) == (State.WAITING, None, None, None)
    assert (moved.drive_seconds, moved.our_fault) == (MoveOffer.objects.get().drive_seconds, True)
    assert moved.station == other
    nothing_is_broken()


def test_an_override_of_the_old_stations_staff_does_not_count_at_the_new_one() -> None:
    town = Town(packs=0)
    other = town.second_station("Other")
    Pack.objects.filter(station=other).update(soc_percent=40)
    (bala,) = fills(town, other, "Bala")
    asha = town.books(town.driver("Asha"))
    overrides.let_go_first(booking=asha, by=town.staff, reason="A doctor on call.")
    stops(town.station)
    moves(asha)

    Pack.objects.filter(station=other).update(soc_percent=95)
    tasks.sweep_lines()

    assert states([asha, bala]) == [State.WAITING, State.PROMISED]
    nothing_is_broken()


@pytest.mark.parametrize(
    ("price", "fee", "is_theirs"),
    [("0.4000", 100, True), ("0.6000", 50, False), ("0.5000", 100, False), ("0.4900", 120, True), ("0.5230", 0, False)],
    ids=["cheaper", "dearer", "the same", "a higher fee, cheaper all the same", "cheaper but for a full swap"],
)
def test_the_lower_of_the_two_prices_counts(price: str, fee: int, is_theirs: bool) -> None:
    town = Town(packs=0, charging=1)
    other = town.second_station("Other")
    Tariff.objects.filter(station=other).update(price_per_kwh=Decimal(price), service_fee_minor=fee)
    asha = town.books(town.driver("Asha"))
    stops(town.station)
    shown = queries.card(asha).move
    assert shown is not None

    moved = moves(asha)

    assert moved.tariff.station == (other if is_theirs else town.station)
    assert shown.is_cheaper == is_theirs


@pytest.mark.parametrize(
    ("price", "may_go"), [("0.4000", True), ("0.5000", True), ("0.6000", False)], ids=["cheaper", "the same", "dearer"]
)
def test_who_joins_when_nobody_can_be_served_goes_where_no_swap_costs_more_and_pays_the_price_there(
    price: str, may_go: bool
) -> None:
    town = Town(packs=0, charging=1)
    other = town.second_station("Other")
    Tariff.objects.filter(station=other).update(price_per_kwh=Decimal(price))
    upkeep.take_bay_out_of_service(bay=town.bay, reason="The lift is stuck.", by=None)
    asha = town.books(town.driver("Asha"))

    tasks.plan_moves()

    assert MoveOffer.objects.open().filter(booking=asha).exists() == may_go
    if may_go:
        moved = moves(asha)
        assert (moved.tariff.station, moved.our_fault, moved.joined_stopped) == (other, False, False)


def test_once_the_line_goes_on_who_joined_meanwhile_stands_as_everybody() -> None:
    town = Town(packs=0, charging=1)
    dear = town.second_station("Other")
    Tariff.objects.filter(station=dear).update(price_per_kwh=Decimal("0.6000"))
    upkeep.take_bay_out_of_service(bay=town.bay, reason="The lift is stuck.", by=None)
    asha = town.books(town.driver("Asha"))
    tasks.plan_moves()
    upkeep.put_bay_back_in_service(bay=town.bay, by=None)
    tasks.plan_moves()

    stops(town.station)

    assert moves(asha).tariff.station == town.station


def test_the_payment_goes_along_and_the_sale_is_the_new_stations() -> None:
    town = Town(packs=0)
    other = town.second_station("Other")
    asha = town.books(town.driver("Asha"))
    stops(town.station)

    moved = moves(asha)

    assert (moved.payment_id, moved.authorised_at, moved.code) == (asha.payment_id, asha.authorised_at, asha.code)
    assert (moved.state, moved.pay_by) == (State.PROMISED, None)
    assert moved.station == other


def test_the_drive_is_what_was_left_to_the_old_station_and_from_there_on() -> None:
    town = Town(packs=0)
    town.second_station("Other")
    asha = town.books(town.driver("Asha"), drive_seconds=600)
    stops(town.station)
    time_passes(asha, minutes=5)
    from_there = offer_to(asha).drive_seconds

    moved = moves(asha)

    assert moved.drive_seconds is not None
    assert 290 + from_there <= moved.drive_seconds <= 300 + from_there


def test_a_second_tap_changes_nothing() -> None:
    town = Town(packs=0)
    town.second_station("Other")
    asha = town.books(town.driver("Asha"))
    stops(town.station)
    offer_id = offer_to(asha).pk
    moves(asha)
    assert asha.driver is not None

    moving.accept(booking=asha, offer_id=offer_id, by=asha.driver)

    assert steps_of(asha, Step.MOVE) == [(Step.MOVE, "")]


def test_who_was_overtaken_in_the_line_that_they_left_is_still_seen() -> None:
    town = Town(packs=0)
    town.second_station("Other")
    asha, bala = fills(town, town.station, "Asha", "Bala")
    BookingStep.objects.create(
        booking=bala,
        step=Step.PROMISE,
        from_state=State.WAITING,
        to_state=State.PROMISED,
        at=clock.database_now(),
        line=bala.line,
        line_sequence=bala.sequence,
    )
    stops(town.station)

    moves(asha)

    violations = [v for result in proofs.run(connection) for v in result.violations]
    assert [v for v in violations if v.startswith(f"booking {bala.pk} overtook booking {asha.pk}")]


def test_a_promise_that_runs_out_while_no_bay_works_makes_no_mark() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    upkeep.take_bay_out_of_service(bay=town.bay, reason="The lift is stuck.", by=None)
    tasks.plan_moves()
    time_passes(asha, minutes=31)

    tasks.sweep_lines()

    asha.refresh_from_db()
    assert (asha.state, asha.no_show) == (State.EXPIRED, False)


def test_without_a_worker_too_a_promise_that_runs_out_while_no_bay_works_makes_no_mark() -> None:
    town = Town(packs=2)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    upkeep.take_bay_out_of_service(bay=town.bay, reason="The lift is stuck.", by=None)
    time_passes(asha, minutes=31)
    time_passes(bala, minutes=9)

    failures.settle_line(line_id=asha.line_id)
    lifecycle.cancel(booking=bala, by=bala.driver)

    for booking, state in ((asha, State.EXPIRED), (bala, State.CANCELLED)):
        booking.refresh_from_db()
        assert (booking.state, booking.no_show) == (state, False)


def test_who_is_not_found_here_while_no_bay_works_has_no_mark_either() -> None:
    town = Town(packs=1)
    asha = town.says_here(town.books(town.driver("Asha")))
    upkeep.take_bay_out_of_service(bay=town.bay, reason="The lift is stuck.", by=None)
    tasks.plan_moves()
    Booking.objects.filter(pk=asha.pk).update(promise_ends_at=clock.database_now())

    asha = arrival.not_here(booking=asha, by=town.staff)

    assert (asha.state, asha.no_show) == (State.EXPIRED, False)


def test_after_a_promise_that_ran_out_while_no_bay_worked_the_next_one_is_a_whole_one() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    assert asha.driver is not None
    upkeep.take_bay_out_of_service(bay=town.bay, reason="The lift is stuck.", by=None)
    tasks.plan_moves()
    time_passes(asha, minutes=31)
    tasks.sweep_lines()
    upkeep.put_bay_back_in_service(bay=town.bay, by=None)

    again = town.books(asha.driver)

    assert (again.state, again.promise_budget_seconds) == (State.PROMISED, None)


# --- Not moving ----------------------------------------------------------------------------------------------------


def test_who_stays_keeps_everything_and_is_not_asked_again() -> None:
    town = Town(packs=0)
    town.second_station("Other")
    asha = town.books(town.driver("Asha"))
    stops(town.station)

    stayed = stays(asha)
    Standstill.objects.update(look_at=clock.database_now())
    tasks.plan_moves()

    assert (stayed.station, stayed.sequence, stayed.tariff) == (town.station, asha.sequence, asha.tariff)
    assert not MoveOffer.objects.open().exists()


def test_who_says_stay_after_the_end_of_the_promise_reads_that_it_is_over() -> None:
    town = Town(packs=1)
    town.second_station("Alvalade")
    asha = town.books(town.driver("Asha"))
    upkeep.take_bay_out_of_service(bay=town.bay, reason="The lift is stuck.", by=None)
    tasks.plan_moves()
    Booking.objects.filter(pk=asha.pk).update(lapses_at=clock.database_now())

    with pytest.raises(StepRefused, match="ended"):
        stays(asha)


def test_a_station_that_works_again_ends_what_was_offered_before_any_worker_says_so() -> None:
    town = Town(packs=0)
    town.second_station("Other")
    asha = town.books(town.driver("Asha"))
    stops(town.station)
    upkeep.open_station(station=town.station, by=None)
    Pack.objects.filter(station=town.station).delete()
    town.add_pack(soc_percent=40)

    with pytest.raises(moving.MoveOver, match="works again"):
        moves(asha)

    assert queries.card(asha).move is None
    tasks.plan_moves()
    assert MoveOffer.objects.get().end_reason == "withdrawn"
    assert Standstill.objects.get().ended_at is not None


def test_it_may_fail_twice_and_is_told_twice() -> None:
    town = Town(packs=1)
    town.second_station("Other")
    asha = town.books(town.driver("Asha"))
    stops(town.station)
    upkeep.open_station(station=town.station, by=None)
    tasks.plan_moves()

    stops(town.station)

    assert offer_to(asha).standstill.began_at > Standstill.objects.earliest("pk").began_at
    assert Notice.objects.filter(booking=asha, kind="may_move").count() == 2


def test_when_the_other_station_stops_as_well_the_tap_says_so_and_another_is_offered() -> None:
    town = Town(packs=0)
    near, far = town.second_station("Near"), town.second_station("Far", latitude=38.80)
    asha = town.books(town.driver("Asha"))
    stops(town.station)
    offered = offer_to(asha)
    upkeep.close_station(station=near, reason="A flood.", by=None)
    assert asha.driver is not None

    with pytest.raises(moving.CannotServe):
        moving.accept(booking=asha, offer_id=offered.pk, by=asha.driver)
    tasks.plan_moves()

    assert offered.to_station == near
    assert offer_to(asha).to_station == far
    assert states([asha]) == [State.WAITING]


def test_an_offer_of_a_station_that_stops_is_replaced_without_a_tap() -> None:
    town = Town(packs=0)
    near, far = town.second_station("Near"), town.second_station("Far", latitude=38.80)
    asha = town.books(town.driver("Asha"))
    stops(town.station)

    upkeep.close_station(station=near, reason="A flood.", by=None)
    assert queries.card(asha).move is None
    tasks.plan_moves()

    assert offer_to(asha).to_station == far


def test_when_it_has_filled_up_with_earlier_ones_the_tap_says_so() -> None:
    town = Town(packs=0)
    other = town.second_station("Other")
    Pack.objects.filter(station=other).update(soc_percent=40)
    earlier = fills(town, other, "Bala", "Chitra", "Devi")
    Booking.objects.filter(pk__in=[b.pk for b in earlier]).update(state=State.CANCELLED, ended_at=clock.database_now())
    asha = town.books(town.driver("Asha"))
    stops(town.station)
    Booking.objects.filter(pk__in=[b.pk for b in earlier]).update(state=State.WAITING, ended_at=None)

    with pytest.raises(moving.CannotServe, match="filled up"):
        moves(asha)

    assert states([asha]) == [State.WAITING]
    assert MoveOffer.objects.get().end_reason == "cannot_serve"


def test_another_drivers_offer_and_one_whose_time_is_up_lead_nowhere() -> None:
    town = Town(packs=0)
    town.second_station("Other")
    asha, bala = fills(town, town.station, "Asha", "Bala")
    stops(town.station)
    assert bala.driver is not None

    with pytest.raises(moving.MoveOver):
        moving.accept(booking=bala, offer_id=offer_to(asha).pk, by=bala.driver)
    time_passes(asha, minutes=11)
    with pytest.raises(moving.MoveOver):
        moves(asha)


def test_who_has_cancelled_does_not_move() -> None:
    town = Town(packs=0)
    town.second_station("Other")
    asha = town.books(town.driver("Asha"))
    stops(town.station)
    lifecycle.cancel(booking=asha, by=asha.driver)

    with pytest.raises(StepRefused):
        moves(asha)


def test_what_is_asked_of_the_old_line_after_a_move_is_refused_kindly() -> None:
    town = Town(packs=0)
    town.second_station("Other")
    asha = town.books(town.driver("Asha"))
    stops(town.station)
    moves(asha)

    with pytest.raises(line.HasMoved):
        lifecycle.cancel(booking=asha, by=asha.driver)


def test_a_hundred_bookings_are_planned_in_a_fixed_number_of_queries(
    django_assert_max_num_queries: Any,
) -> None:
    town = Town(packs=0)
    for number in range(4):
        town.second_station(f"Other {number}", latitude=38.74 + number / 100)
    fills(town, town.station, *[f"Driver {number}" for number in range(12)])
    upkeep.mark_station_down(station=town.station, reason=NO_LIGHT, by=None)

    with django_assert_max_num_queries(60):
        tasks.plan_moves()

    assert MoveOffer.objects.open().count() == 12
    assert len({offer.to_station_id for offer in MoveOffer.objects.open()}) == 4


def test_who_moves_past_others_breaks_no_promise() -> None:
    town = Town(packs=1)
    other = town.second_station("Other")
    asha = town.books(town.driver("Asha"))
    fills(town, other, "Bala", "Chitra")
    stops(town.station)
    moves(asha)

    nothing_is_broken()
    assert not standstills.with_drivers()
