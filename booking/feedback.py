"""What drivers say after a booking: a rating, a report, and what we answer. Sole writer of Rating and Report."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import people
from accounts.models import User
from accounts.refusals import Refusal
from booking import history
from booking.clock import database_now
from booking.models import Booking, Rating, Report, ReportKind, SwapPack
from booking.states import OVER, ReportState, ReportStep, State, report_after

RATE_FOR = timedelta(days=30)
CHANGE_RATING_FOR = timedelta(days=7)
REPORT_FOR = timedelta(days=30)
REPORTS_A_DAY = 10
LONGEST_WORDS = 500
LONGEST_ANSWER = 1_000


class NothingToRate(Refusal):
    """There was no swap, or it is too long ago."""

    code = "nothing_to_rate"


class RatingStands(Refusal):
    """It was given more than a week ago."""

    code = "rating_stands"


class NothingToReport(Refusal):
    """The booking is not over yet, or it is too long ago."""

    code = "nothing_to_report"


class WordsMissing(Refusal):
    """Nobody can look at a report, or read an answer, that says nothing."""

    code = "words_missing"


class UnknownPack(Refusal):
    """The report is about a pack that did not go in or out at this swap."""

    code = "unknown_pack"


class ReportedAlready(Refusal):
    """The same matter is being looked at."""

    code = "reported_already"


class TooManyReports(Refusal):
    code = "too_many_reports"


class ReportIsAnswered(Refusal):
    """Somebody else was faster: the driver has the answer."""

    code = "report_is_answered"


def may_rate(booking: Booking, now: datetime) -> bool:
    return booking.state == State.COMPLETED and _within(booking.ended_at, RATE_FOR, now)


def words_of(booking: Booking) -> str:
    """What was said with the stars, for somebody who changes them."""
    return Rating.objects.filter(booking=booking).values_list("words", flat=True).first() or ""


def may_change(rating: Rating, now: datetime) -> bool:
    return _within(rating.given_at, CHANGE_RATING_FOR, now)


def may_report(booking: Booking, now: datetime) -> bool:
    return booking.state in OVER and _within(booking.ended_at, REPORT_FOR, now)


@transaction.atomic
def rate(*, booking: Booking, stars: int, words: str = "") -> Rating:
    """Give one to five stars, or change them within a week. Locks the driver and the booking.

    Raises NothingToRate, RatingStands, people.PersonDeleted.
    """
    booking, now = _locked(booking)
    said = words.strip()[:LONGEST_WORDS]
    rating = Rating.objects.filter(booking=booking).first()
    if rating is None:
        if not may_rate(booking, now):
            raise NothingToRate(_("A swap can be rated for 30 days."))
        return Rating.objects.create(
            booking=booking, station_id=booking.station_id, stars=stars, words=said, given_at=now
        )
    if not may_change(rating, now):
        raise RatingStands(_("A rating can be changed for seven days. Yours stands as it is."))
    rating.stars, rating.words, rating.changed_at = stars, said, now
    rating.save(update_fields=["stars", "words", "changed_at"])
    return rating


@transaction.atomic
def report(*, booking: Booking, kind: ReportKind, words: str) -> Report:
    """Tell what was wrong. Locks the driver and the booking.

    Raises WordsMissing, NothingToReport, ReportedAlready, TooManyReports, people.PersonDeleted.
    """
    if not words.strip():
        raise WordsMissing(_("Say in a few words what was wrong."))
    booking, now = _locked(booking)
    return _write(booking, now, kind=kind, words=words)


@transaction.atomic
def question_charge(*, booking: Booking, serial: str, shown_soc_percent: Decimal, words: str = "") -> Report:
    """Say that a pack's charge on the receipt is not what the vehicle showed. Locks the driver and the booking.

    What it costs is not touched here: finance refunds what has to be refunded. Raises UnknownPack and as `report`.
    """
    booking, now = _locked(booking)
    packs = SwapPack.objects.filter(booking=booking, undone_at=None, pack__serial=serial)
    swap_pack = packs.order_by("-pk").first()
    if swap_pack is None:
        raise UnknownPack(_("This pack did not go in or out at this swap."))
    return _write(
        booking, now, kind=ReportKind.CHARGE, words=words, swap_pack=swap_pack, shown_soc_percent=shown_soc_percent
    )


@transaction.atomic
def look(*, report: Report, by: User) -> Report:
    """An operator begins to look at it, and the driver sees that somebody does. Raises ReportIsAnswered."""
    return _step(report, ReportStep.LOOK, looked_at_at=database_now(), taken_by=by)


@transaction.atomic
def answer(*, report: Report, words: str, by: User) -> Report:
    """Tell the driver what came of it. Raises WordsMissing, ReportIsAnswered."""
    if not words.strip():
        raise WordsMissing(_("An answer needs words: the driver reads them."))
    said = words.strip()[:LONGEST_ANSWER]
    return _step(report, ReportStep.ANSWER, answered_at=database_now(), answer=said, taken_by=by)


def forget_person(*, driver: User) -> None:
    """What a driver wrote goes with them; stars and kinds say something about the station, and stay."""
    Rating.objects.filter(booking__driver=driver).update(words="")
    Report.objects.filter(booking__driver=driver).update(words="", answer="")


def _locked(booking: Booking) -> tuple[Booking, datetime]:
    """The booking as it is now, so that two taps follow each other; and the database's clock after that.

    The driver first, as their deletion does: words that came after it would stay for good.
    """
    if booking.driver is not None:
        people.still_here(user=booking.driver)
    return history.alone(booking), database_now()


def _write(booking: Booking, now: datetime, *, kind: ReportKind, words: str, **about: Any) -> Report:
    if not may_report(booking, now):
        raise NothingToReport(_("A booking can be reported for 30 days after its end."))
    if Report.objects.open().filter(booking=booking, kind=kind, swap_pack=about.get("swap_pack")).exists():
        raise ReportedAlready(_("You have told us this already. We are looking at it."))
    today = Report.objects.filter(booking__driver=booking.driver_id, made_at__gt=now - timedelta(days=1))
    # Two at one instant may both pass, from two bookings: this is a brake and not a promise.
    if booking.driver_id is not None and today.count() >= REPORTS_A_DAY:
        raise TooManyReports(_("That is a lot for one day. Please wait until tomorrow, or call the station."))
    return Report.objects.create(
        network_id=booking.network_id,
        station_id=booking.station_id,
        booking=booking,
        kind=kind,
        is_urgent=kind == ReportKind.SAFETY,
        words=words.strip()[:LONGEST_WORDS],
        made_at=now,
        **about,
    )


def _step(report: Report, step: ReportStep, **changed: Any) -> Report:
    held = Report.objects.select_for_update(of=("self",)).get(pk=report.pk)
    to_state = report_after(held.state, step)
    if to_state is None:
        raise ReportIsAnswered(
            _("The driver has an answer already.")
            if held.state == ReportState.ANSWERED
            else _("Somebody looks at it already.")
        )
    held.state = to_state
    for name, value in changed.items():
        setattr(held, name, value)
    held.save(update_fields=["state", *changed])
    return held


def _within(at: datetime | None, period: timedelta, now: datetime) -> bool:
    return at is not None and now - at <= period
