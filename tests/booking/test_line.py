"""The line as drivers live it: rules 1, 2 and 5 to 8, and P3, on the database."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from booking import arrival, clock, conduct, lifecycle, overrides, placing, queries, snapshot, tariffs, tickets
from booking.failures import settle_line
from booking.history import StepRefused
from booking.models import Assignment, Booking, Promise, Vehicle
from booking.states import State
from stations import geo, inventory, upkeep
from stations.models import Pack
from stations.states import PackState
from tests.factories.booking import Town, VehicleFactory, states, time_passes

pytestmark = pytest.mark.django_db


def test_the_first_to_join_is_promised_the_pack_and_the_second_has_a_place_in_line() -> None:
    town = Town(packs=1)

    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))

    assert states([asha, bala]) == [State.PROMISED, State.WAITING]
    card = queries.card(bala)
    assert (card.place, card.of) == (1, 1)


def test_an_overdue_promise_is_the_next_drivers_at_once_without_any_worker() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=31)

    bala = town.books(town.driver("Bala"))

    assert states([asha, bala]) == [State.EXPIRED, State.PROMISED]


def test_an_overdue_promise_reads_as_ended_before_anybody_has_written_it_down() -> None:
    town = Town(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))

    time_passes(asha, minutes=31)

    assert states([asha, bala]) == [State.PROMISED, State.WAITING]
    assert queries.card(queries.booking_of(asha.driver, asha.public_id)).state == State.EXPIRED
    assert queries.card(queries.booking_of(bala.driver, bala.public_id)).state == State.PROMISED


def test_settling_twice_changes_nothing_the_second_time() -> None:
    town = Town(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    time_passes(asha, minutes=31)
    settle_line(line_id=bala.line_id)
    version, _now = snapshot.version_of(town.station.pk)

    settle_line(line_id=bala.line_id)

    assert states([asha, bala]) == [State.EXPIRED, State.PROMISED]
    assert snapshot.version_of(town.station.pk)[0] == version


def test_a_driver_who_is_too_far_away_keeps_the_place_and_is_promised_when_near() -> None:
    town = Town(packs=1)
    far, near = geo.Place(40.2, -8.4), geo.Place(38.73, -9.14)
    asha = town.books(town.driver("Asha"), position=far)
    assert states([asha]) == [State.WAITING]

    asha = lifecycle.update_position(booking=asha, position=near)

    assert asha.state == State.PROMISED


def test_who_is_stepped_over_because_of_the_distance_can_read_by_which_rule() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"), position=geo.Place(40.2, -8.4))

    bala = town.books(town.driver("Bala"))

    assert states([asha, bala]) == [State.WAITING, State.PROMISED]
    assert bala.steps.get(step="promise").exception == "rule_2"


def test_packs_gather_for_the_first_and_the_next_goes_ahead_once_after_ten_minutes() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha", pack_count=2))
    bala, chitra = town.books(town.driver("Bala")), town.books(town.driver("Chitra"))
    assert states([asha, bala, chitra]) == [State.WAITING, State.WAITING, State.WAITING]

    time_passes(asha, minutes=11)
    settle_line(line_id=asha.line_id)
    lifecycle.cancel(booking=bala, by=bala.driver)

    assert states([asha, bala, chitra]) == [State.WAITING, State.CANCELLED, State.WAITING]
    assert queries.card(asha).overtaken == () or queries.card(asha).overtaken[0].exception == "rule_1"
    assert len(queries.card(queries.booking_of(asha.driver, asha.public_id)).overtaken) == 1


def test_taking_fewer_ends_the_gathering() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha", pack_count=2))

    asha = lifecycle.take_fewer(booking=asha, packs_wanted=1, by=asha.driver)

    assert asha.state == State.PROMISED


def test_a_promise_is_extended_once_and_by_ten_minutes() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))

    longer = lifecycle.extend(booking=asha, by=asha.driver)

    assert (longer.promise_ends_at - asha.promise_ends_at).total_seconds() == 600
    assert Pack.objects.get(pk=town.packs[0].pk).kept_until == longer.promise_ends_at
    with pytest.raises(lifecycle.AlreadyDone):
        lifecycle.extend(booking=asha, by=asha.driver)


def test_a_promise_cannot_be_extended_after_its_end() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=31)

    with pytest.raises(StepRefused):
        lifecycle.extend(booking=asha, by=asha.driver)


def test_booking_again_at_the_same_station_gets_what_was_left_and_not_a_new_promise() -> None:
    town = Town(packs=1)
    driver = town.driver("Asha")
    first = town.books(driver)
    time_passes(first, minutes=3)
    lifecycle.cancel(booking=first, by=driver)

    again = town.books(driver)

    assert 6 * 60 <= (again.promise_ends_at - again.promised_at).total_seconds() <= 7 * 60


def test_after_a_promise_that_ran_out_the_next_one_waits_until_the_driver_is_here() -> None:
    town = Town(packs=1)
    driver = town.driver("Asha")
    time_passes(town.books(driver), minutes=11)
    again = town.books(driver)
    assert states([again]) == [State.WAITING]

    again = town.arrives(again)

    assert again.state == State.ARRIVED


def test_who_comes_late_while_a_pack_is_free_has_it_all_the_same_and_no_mark() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=11)
    settle_line(line_id=asha.line_id)

    again = arrival.come_late(booking=asha, by=town.staff)

    assert again.state == State.ARRIVED
    assert again.tariff == asha.tariff
    assert not Booking.objects.get(pk=asha.pk).no_show


def test_who_comes_late_while_others_wait_joins_at_the_end() -> None:
    town = Town(packs=1)
    asha, _bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    time_passes(asha, minutes=11)

    with pytest.raises(arrival.TooLate):
        arrival.come_late(booking=asha, by=town.staff)


def test_saying_here_stops_the_clock_and_nobody_confirming_is_our_fault() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=9)

    asha = arrival.claim_here(booking=asha, poster_token=town.station.poster_token)
    time_passes(asha, minutes=5)
    assert queries.card(queries.booking_of(asha.driver, asha.public_id)).state == State.PROMISED
    time_passes(asha, minutes=6)
    settle_line(line_id=asha.line_id)

    asha.refresh_from_db()
    assert (asha.state, asha.our_fault, asha.no_show) == (State.PROMISED, True, False)
    assert asha.steps.filter(step="nobody_confirmed").exists()


def stranger_at_the_same_plate(town: Town, name: str) -> tuple[User, User, Vehicle]:
    """An owner and somebody else, both entered for a plate that nobody has proven."""
    owner, stranger = town.driver(name), town.driver("Mal")
    vehicle = town.vehicle_of(owner)
    Vehicle.objects.filter(pk=vehicle.pk).update(fleet=None)
    Assignment.objects.create(driver=stranger, vehicle=vehicle)
    vehicle.refresh_from_db()
    return owner, stranger, vehicle


def a_no_show(town: Town, driver: User, vehicle: Vehicle) -> Booking:
    booking = placing.place(driver=driver, vehicle=vehicle, station=town.station, method="wallet")
    Booking.objects.filter(pk=booking.pk).update(pay_by=None, authorised_at=clock.database_now())
    time_passes(booking, minutes=11)
    settle_line(line_id=booking.line_id)
    return booking


def test_what_a_stranger_does_with_a_plate_that_nobody_has_proven_is_not_its_owners() -> None:
    town = Town(packs=1)
    owner, stranger, vehicle = stranger_at_the_same_plate(town, "Asha")
    for _time in range(2):
        time_passes(a_no_show(town, stranger, vehicle), minutes=40)
    a_no_show(town, stranger, vehicle)

    asha = placing.place(driver=owner, vehicle=vehicle, station=town.station, method="wallet")

    assert conduct.arrive_first(driver=stranger, vehicle=vehicle, now=clock.database_now()) is not None
    assert (asha.state, asha.arrive_first, asha.promise_budget_seconds) == (State.PROMISED, False, None)


def test_a_proven_plate_answers_for_what_was_done_with_it_since() -> None:
    town = Town(packs=1)
    owner, other, vehicle = stranger_at_the_same_plate(town, "Asha")
    a_no_show(town, other, vehicle)
    Vehicle.objects.filter(pk=vehicle.pk).update(proven_at=clock.database_now())
    vehicle.refresh_from_db()
    before = placing.place(driver=owner, vehicle=vehicle, station=town.station, method="wallet")
    lifecycle.cancel(booking=before, by=owner)

    again = placing.place(driver=other, vehicle=vehicle, station=town.station, method="wallet")

    assert before.promise_budget_seconds is None
    assert again.promise_budget_seconds is not None


def never_seen(town: Town, booking: Booking, **proof: Any) -> Booking:
    """Says "here", and nobody confirms it for ten minutes."""
    arrival.claim_here(booking=booking, **proof)
    time_passes(booking, minutes=10.1)
    settle_line(line_id=booking.line_id)
    return Booking.objects.get(pk=booking.pk)


def test_a_position_that_nobody_confirms_counts_once_and_brings_no_second_extension() -> None:
    town = Town(packs=1)
    at = geo.Place(town.station.latitude, town.station.longitude)
    asha = town.books(town.driver("Asha"))
    lifecycle.extend(booking=asha, by=asha.driver)
    time_passes(asha, minutes=15)

    asha = never_seen(town, asha, position=at)

    assert asha.state == State.PROMISED
    with pytest.raises(lifecycle.AlreadyDone):
        lifecycle.extend(booking=asha, by=asha.driver)
    with pytest.raises(arrival.NotHere):
        arrival.claim_here(booking=asha, position=at)


def test_whom_nobody_has_confirmed_twice_keeps_the_place_and_gets_packs_once_seen() -> None:
    town = Town(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    asha = never_seen(town, asha, position=geo.Place(town.station.latitude, town.station.longitude))
    arrival.claim_here(booking=asha, poster_token=town.station.poster_token)
    time_passes(asha, minutes=10.1)

    # As it is read before a worker writes it down, and as it is written down.
    assert [queries.card(Booking.objects.get(pk=b.pk)).state for b in (asha, bala)] == [State.WAITING, State.PROMISED]
    settle_line(line_id=asha.line_id)

    assert states([asha, bala]) == [State.WAITING, State.PROMISED]
    town.add_pack()
    assert town.arrives(Booking.objects.get(pk=asha.pk)).state == State.ARRIVED


def test_who_was_not_seen_and_cancels_gets_what_was_left_and_no_whole_new_promise() -> None:
    town = Town(packs=1)
    driver = town.driver("Asha")
    asha = never_seen(town, town.books(driver), position=geo.Place(town.station.latitude, town.station.longitude))
    time_passes(asha, minutes=8)
    lifecycle.cancel(booking=Booking.objects.get(pk=asha.pk), by=driver)

    again = town.books(driver)

    assert again.promise_budget_seconds is not None
    assert again.promise_budget_seconds <= 120


def test_staff_who_find_nobody_let_the_promise_end_at_its_own_time_with_its_mark() -> None:
    town = Town(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    asha = town.says_here(asha)
    time_passes(asha, minutes=9)

    asha = arrival.not_here(booking=asha, by=town.staff)
    assert (asha.state, asha.here_claimed_at) == (State.PROMISED, None)
    time_passes(asha, minutes=1.1)
    settle_line(line_id=asha.line_id)

    asha.refresh_from_db()
    assert (asha.state, asha.end_reason, asha.no_show) == (State.EXPIRED, "overdue", True)
    assert states([bala]) == [State.PROMISED]


def test_staff_who_find_nobody_later_than_the_promise_would_have_lasted_end_it_at_once() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=9)
    town.says_here(asha)
    time_passes(asha, minutes=5)

    asha = arrival.not_here(booking=asha, by=town.staff)

    assert (asha.state, asha.no_show) == (State.EXPIRED, True)
    with pytest.raises(arrival.NobodyClaimed):
        arrival.not_here(booking=asha, by=town.staff)


def test_at_a_station_without_staff_here_confirms_itself() -> None:
    town = Town(packs=1, staffed=False)
    asha = town.books(town.driver("Asha"))

    asha = arrival.claim_here(booking=asha, position=geo.Place(town.station.latitude, town.station.longitude))

    assert asha.state == State.ARRIVED


@pytest.mark.parametrize("proof", [{"position": geo.Place(38.75, -9.14)}, {"poster_token": "another"}, {}])
def test_here_is_refused_from_elsewhere(proof: dict[str, object]) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))

    with pytest.raises(arrival.NotHere):
        arrival.claim_here(booking=asha, **proof)  # type: ignore[arg-type]  # one of the proofs


def test_a_driver_and_a_vehicle_have_one_live_booking_each() -> None:
    town = Town(packs=3)
    driver, other = town.driver("Asha"), town.driver("Bala")
    vehicle = town.vehicle_of(driver)
    vehicle.assignments.create(driver=other)
    town.books(driver)

    with pytest.raises(placing.AlreadyBooked):
        town.books(driver)
    with pytest.raises(placing.AlreadyBooked):
        placing.place(driver=other, vehicle=vehicle, station=town.station, method="account")


def test_an_overdue_booking_at_another_station_does_not_stand_in_the_way() -> None:
    here, there = Town(packs=1), Town(packs=1, takes_cash=True)
    driver = here.driver("Asha")
    first = here.books(driver)
    time_passes(first, minutes=11)
    there.pack_class = here.pack_class
    there.add_pack()
    there.tariff.__class__.objects.filter(pk=there.tariff.pk).update(pack_class=here.pack_class)

    second = placing.place(driver=driver, vehicle=here.vehicle_of(driver), station=there.station, method="cash")

    assert states([first, second]) == [State.EXPIRED, State.PROMISED]


def test_cancelling_in_the_last_five_minutes_is_a_no_show_and_before_it_is_not() -> None:
    town = Town(packs=2)
    early, late = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    time_passes(late, minutes=6)

    early, late = (lifecycle.cancel(booking=b, by=b.driver) for b in (early, late))

    assert (early.no_show, late.no_show) == (False, True)


def test_three_no_shows_make_arrive_first_and_the_driver_is_promised_once_here() -> None:
    town = Town(packs=1)
    driver = town.driver("Asha")
    for _time in range(3):
        booking = town.books(driver)
        time_passes(booking, minutes=40)
        settle_line(line_id=booking.line_id)
        time_passes(booking, minutes=40)
    assert conduct.arrive_first(driver=driver, vehicle=town.vehicle_of(driver), now=clock.database_now())

    booking = town.books(driver)

    assert (booking.state, booking.arrive_first) == (State.WAITING, True)
    assert town.arrives(booking).state == State.ARRIVED


def test_a_no_show_can_be_disputed_once_and_waived() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=11)
    settle_line(line_id=asha.line_id)
    asha.refresh_from_db()

    asha = conduct.dispute_no_show(booking=asha, words="I was there; the gate was shut.")
    with pytest.raises(conduct.MarkedAlready):
        conduct.dispute_no_show(booking=asha, words="again")
    asha = conduct.waive_no_show(booking=asha)

    assert not asha.no_show


def test_a_booking_that_we_have_failed_is_not_marked_by_staff_either() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    inventory.quarantine(pack=town.packs[0], reason="It is swollen.")
    town.add_pack()
    time_passes(asha, minutes=11)
    settle_line(line_id=asha.line_id)
    time_passes(asha, minutes=11)
    settle_line(line_id=asha.line_id)

    with pytest.raises(conduct.NothingToMark):
        conduct.mark_no_show(booking=asha)

    asha.refresh_from_db()
    assert (asha.end_reason, asha.no_show) == ("overdue", False)
    assert not tickets.ticket(asha).can_mark_no_show


def test_a_mark_that_was_taken_off_is_not_made_again() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=11)
    arrival.come_late(booking=asha, by=town.staff)

    with pytest.raises(conduct.NothingToMark):
        conduct.mark_no_show(booking=asha)

    assert not Booking.objects.get(pk=asha.pk).no_show


def test_when_a_promised_pack_fails_the_booking_is_first_for_the_next() -> None:
    town = Town(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))

    inventory.quarantine(pack=town.packs[0], reason="swollen cell")
    assert states([asha, bala]) == [State.WAITING, State.WAITING]
    town.add_pack()
    settle_line(line_id=asha.line_id)

    assert states([asha, bala]) == [State.PROMISED, State.WAITING]
    assert Booking.objects.get(pk=asha.pk).our_fault


def test_an_override_gets_the_next_pack_and_is_shown_to_whom_it_overtakes() -> None:
    town = Town(packs=0)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))

    overrides.let_go_first(booking=bala, by=town.staff, reason="Ambulance on duty")
    town.add_pack()
    settle_line(line_id=asha.line_id)

    assert states([asha, bala]) == [State.WAITING, State.PROMISED]
    (overtaken,) = queries.card(queries.booking_of(asha.driver, asha.public_id)).overtaken
    assert (overtaken.exception, overtaken.reason) == ("override", "Ambulance on duty")


def test_an_override_needs_a_reason() -> None:
    town = Town(packs=0)
    asha = town.books(town.driver("Asha"))

    with pytest.raises(overrides.ReasonMissing):
        overrides.let_go_first(booking=asha, by=town.staff, reason="  so ")


def test_overrides_are_limited_per_shift() -> None:
    town = Town(packs=0, override_cap_per_shift=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    overrides.let_go_first(booking=bala, by=town.staff, reason="Ambulance on duty")

    with pytest.raises(overrides.OverrideLimit):
        overrides.let_go_first(booking=asha, by=town.staff, reason="My cousin")


def test_every_live_promise_has_its_kept_pack_and_the_other_way_round() -> None:
    town = Town(packs=3)
    asha, _bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))

    lifecycle.cancel(booking=asha, by=asha.driver)

    kept = set(Pack.objects.filter(state=PackState.KEPT).values_list("pk", flat=True))
    assert kept == set(Promise.objects.filter(ended_at=None).values_list("pack_id", flat=True))
    assert len(kept) == 1


def test_while_a_station_is_down_nobody_loses_a_place_and_no_promise_is_made() -> None:
    town = Town(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))

    upkeep.mark_station_down(station=town.station, reason="No power", by=None)
    time_passes(asha, bala, minutes=60)
    settle_line(line_id=asha.line_id)

    assert states([asha, bala]) == [State.WAITING, State.WAITING]
    assert [queries.card(queries.booking_of(b.driver, b.public_id)).place for b in (asha, bala)] == [1, 2]


def test_when_a_station_opens_again_its_lines_go_on_in_the_order_they_had(
    django_capture_on_commit_callbacks: Any,
) -> None:
    town = Town(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    upkeep.mark_station_down(station=town.station, reason="No power", by=None)
    before, _now = snapshot.version_of(town.station.pk)

    with django_capture_on_commit_callbacks(execute=True):
        upkeep.open_station(station=town.station, by=None)

    assert states([asha, bala]) == [State.PROMISED, State.WAITING]
    assert snapshot.version_of(town.station.pk)[0] > before


def test_another_vehicle_of_the_same_driver_does_not_get_a_new_promise_either() -> None:
    town = Town(packs=1)
    driver = town.driver("Asha")
    first = town.books(driver)
    time_passes(first, minutes=3)
    lifecycle.cancel(booking=first, by=driver)
    second = VehicleFactory(pack_class=town.pack_class, fleet=town.fleet)
    second.assignments.create(driver=driver)

    again = placing.place(driver=driver, vehicle=second, station=town.station, method="account")

    assert (again.promise_ends_at - again.promised_at).total_seconds() <= 7 * 60


def test_who_was_failed_once_gets_no_mark_when_the_next_promise_runs_out() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    arrival.claim_here(booking=asha, poster_token=town.station.poster_token)
    time_passes(asha, minutes=11)
    settle_line(line_id=asha.line_id)

    time_passes(asha, minutes=31)
    settle_line(line_id=asha.line_id)

    asha.refresh_from_db()
    assert (asha.state, asha.our_fault, asha.no_show) == (State.EXPIRED, True, False)


def test_who_said_here_while_waiting_need_not_say_it_again_when_a_pack_comes() -> None:
    town = Town(packs=0)
    asha = town.books(town.driver("Asha"))
    arrival.claim_here(booking=asha, poster_token=town.station.poster_token)
    town.add_pack()

    settle_line(line_id=asha.line_id)

    asha.refresh_from_db()
    assert asha.state == State.PROMISED
    assert asha.here_claimed_at == asha.promised_at
    assert asha.lapses_at >= asha.promised_at + timedelta(minutes=10)


def test_the_price_that_was_seen_is_the_price_that_is_paid() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    new = tariffs.publish(
        network=town.station.network,
        station=town.station,
        pack_class=town.pack_class,
        currency="EUR",
        price_per_kwh=Decimal("0.9"),
        service_fee_minor=100,
        tax_rate_bp=2_300,
        valid_from=clock.database_now(),
    )

    with pytest.raises(placing.PriceChanged):
        town.books(asha, seen_tariff_id=town.tariff.pk)
    booking = town.books(asha, seen_tariff_id=new.pk)

    assert booking.tariff == new


def test_nobody_joins_a_line_outside_the_opening_hours() -> None:
    town = Town(packs=1, hours={"0": []})

    with pytest.raises(placing.StationNotOpen):
        town.books(town.driver("Asha"))


def test_cash_is_for_stations_that_take_it() -> None:
    town = Town(packs=1)

    with pytest.raises(placing.CashNotTaken):
        town.books(town.driver("Asha"), method="cash")


def test_the_same_position_again_is_no_news_and_another_is() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"), position=geo.Place(38.75, -9.14))
    version = snapshot.version_of(town.station.pk)[0]

    lifecycle.update_position(booking=asha, position=geo.Place(38.75, -9.14))

    assert snapshot.version_of(town.station.pk)[0] == version
    assert not asha.steps.filter(step="update_position").exists()
    nearer = lifecycle.update_position(booking=asha, position=geo.Place(38.73, -9.14))
    assert nearer.drive_seconds != asha.drive_seconds


def test_a_phone_that_never_stops_telling_its_position_is_asked_to_wait() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    for number in range(lifecycle.POSITIONS_A_MINUTE):
        lifecycle.update_position(booking=asha, position=geo.Place(38.70 + number / 100, -9.14))

    with pytest.raises(lifecycle.TooManyPositions):
        lifecycle.update_position(booking=asha, position=geo.Place(38.90, -9.14))
    time_passes(asha, minutes=1)
    lifecycle.update_position(booking=asha, position=geo.Place(38.90, -9.14))
