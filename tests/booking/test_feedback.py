"""What drivers say after a booking: when it is heard, what is refused, and how an answer comes back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from booking import conduct, feedback, lifecycle
from booking.models import Booking, Rating, Report, ReportKind
from booking.states import REPORT_STEPS, ReportState, ReportStep, report_after
from tests.factories.booking import Town, time_passes

pytestmark = pytest.mark.django_db

A_DAY = 24 * 60


@pytest.fixture
def town() -> Town:
    return Town(packs=2)


@pytest.fixture
def swapped(town: Town) -> Booking:
    return town.swaps(town.arrives(town.books(town.driver("Asha"))))


def days_pass(booking: Booking, days: float) -> None:
    """The booking, and what was said of it, happened so much earlier."""
    time_passes(booking, minutes=days * A_DAY)
    passed = timedelta(days=days)
    for rating in Rating.objects.filter(booking=booking):
        Rating.objects.filter(pk=rating.pk).update(given_at=rating.given_at - passed)
    for told in Report.objects.filter(booking=booking):
        Report.objects.filter(pk=told.pk).update(made_at=told.made_at - passed)


# --- Ratings --------------------------------------------------------------------------------------------------------


def test_a_swap_has_one_rating_which_can_be_changed_within_a_week(swapped: Booking) -> None:
    first = feedback.rate(booking=swapped, stars=2, words="Long wait")
    days_pass(swapped, 6.9)

    changed = feedback.rate(booking=swapped, stars=4)

    assert (changed.pk, changed.stars, changed.words) == (first.pk, 4, "")
    assert changed.changed_at is not None


def test_a_rating_stands_after_a_week(swapped: Booking) -> None:
    feedback.rate(booking=swapped, stars=2)
    days_pass(swapped, 7.1)

    with pytest.raises(feedback.RatingStands):
        feedback.rate(booking=swapped, stars=5)


def test_a_swap_is_rated_within_thirty_days_and_not_after(swapped: Booking) -> None:
    days_pass(swapped, 29.9)
    feedback.rate(booking=swapped, stars=5)
    Rating.objects.all().delete()
    days_pass(swapped, 0.2)

    with pytest.raises(feedback.NothingToRate):
        feedback.rate(booking=swapped, stars=5)


def test_without_a_swap_there_is_nothing_to_rate(town: Town) -> None:
    asha = town.driver("Asha")
    booking = lifecycle.cancel(booking=town.books(asha), by=asha)

    with pytest.raises(feedback.NothingToRate):
        feedback.rate(booking=booking, stars=1)


@pytest.mark.parametrize("stars", [0, 6])
def test_the_database_knows_no_other_number_of_stars(swapped: Booking, stars: int) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        feedback.rate(booking=swapped, stars=stars)


# --- Reports --------------------------------------------------------------------------------------------------------


def test_a_report_is_received_looked_at_and_answered(town: Town, swapped: Booking) -> None:
    told = feedback.report(booking=swapped, kind=ReportKind.STATION, words=" Bay 1 is dark ")

    looked_at = feedback.look(report=told, by=town.staff)
    answered = feedback.answer(report=looked_at, words="The lamp is new. Thank you.", by=town.staff)

    assert (told.state, told.words, told.network, told.station) == (
        "received",
        "Bay 1 is dark",
        swapped.network,
        swapped.station,
    )
    assert looked_at.state == "looked_at"
    assert looked_at.looked_at_at is not None
    assert (answered.state, answered.answer) == ("answered", "The lamp is new. Thank you.")
    assert answered.answered_at is not None


@pytest.mark.parametrize("kind", list(ReportKind))
def test_danger_alone_is_urgent(swapped: Booking, kind: ReportKind) -> None:
    if kind == ReportKind.CHARGE:
        return

    assert feedback.report(booking=swapped, kind=kind, words="Look").is_urgent is (kind == ReportKind.SAFETY)


@pytest.mark.parametrize("state", list(ReportState))
@pytest.mark.parametrize("step", list(ReportStep))
def test_a_step_that_the_table_does_not_have_is_refused(
    town: Town, swapped: Booking, state: ReportState, step: ReportStep
) -> None:
    told = feedback.report(booking=swapped, kind=ReportKind.STATION, words="Dark")
    if state != ReportState.RECEIVED:
        feedback.look(report=told, by=town.staff)
    if state == ReportState.ANSWERED:
        feedback.answer(report=told, words="Seen", by=town.staff)
    told.refresh_from_db()

    def act() -> Report:
        if step == ReportStep.LOOK:
            return feedback.look(report=told, by=town.staff)
        return feedback.answer(report=told, words="Done", by=town.staff)

    if (state, step) in REPORT_STEPS:
        assert act().state == report_after(state, step)
    else:
        with pytest.raises(feedback.ReportIsAnswered):
            act()


def test_an_answer_and_a_report_need_words(town: Town, swapped: Booking) -> None:
    with pytest.raises(feedback.WordsMissing):
        feedback.report(booking=swapped, kind=ReportKind.PRICE, words="  ")
    told = feedback.report(booking=swapped, kind=ReportKind.PRICE, words="Too much")
    with pytest.raises(feedback.WordsMissing):
        feedback.answer(report=told, words=" ", by=town.staff)


def test_the_same_matter_is_told_once_while_it_is_open(town: Town, swapped: Booking) -> None:
    told = feedback.report(booking=swapped, kind=ReportKind.STATION, words="Dark")
    feedback.report(booking=swapped, kind=ReportKind.STAFF, words="Rude")

    with pytest.raises(feedback.ReportedAlready):
        feedback.report(booking=swapped, kind=ReportKind.STATION, words="Still dark")
    feedback.answer(report=told, words="Seen", by=town.staff)
    feedback.report(booking=swapped, kind=ReportKind.STATION, words="Dark again")

    assert Report.objects.filter(booking=swapped, kind="station").count() == 2


def test_a_booking_that_ended_without_a_swap_can_be_reported_too(town: Town) -> None:
    asha = town.driver("Asha")
    booking = lifecycle.cancel(booking=town.books(asha), by=asha)

    assert feedback.report(booking=booking, kind=ReportKind.STATION, words="The gate was shut").state == "received"


def test_a_booking_that_runs_and_one_of_long_ago_are_not_reported(town: Town, swapped: Booking) -> None:
    running = town.books(town.driver("Bala"))
    days_pass(swapped, 30.1)

    for booking in (running, swapped):
        with pytest.raises(feedback.NothingToReport):
            feedback.report(booking=booking, kind=ReportKind.STATION, words="Dark")


def test_a_person_reports_ten_times_a_day_at_most(swapped: Booking, town: Town) -> None:
    kinds = [ReportKind.STATION, ReportKind.STAFF, ReportKind.PRICE, ReportKind.VEHICLE, ReportKind.PACK]
    for _time in range(2):
        for kind in kinds:
            told = feedback.report(booking=swapped, kind=kind, words="Look")
            feedback.answer(report=told, words="Seen", by=town.staff)

    with pytest.raises(feedback.TooManyReports):
        feedback.report(booking=swapped, kind=ReportKind.STATION, words="Look")
    days_pass(swapped, 1.1)

    assert feedback.report(booking=swapped, kind=ReportKind.STATION, words="Look").pk


def test_a_report_of_charge_names_the_pack_and_what_the_vehicle_shows(swapped: Booking) -> None:
    went_out = swapped.swap_packs.get(direction="out")

    told = feedback.question_charge(booking=swapped, serial=went_out.pack.serial, shown_soc_percent=Decimal(81))

    assert (told.kind, told.swap_pack, told.shown_soc_percent) == ("charge", went_out, Decimal(81))


def test_a_pack_of_another_swap_is_not_known(town: Town, swapped: Booking) -> None:
    theirs = town.swaps(town.arrives(town.books(town.driver("Chitra"))))
    serial = theirs.swap_packs.get(direction="out").pack.serial

    with pytest.raises(feedback.UnknownPack):
        feedback.question_charge(booking=swapped, serial=serial, shown_soc_percent=Decimal(50))


# --- The dispute of a mark ------------------------------------------------------------------------------------------


@pytest.fixture
def marked(town: Town) -> Booking:
    return town.stays_away(town.driver("Asha"))


def test_a_dispute_ends_with_a_reason_that_the_driver_reads(town: Town, marked: Booking) -> None:
    disputed = conduct.dispute_no_show(booking=marked, words="The gate was shut")

    kept = conduct.keep_no_show(booking=disputed, words="The gate was open all day.")

    assert (kept.no_show, kept.no_show_answer) == (True, "The gate was open all day.")
    assert kept.no_show_answered_at is not None


def test_a_dispute_is_answered_once_and_with_words(town: Town, marked: Booking) -> None:
    disputed = conduct.dispute_no_show(booking=marked, words="The gate was shut")
    with pytest.raises(conduct.ReasonMissing):
        conduct.keep_no_show(booking=disputed, words=" ")
    conduct.keep_no_show(booking=disputed, words="It was open.")

    with pytest.raises(conduct.MarkedAlready):
        conduct.keep_no_show(booking=disputed, words="It really was.")


def test_a_mark_that_nobody_disputes_is_not_kept(town: Town, marked: Booking) -> None:
    with pytest.raises(conduct.NothingToMark):
        conduct.keep_no_show(booking=marked, words="Stays")


def test_a_mark_that_is_taken_off_answers_its_dispute(town: Town, marked: Booking) -> None:
    disputed = conduct.dispute_no_show(booking=marked, words="The gate was shut")

    waived = conduct.waive_no_show(booking=disputed, words="It was. We are sorry.")

    assert (waived.no_show, waived.no_show_answer) == (False, "It was. We are sorry.")
    assert waived.no_show_answered_at == waived.no_show_waived_at
