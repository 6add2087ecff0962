"""Two at the same moment after a booking: one rating, report, dispute, answer. Each is also run without its guard."""

from __future__ import annotations

from functools import partial

import pytest

from booking import conduct, feedback
from booking.models import Booking, Rating, Report, ReportKind
from tests.concurrency.race import no_row_locks, second_while_first_holds, without_constraint
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def swapped() -> Booking:
    town = Town.with_a_line(packs=1)
    return town.swaps(town.arrives(town.books(town.driver("Asha"))))


def test_of_two_ratings_at_once_the_second_changes_the_first(swapped: Booking) -> None:
    outcomes = second_while_first_holds(
        partial(feedback.rate, booking=swapped, stars=2), partial(feedback.rate, booking=swapped, stars=4)
    )

    assert outcomes == ("done", "done")
    assert Rating.objects.get().stars == 4


def test_without_the_bookings_lock_the_second_rating_would_fail(swapped: Booking) -> None:
    with no_row_locks():
        outcomes = second_while_first_holds(
            partial(feedback.rate, booking=swapped, stars=2), partial(feedback.rate, booking=swapped, stars=4)
        )

    assert outcomes == ("done", "IntegrityError")


def test_of_two_reports_of_one_matter_at_once_one_is_heard(swapped: Booking) -> None:
    tell = partial(feedback.report, booking=swapped, kind=ReportKind.SAFETY, words="A cable is bare")

    outcomes = second_while_first_holds(tell, tell)

    assert outcomes == ("done", "reported_already")
    assert Report.objects.count() == 1


def test_without_lock_and_constraint_it_would_be_heard_twice(swapped: Booking) -> None:
    tell = partial(feedback.report, booking=swapped, kind=ReportKind.SAFETY, words="A cable is bare")

    with without_constraint("one_open_report_per_matter"):
        with no_row_locks():
            second_while_first_holds(tell, tell)
        heard = Report.objects.count()
        Report.objects.all().delete()

    assert heard == 2


@pytest.fixture
def marked() -> Booking:
    town = Town(packs=1)
    return town.stays_away(town.driver("Asha"))


def test_of_two_disputes_at_once_the_second_is_not_thanked_for_words_that_nobody_reads(marked: Booking) -> None:
    outcomes = second_while_first_holds(
        partial(conduct.dispute_no_show, booking=marked, words="The gate was shut"),
        partial(conduct.dispute_no_show, booking=marked, words="The gate was locked"),
    )

    assert outcomes == ("done", "marked_already")
    assert Booking.objects.get(pk=marked.pk).no_show_dispute == "The gate was shut"


def test_without_the_locks_both_would_be_thanked(marked: Booking) -> None:
    dispute = partial(conduct.dispute_no_show, booking=marked, words="The gate was shut")

    with no_row_locks():
        outcomes = second_while_first_holds(dispute, dispute)

    assert outcomes == ("done", "done")


def test_of_two_operators_at_once_one_answers_a_dispute(marked: Booking) -> None:
    disputed = conduct.dispute_no_show(booking=marked, words="The gate was shut")

    outcomes = second_while_first_holds(
        partial(conduct.keep_no_show, booking=disputed, words="It was open all day."),
        partial(conduct.waive_no_show, booking=disputed, words="It was. We are sorry."),
    )

    assert outcomes == ("done", "marked_already")
    kept = Booking.objects.get(pk=marked.pk)
    assert (kept.no_show, kept.no_show_answer) == (True, "It was open all day.")


def test_without_the_lock_the_second_answer_would_stand_over_the_first(marked: Booking) -> None:
    disputed = conduct.dispute_no_show(booking=marked, words="The gate was shut")

    with no_row_locks():
        outcomes = second_while_first_holds(
            partial(conduct.keep_no_show, booking=disputed, words="It was open all day."),
            partial(conduct.waive_no_show, booking=disputed, words="It was. We are sorry."),
        )

    assert outcomes == ("done", "done")
    assert not Booking.objects.get(pk=marked.pk).no_show
