"""What drivers are told, and what not: each thing once, with the step that makes it true."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
from django.db import IntegrityError, transaction

from accounts.models import PushSubscription, User
from booking import arrival, bay, clock, failures, lifecycle, notice_words, notices, tasks
from booking.models import Booking, Delivery, Notice, Offer
from booking.notice_kinds import KINDS, Kind, Subject, Way, usual, ways
from booking.states import State
from payments.models import Payment
from stations import inventory, upkeep
from stations.models import Pack
from tests.factories.booking import Town, time_passes

pytestmark = pytest.mark.django_db


def told(booking: Booking) -> list[str]:
    return list(Notice.objects.filter(booking=booking).order_by("pk").values_list("kind", flat=True))


def a_waiting_driver(town: Town) -> Booking:
    """Bala, in line behind Asha, who has the only pack."""
    town.books(town.driver("Asha"))
    return town.books(town.driver("Bala"))


def promised_later(town: Town) -> Booking:
    bala = a_waiting_driver(town)
    town.add_pack()
    failures.settle_line(line_id=bala.line_id)
    return Booking.objects.get(pk=bala.pk)


def test_whoever_waited_is_told_when_the_pack_is_kept() -> None:
    bala = promised_later(Town(packs=1))

    assert bala.state == State.PROMISED
    assert told(bala) == ["promised"]


def test_whoever_is_promised_while_looking_at_the_page_is_not_told_what_it_shows() -> None:
    asha = Town(packs=1)

    booking = asha.books(asha.driver("Asha"))

    assert booking.state == State.PROMISED
    assert told(booking) == []


def test_a_step_that_is_rolled_back_leaves_no_notice() -> None:
    bala = a_waiting_driver(town := Town(packs=1))
    town.add_pack()

    with transaction.atomic():
        failures.settle_line(line_id=bala.line_id)
        inside = told(bala)
        transaction.set_rollback(True)

    assert (inside, told(bala)) == (["promised"], [])


def test_a_promise_that_runs_out_is_told_once_however_often_the_sweep_looks() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    notices.running_out(now=clock.database_now())
    before = told(asha)

    time_passes(asha, minutes=6)
    for _sweep in range(3):
        notices.running_out(now=clock.database_now())

    assert (before, told(asha)) == ([], ["running_out"])


def test_ten_more_minutes_are_a_promise_of_their_own_that_runs_out_again() -> None:
    town = Town(packs=1)
    driver = town.driver("Asha")
    asha = town.books(driver)
    time_passes(asha, minutes=6)
    notices.running_out(now=clock.database_now())

    lifecycle.extend(booking=asha, by=driver)
    notices.running_out(now=clock.database_now())
    time_passes(asha, minutes=9.5)
    notices.running_out(now=clock.database_now())

    assert told(asha) == ["running_out", "running_out"]


def test_whoever_is_here_is_not_told_that_time_runs_out() -> None:
    town = Town(packs=1)
    driver = town.driver("Asha")
    asha = town.books(driver)
    arrival.claim_here(booking=asha, poster_token=town.station.poster_token, by=driver)
    time_passes(asha, minutes=6)

    notices.running_out(now=clock.database_now())

    assert told(asha) == []


def test_whoever_waits_is_told_of_a_pack_that_is_not_full_and_not_of_the_promise_that_they_take() -> None:
    town = Town(packs=1)
    bala = a_waiting_driver(town)
    town.add_pack(soc_percent=72)
    failures.settle_line(line_id=bala.line_id)
    offer = Offer.objects.open().get(booking=bala)

    lifecycle.take_offer(booking=bala, offer_id=offer.pk, by=cast("User", bala.driver))

    assert told(bala) == ["offered"]


@pytest.mark.parametrize("over_by", ["answer", "time"])
def test_an_offer_that_is_over_is_not_told_any_more(over_by: str) -> None:
    town = Town(packs=1)
    bala = a_waiting_driver(town)
    town.add_pack(soc_percent=72)
    failures.settle_line(line_id=bala.line_id)
    offer, notice = Offer.objects.open().get(booking=bala), Notice.objects.get(booking=bala)
    before = notices.is_true(notice, now=clock.database_now())

    if over_by == "answer":
        lifecycle.keep_waiting(booking=bala, offer_id=offer.pk, by=cast("User", bala.driver))
    else:
        Offer.objects.filter(pk=offer.pk).update(ends_at=clock.database_now())

    assert (before, notices.is_true(notice, now=clock.database_now())) == (True, False)


def test_each_call_to_the_bay_is_told() -> None:
    town = Town(packs=1)
    asha = town.arrives(town.books(town.driver("Asha")))

    bay.call(booking=asha, by=town.staff)
    time_passes(asha, minutes=4)
    bay.miss_call(booking=asha, by=None)
    bay.call(booking=asha, by=town.staff)

    assert told(asha) == ["called", "called"]


def test_whoever_loses_the_pack_by_our_fault_is_told_so() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))

    inventory.quarantine(pack=Pack.objects.get(pk=town.packs[0].pk), reason="Swollen")

    assert told(asha) == ["moved_back"]


def test_whoever_said_here_and_was_not_confirmed_is_told_that_it_was_our_fault() -> None:
    town = Town(packs=1)
    driver = town.driver("Asha")
    asha = town.books(driver)
    arrival.claim_here(booking=asha, poster_token=town.station.poster_token, by=driver)
    town.books(town.driver("Bala"))
    time_passes(asha, minutes=11)

    failures.settle_line(line_id=asha.line_id)

    kinds = told(asha)
    assert kinds[0] == "moved_back"
    assert notice_words.of(Notice.objects.get(booking=asha, kind="moved_back")).title.startswith("Nobody confirmed")


def test_a_pack_that_fails_at_the_bay_is_seen_there_and_needs_no_telling() -> None:
    town = Town(packs=1)
    asha = bay.start(booking=town.arrives(town.books(town.driver("Asha"))), bay=town.bay, by=town.staff)

    inventory.quarantine(pack=Pack.objects.get(pk=town.packs[0].pk), reason="Swollen")

    assert told(asha) == []


def test_everybody_on_the_way_is_told_when_the_station_stops_and_when_it_works_again() -> None:
    town = Town(packs=1)
    bala = a_waiting_driver(town)
    asha = Booking.objects.get(line=bala.line, state=State.PROMISED)

    upkeep.mark_station_down(station=town.station, reason="Power cut", by=None)
    upkeep.open_station(station=town.station, by=None)

    assert told(bala) == ["station_failed", "station_opened"]
    assert told(asha)[:2] == ["station_failed", "station_opened"]


def test_a_station_that_is_closed_after_it_has_failed_is_not_told_again() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))

    upkeep.mark_station_down(station=town.station, reason="Power cut", by=None)
    upkeep.close_station(station=town.station, reason="Until tomorrow", by=None)

    assert told(asha) == ["station_failed"]


def test_whoever_joined_after_the_failure_is_not_told_that_it_is_over() -> None:
    town = Town(packs=2)
    upkeep.mark_station_down(station=town.station, reason="Power cut", by=None)
    upkeep.open_station(station=town.station, by=None)
    asha = town.books(town.driver("Asha"))

    upkeep.open_station(station=town.station, by=None)

    assert told(asha) == []


def test_whoever_cancels_knows_it() -> None:
    town = Town(packs=1)
    driver = town.driver("Asha")
    asha = town.books(driver)

    lifecycle.cancel(booking=asha, by=driver)

    assert told(asha) == []


def test_whoever_is_cancelled_by_somebody_else_is_told() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))

    lifecycle.cancel(booking=asha, by=town.staff)

    assert told(asha) == ["ended"]


def test_whoever_came_too_late_is_told_that_it_is_over() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=31)

    failures.settle_line(line_id=asha.line_id)

    assert told(asha) == ["ended"]
    assert "Your promise has ended" in notice_words.of(Notice.objects.get(booking=asha)).title


def test_a_payment_that_did_not_come_is_told_as_that() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"), carry_out=False)
    time_passes(asha, minutes=4)

    failures.settle_line(line_id=asha.line_id)

    assert told(asha) == ["payment_refused"]


def test_a_refused_payment_is_told() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"), carry_out=False)
    assert asha.payment is not None

    lifecycle.refuse_payment(payment_id=asha.payment.pk, reason="Declined")

    assert told(asha) == ["payment_refused"]


def test_a_finished_swap_is_told_with_its_price() -> None:
    town = Town(packs=1)

    asha = town.swaps(town.arrives(town.books(town.driver("Asha"))))

    assert told(asha) == ["completed"]
    said = notice_words.of(Notice.objects.get(booking=asha))
    assert "€" in said.title
    assert said.url == f"/b/{asha.public_id}/receipt/"


def test_a_swap_that_its_driver_owes_is_told_once_and_the_fleets_is_the_fleets() -> None:
    town = Town(packs=1)
    asha = town.swaps(town.arrives(town.books(town.driver("Asha"))))
    assert asha.payment is not None
    failures.payment_owed(payment_id=asha.payment.pk)
    of_the_fleet = told(asha)

    Payment.objects.filter(pk=asha.payment.pk).update(method="wallet", payer=asha.driver)
    for _refusal in range(2):
        failures.payment_owed(payment_id=asha.payment.pk)

    assert of_the_fleet == ["completed"]
    assert told(asha) == ["completed", "unpaid"]


def test_a_swap_that_is_paid_meanwhile_is_not_called_unpaid() -> None:
    town = Town(packs=1)
    asha = town.swaps(town.arrives(town.books(town.driver("Asha"))))
    assert asha.payment is not None
    own = Payment.objects.filter(pk=asha.payment.pk)
    own.update(method="wallet", payer=asha.driver, state="owed")
    failures.payment_owed(payment_id=asha.payment.pk)
    unpaid = Notice.objects.filter(booking=asha, kind="unpaid")
    before = notices.is_true(unpaid.get(), now=clock.database_now())

    own.update(state="captured")

    assert (before, notices.is_true(unpaid.get(), now=clock.database_now())) == (True, False)


def test_a_walk_in_without_an_account_is_told_by_staff_alone() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    Booking.objects.filter(pk=asha.pk).update(driver=None)

    lifecycle.cancel(booking=Booking.objects.get(pk=asha.pk), by=town.staff)

    assert told(asha) == []


def test_the_database_refuses_to_say_the_same_twice() -> None:
    bala = promised_later(Town(packs=1))
    again = Notice.objects.get(booking=bala)
    again.pk = None

    with pytest.raises(IntegrityError, match="one_notice_per_booking_kind_and_occasion"):
        again.save()


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.TEST, Kind.NOT_BOOKED)])
def test_every_kind_has_words(kind: Kind) -> None:
    town = Town(packs=1, name="Canal Street")
    asha = town.books(town.driver("Asha"))
    now = clock.database_now()
    notice = Notice(booking=asha, driver=asha.driver, kind=kind, at=now, good_until=now + KINDS[kind].good_for)

    said = notice_words.of(notice)

    assert "Canal Street" in f"{said.title} {said.body}"
    assert len(said.title) <= 60
    assert len(said.body) <= 140


class TestTruth:
    """What has become untrue, or is not worth saying any more."""

    def test_a_promise_that_is_still_kept_is_true(self) -> None:
        bala = promised_later(Town(packs=1))

        assert notices.is_true(Notice.objects.get(booking=bala), now=clock.database_now())

    def test_a_promise_that_has_ended_by_the_clock_is_not_although_no_worker_wrote_it_down(self) -> None:
        bala = promised_later(Town(packs=1))
        notice = Notice.objects.get(booking=bala)
        assert bala.lapses_at is not None

        assert not notices.is_true(notice, now=bala.lapses_at + timedelta(seconds=1))

    def test_whoever_is_back_in_line_because_we_did_not_look_is_still_on_the_way(self) -> None:
        town = Town(packs=1)
        asha = town.says_here(town.books(town.driver("Asha")))
        notices.station_failed(bookings=[asha], at=clock.database_now())
        notices.station_opened(station_id=town.station.pk, at=clock.database_now())
        opened = Notice.objects.get(booking=asha, kind="station_opened")
        assert asha.lapses_at is not None

        assert notices.is_true(opened, now=asha.lapses_at + timedelta(seconds=1))

    def test_the_first_of_two_promises_is_not(self) -> None:
        town = Town(packs=1)
        bala = promised_later(town)
        first = Notice.objects.get(booking=bala, kind="promised")
        inventory.quarantine(pack=bala.promises.get(ended_at=None).pack, reason="Swollen")
        town.add_pack()
        failures.settle_line(line_id=bala.line_id)
        second = Notice.objects.filter(booking=bala, kind="promised").latest("pk")

        now = clock.database_now()

        assert first.pk != second.pk
        assert [
            notices.is_true(n, now=now) for n in Notice.objects.filter(pk__in=[first.pk, second.pk]).order_by("pk")
        ] == [
            False,
            True,
        ]

    def test_a_call_that_was_answered_is_not(self) -> None:
        town = Town(packs=1)
        asha = bay.call(booking=town.arrives(town.books(town.driver("Asha"))), by=town.staff)
        bay.start(booking=asha, bay=town.bay, by=town.staff)

        assert not notices.is_true(Notice.objects.get(booking=asha, kind="called"), now=clock.database_now())

    def test_a_station_that_works_again_has_not_stopped(self) -> None:
        town = Town(packs=1)
        asha = town.books(town.driver("Asha"))
        upkeep.mark_station_down(station=town.station, reason="Power cut", by=None)
        before = notices.is_true(Notice.objects.get(booking=asha, kind="station_failed"), now=clock.database_now())

        upkeep.open_station(station=town.station, by=None)

        after = notices.is_true(Notice.objects.get(booking=asha, kind="station_failed"), now=clock.database_now())
        assert (before, after) == (True, False)


class TestWays:
    """By which ways, of those that a person has."""

    PHONE, ALL = frozenset({Way.SMS}), frozenset(Way)

    def test_who_has_a_number_alone_is_told_by_text_what_cannot_wait(self) -> None:
        by = {subject for subject in Subject if ways(subject=subject, has=self.PHONE, choices={})}

        assert by == {Subject.BAY, Subject.FAULT}

    def test_a_text_message_is_not_paid_for_where_a_phone_is_told_for_nothing(self) -> None:
        assert ways(subject=Subject.BAY, has=frozenset({Way.PUSH, Way.SMS}), choices={}) == [Way.PUSH]

    def test_but_it_goes_to_whoever_asked_for_it(self) -> None:
        chosen = {(Subject.BAY, Way.SMS): True}

        assert ways(subject=Subject.BAY, has=self.ALL, choices=chosen) == [Way.PUSH, Way.SMS]

    def test_what_must_be_told_finds_another_way_when_the_chosen_one_is_gone(self) -> None:
        chosen = {(Subject.FAULT, Way.SMS): True, (Subject.FAULT, Way.PUSH): False}

        assert ways(subject=Subject.FAULT, has=frozenset({Way.EMAIL}), choices=chosen) == [Way.EMAIL]

    def test_but_never_one_that_was_refused(self) -> None:
        chosen = {(Subject.FAULT, Way.EMAIL): False}

        assert ways(subject=Subject.FAULT, has=frozenset({Way.EMAIL}), choices=chosen) == []

    def test_nothing_else_is_told_against_all_choices(self) -> None:
        chosen = {(Subject.BAY, way): False for way in Way}

        assert ways(subject=Subject.BAY, has=self.ALL, choices=chosen) == []

    def test_receipts_make_no_phone_ring(self) -> None:
        assert not usual(subject=Subject.RECEIPT, way=Way.PUSH, told_by_push=True)


def deliveries_of(driver: User) -> list[tuple[str, str]]:
    rows = Delivery.objects.filter(notice__driver=driver).order_by("pk")
    return list(rows.values_list("notice__kind", "way"))


def test_each_phone_has_a_delivery_of_its_own_in_the_step_s_transaction() -> None:
    town = Town(packs=1)
    bala = a_waiting_driver(town)
    assert bala.driver is not None
    for name in ("one", "two"):
        PushSubscription.objects.create(user=bala.driver, endpoint=f"https://push.example/{name}")
    town.add_pack()

    failures.settle_line(line_id=bala.line_id)

    assert deliveries_of(bala.driver) == [("promised", "push"), ("promised", "push")]


def test_the_simulations_drivers_have_notices_that_nobody_is_sent() -> None:
    town = Town(packs=1)
    asha = town.arrives(town.books(town.driver("Asha")))
    assert asha.driver is not None
    User.objects.filter(pk=asha.driver.pk).update(is_simulated=True)

    bay.call(booking=asha, by=town.staff)

    assert (told(asha), deliveries_of(asha.driver)) == (["called"], [])


def test_what_was_told_is_kept_for_90_days_and_forgotten_in_a_night_batch_by_batch() -> None:
    town = Town(packs=1)
    asha = town.arrives(town.books(town.driver("Asha")))
    for _call in range(4):
        bay.call(booking=asha, by=town.staff)
    now = clock.database_now()
    young, *old = Notice.objects.order_by("pk")
    Notice.objects.filter(pk=young.pk).update(at=now - timedelta(days=89))
    Notice.objects.filter(pk__in=[notice.pk for notice in old]).update(at=now - timedelta(days=91))

    first = notices.forget_old(now=now, at_most=2)
    rest = tasks.forget_old_notices()

    assert (first, rest) == (2, 1)
    assert list(Notice.objects.all()) == [young]
    assert {delivery.notice_id for delivery in Delivery.objects.all()} == {young.pk}


def test_the_night_knows_that_it_forgets(settings: Any) -> None:
    assert settings.CELERY_BEAT_SCHEDULE[tasks.forget_old_notices.name]["task"] == tasks.forget_old_notices.name


def test_every_kind_stands_in_the_table() -> None:
    assert set(KINDS) == set(Kind)
