"""The checks of promises hold on an honest database, and each of them sees its own kind of corruption."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from booking import bay, lifecycle, moving, overrides, proofs, tasks
from booking.failures import settle_line
from booking.models import Booking, BookingStep, Delivery, MoveOffer, Notice, Promise, Tariff
from payments import operations
from payments.models import Payment
from stations.models import Pack
from tests.factories.booking import Town, time_passes

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> Town:
    """A town in which about everything has happened once."""
    town = Town(packs=3)
    _somebody_swaps_here_who_came_from_a_cheaper_station(town)
    done = town.swaps(town.arrives(town.books(town.driver("Asha"))))
    late = town.books(town.driver("Bala"))
    time_passes(done, late, minutes=31)
    settle_line(line_id=late.line_id)
    gone = lifecycle.cancel(booking=town.books(town.driver("Chitra")), by=None)
    bay.call(booking=town.arrives(town.books(town.driver("Diogo"))), by=town.staff)
    town.books(town.driver("Ella"))
    town.books(town.driver("Fai"))
    first = town.books(town.driver("Goran"))
    overrides.let_go_first(booking=first, by=town.staff, reason="Ambulance on duty")
    town.books(town.driver("Hana", fleet=town.add_fleet()))
    town.add_pack()
    town.add_pack()
    settle_line(line_id=first.line_id)
    town.books(town.driver("Ines"))
    town.add_pack(soc_percent=72)
    settle_line(line_id=first.line_id)
    _somebody_moves_here(town)
    town.books(town.driver("Jana"))
    for booking in (done, late, gone):
        operations.carry_out_for(Booking.objects.get(pk=booking.pk).payment)
    return town


def _somebody_moves_here(town: Town) -> None:
    """From a station without packs, past somebody who joined later."""
    empty = town.second_station("Empty")
    Pack.objects.filter(station=empty).update(soc_percent=20)
    moves = town.books(town.driver("Hana"), station=empty)
    Pack.objects.filter(station=empty).delete()
    town.books(town.driver("Ines"))
    tasks.plan_moves()
    moving.accept(booking=moves, offer_id=MoveOffer.objects.get(booking=moves).pk, by=town.staff)


def _somebody_swaps_here_who_came_from_a_cheaper_station(town: Town) -> None:
    cheap = town.second_station("Cheap")
    Pack.objects.filter(station=cheap).update(soc_percent=20)
    Tariff.objects.filter(station=cheap).update(service_fee_minor=10)
    moves = town.books(town.driver("Kofi"), station=cheap)
    Pack.objects.filter(station=cheap).update(state="quarantined")
    tasks.plan_moves()
    moved = moving.accept(booking=moves, offer_id=MoveOffer.objects.get(booking=moves).pk, by=town.staff)
    swapped = town.swaps(town.arrives(moved))
    operations.carry_out_for(Payment.objects.get(pk=swapped.payment_id))
    cheap.status = "closed"
    cheap.save(update_fields=["status"])
    time_passes(swapped, minutes=60)
    town.add_pack()


def broken() -> set[str]:
    return {result.sentence for result in proofs.run(connection) if not result.holds}


def test_all_checks_hold_on_what_happened_and_each_examined_something(town: Town) -> None:
    results = proofs.run(connection)

    assert [r for r in results if not r.holds] == []
    assert all(r.examined for r in results)


def promise_a_pack_to_nobody() -> None:
    Pack.objects.filter(promises=Promise.objects.filter(ended_at=None).first()).update(state="stored", kept_until=None)


def end_a_promise_and_keep_its_pack() -> None:
    Promise.objects.filter(pk=Promise.objects.filter(ended_at=None).first().pk).update(ended_at=F("made_at"))


def let_somebody_join_in_the_past() -> None:
    Booking.objects.filter(pk=Booking.objects.order_by("-sequence").first().pk).update(joined_at="2020-01-01T00:00Z")


def move_somebody_up() -> None:
    Booking.objects.filter(steps__step="move").update(joined_at=F("joined_at") - timedelta(hours=1))


def move_without_an_offer() -> None:
    MoveOffer.objects.update(end_reason="stayed")


def pass_without_a_word() -> None:
    BookingStep.objects.filter(exception="rule_7").update(exception="rule_1")


def promise_out_of_turn() -> None:
    last = Booking.objects.filter(state="waiting").order_by("-sequence").first()
    last.steps.create(step="promise", from_state="waiting", to_state="promised", at=last.joined_at, line_sequence=1)


def invent_a_rule() -> None:
    BookingStep.objects.filter(step="join").update(exception="rule_99")


def forget_who_stood_back() -> None:
    BookingStep.objects.filter(step="pass_over", exception="rule_10").delete()


def forget_why() -> None:
    BookingStep.objects.filter(step="go_first").update(reason="")


def change_a_state_behind_the_history() -> None:
    BookingStep.objects.filter(booking__state="completed").update(to_state="arrived")


def change_a_price_afterwards() -> None:
    Booking.objects.filter(state="completed").update(price_minor=1)


def make_the_price_there_dearer_afterwards() -> None:
    Tariff.objects.filter(station__name="Cheap").update(service_fee_minor=500)
    MoveOffer.objects.filter(booking__state="completed").update(
        station_tariff=Tariff.objects.get(service_fee_minor=500)
    )


def forget_that_somebody_moved() -> None:
    MoveOffer.objects.filter(booking__state="completed").update(end_reason="stayed")


def sell_what_was_not_swapped() -> None:
    Booking.objects.filter(state="completed").update(state="cancelled")


def keep_the_money_of_a_cancelled_booking() -> None:
    Payment.objects.filter(reference__in=Booking.objects.filter(state="cancelled").values("public_id")).update(
        state="authorised"
    )


def forget_to_ask_for_money() -> None:
    Booking.objects.filter(state="waiting").update(authorised_at=None)


def forget_to_tell() -> None:
    Notice.objects.filter(kind="ended").delete()


def leave_a_message_lying() -> None:
    Delivery.objects.update(state="planned", next_try_at=Now() - timedelta(minutes=16), ended_at=None)


@pytest.mark.parametrize(
    ("corrupt", "sentence"),
    [
        (promise_a_pack_to_nobody, "Every live promise is for a pack kept at its station, of its class."),
        (end_a_promise_and_keep_its_pack, "Every kept pack is promised or offered to somebody."),
        (end_a_promise_and_keep_its_pack, "Bookings hold all of their packs or none."),
        (let_somebody_join_in_the_past, "Numbers in line were given in the order of coming to it."),
        (move_somebody_up, "Whoever moved to another line has the place of joining."),
        (move_without_an_offer, "Whoever moved was offered that station, and took the offer."),
        (pass_without_a_word, "Whoever was passed by somebody who moved reads why."),
        (
            promise_out_of_turn,
            "Nobody was promised or offered a pack while somebody earlier waited, without a rule that allows it.",
        ),
        (invent_a_rule, "Every exception is one of the published rules or an override."),
        (forget_who_stood_back, "Whoever went ahead by rule 10 did so of somebody who stood back by it."),
        (forget_why, "Every override has its written reason."),
        (change_a_state_behind_the_history, "Every booking is in the state that its history ends with."),
        (change_a_price_afterwards, "Every finished swap has its sale, at its price."),
        (sell_what_was_not_swapped, "No sale stands for a swap that did not happen."),
        (
            make_the_price_there_dearer_afterwards,
            "What a station's parties have less because another failed is written down to be made up.",
        ),
        (
            forget_that_somebody_moved,
            "What a station's parties have less because another failed is written down to be made up.",
        ),
        (
            keep_the_money_of_a_cancelled_booking,
            "Money of a booking that ended without a swap is let go, or on its way.",
        ),
        (forget_to_ask_for_money, "Every live booking's money is certain, or asked for in a row."),
        (forget_to_tell, "Every step that its driver must hear of has its notice."),
        (leave_a_message_lying, "No notice waits for a quarter of an hour to be sent."),
    ],
)
def test_a_corruption_is_seen_by_the_check_that_looks_for_it(
    town: Town, corrupt: Callable[[], None], sentence: str
) -> None:
    corrupt()

    assert sentence in broken()


@pytest.mark.parametrize(
    ("constraint", "statement", "sentence"),
    [
        (
            "DROP INDEX one_live_promise_per_pack",
            "UPDATE booking_promise SET pack_id = (SELECT min(pack_id) FROM booking_promise) WHERE ended_at IS NULL",
            "No pack has two live promises.",
        ),
        (
            "ALTER TABLE booking_booking DROP CONSTRAINT promise_has_an_end",
            "UPDATE booking_booking SET lapses_at = NULL WHERE state = 'promised'",
            "Every promise has its end in its row.",
        ),
    ],
)
def test_what_the_database_refuses_is_seen_where_its_constraint_is_gone(
    town: Town, constraint: str, statement: str, sentence: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(constraint)
        cursor.execute(statement)

    assert sentence in broken()
