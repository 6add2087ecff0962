"""The checks of promises hold on an honest database, and each of them sees its own kind of corruption."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import F

from booking import checks, lifecycle, overrides
from booking.failures import settle_line
from booking.models import Booking, BookingStep, Promise
from payments import operations
from payments.models import Payment
from stations.models import Pack
from tests.factories.booking import Town, time_passes

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> Town:
    """A town in which about everything has happened once."""
    town = Town(packs=3)
    done = town.swaps(town.arrives(town.books(town.driver("Asha"))))
    late = town.books(town.driver("Bala"))
    time_passes(done, late, minutes=31)
    settle_line(line_id=late.line_id)
    gone = lifecycle.cancel(booking=town.books(town.driver("Chitra")), by=None)
    town.arrives(town.books(town.driver("Diogo")))
    town.books(town.driver("Ella"))
    town.books(town.driver("Fai"))
    first = town.books(town.driver("Goran"))
    overrides.let_go_first(booking=first, by=town.staff, reason="Ambulance on duty")
    for booking in (done, late, gone):
        operations.carry_out_for(Booking.objects.get(pk=booking.pk).payment)
    return town


def broken() -> set[str]:
    return {result.sentence for result in checks.run(connection) if not result.holds}


def test_all_checks_hold_on_what_happened_and_each_examined_something(town: Town) -> None:
    results = checks.run(connection)

    assert [r for r in results if not r.holds] == []
    assert all(r.examined for r in results)


def promise_a_pack_to_nobody() -> None:
    Pack.objects.filter(promises=Promise.objects.filter(ended_at=None).first()).update(state="stored", kept_until=None)


def end_a_promise_and_keep_its_pack() -> None:
    Promise.objects.filter(pk=Promise.objects.filter(ended_at=None).first().pk).update(ended_at=F("made_at"))


def let_somebody_join_in_the_past() -> None:
    Booking.objects.filter(pk=Booking.objects.order_by("-sequence").first().pk).update(joined_at="2020-01-01T00:00Z")


def promise_out_of_turn() -> None:
    last = Booking.objects.filter(state="waiting").order_by("-sequence").first()
    last.steps.create(step="promise", from_state="waiting", to_state="promised", at=last.joined_at, line_sequence=1)


def invent_a_rule() -> None:
    BookingStep.objects.filter(step="join").update(exception="rule_99")


def forget_why() -> None:
    BookingStep.objects.filter(step="go_first").update(reason="")


def change_a_state_behind_the_history() -> None:
    BookingStep.objects.filter(booking__state="completed").update(to_state="arrived")


def change_a_price_afterwards() -> None:
    Booking.objects.filter(state="completed").update(price_minor=1)


def sell_what_was_not_swapped() -> None:
    Booking.objects.filter(state="completed").update(state="cancelled")


def keep_the_money_of_a_cancelled_booking() -> None:
    Payment.objects.filter(reference__in=Booking.objects.filter(state="cancelled").values("public_id")).update(
        state="authorised"
    )


def forget_to_ask_for_money() -> None:
    Booking.objects.filter(state="waiting").update(authorised_at=None)


@pytest.mark.parametrize(
    ("corrupt", "sentence"),
    [
        (promise_a_pack_to_nobody, "Every live promise is for a pack kept at its station, of its class."),
        (end_a_promise_and_keep_its_pack, "Every kept pack has a live promise."),
        (end_a_promise_and_keep_its_pack, "Bookings hold all of their packs or none."),
        (let_somebody_join_in_the_past, "Places in line were given in the order of joining."),
        (promise_out_of_turn, "Nobody was promised while somebody earlier waited, without a rule that allows it."),
        (invent_a_rule, "Every exception is one of the published rules or an override."),
        (forget_why, "Every override has its written reason."),
        (change_a_state_behind_the_history, "Every booking is in the state that its history ends with."),
        (change_a_price_afterwards, "Every finished swap has its sale, at its price."),
        (sell_what_was_not_swapped, "No sale stands for a swap that did not happen."),
        (
            keep_the_money_of_a_cancelled_booking,
            "Money of a booking that ended without a swap is let go, or on its way.",
        ),
        (forget_to_ask_for_money, "Every live booking's money is certain, or asked for in a row."),
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
