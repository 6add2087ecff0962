"""What a driver told us after a booking and what became of it, as cards; and what a station should look at for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from booking import feedback
from booking.models import Booking, Direction, Rating, Report, ReportKind
from booking.states import ReportState, State
from stations.models import Pack, Station
from stations.states import PackState

STATES: dict[str, Promise] = {
    ReportState.RECEIVED: _("Received"),
    ReportState.LOOKED_AT: _("Being looked at"),
    ReportState.ANSWERED: _("Answered"),
}
ICONS = {
    ReportKind.CHARGE: "pack",
    ReportKind.PACK: "pack",
    ReportKind.VEHICLE: "scooter",
    ReportKind.STAFF: "person",
    ReportKind.STATION: "station",
    ReportKind.PRICE: "receipt",
    ReportKind.SAFETY: "alert",
}
# How long a board speaks of a danger that nobody has answered in the back office.
DANGER_SHOWN_FOR = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class RatingCard:
    """`can_change_until` is None once it stands."""

    stars: int
    words: str
    can_change_until: datetime | None


@dataclass(frozen=True, slots=True)
class ToldCard:
    """One report, or the dispute of a mark. Who answered is nobody's business but ours."""

    title: str
    icon: str
    is_urgent: bool
    state: str
    state_label: str
    at: datetime
    words: str
    serial: str
    shown_soc_percent: str
    answer: str
    answered_at: datetime | None

    @property
    def is_answered(self) -> bool:
        return self.state == ReportState.ANSWERED


@dataclass(frozen=True, slots=True)
class Afterwards:
    """All of it for one booking, and what may still be said."""

    rating: RatingCard | None
    told: tuple[ToldCard, ...]
    can_rate: bool
    can_report: bool
    can_question_charge: bool


def of_booking(booking: Booking, now: datetime) -> Afterwards:
    rating = Rating.objects.filter(booking=booking).first()
    reports = booking.reports.select_related("swap_pack__pack").order_by("-pk")
    can_report = feedback.may_report(booking, now)
    return Afterwards(
        rating=_rating_card(rating, now) if rating is not None else None,
        told=(*_dispute(booking), *(_told_card(report) for report in reports)),
        can_rate=feedback.may_change(rating, now) if rating is not None else feedback.may_rate(booking, now),
        can_report=can_report,
        can_question_charge=can_report and booking.state == State.COMPLETED,
    )


def reported_packs(station: Station) -> list[str]:
    """Packs that stand at this station and of which a driver says that they are damaged or hold less than shown."""
    still = ~Q(state=ReportState.ANSWERED)
    named = Report.objects.filter(still, swap_pack__isnull=False).values("swap_pack__pack")
    damaged = Report.objects.filter(still, kind=ReportKind.PACK, booking__swap_packs__undone_at=None).filter(
        booking__swap_packs__direction=Direction.OUT
    )
    here = Pack.objects.filter(station=station).exclude(state=PackState.QUARANTINED)
    rows = here.filter(Q(pk__in=named) | Q(pk__in=damaged.values("booking__swap_packs__pack")))
    return list(rows.order_by("serial").values_list("serial", flat=True))


def dangers(station: Station, now: datetime) -> list[Report]:
    """What drivers called dangerous here and nobody has answered."""
    recent = Report.objects.open().filter(station=station, is_urgent=True, made_at__gt=now - DANGER_SHOWN_FOR)
    return list(recent.select_related("booking").order_by("-made_at"))


def _rating_card(rating: Rating, now: datetime) -> RatingCard:
    until = rating.given_at + feedback.CHANGE_RATING_FOR
    return RatingCard(rating.stars, rating.words, until if feedback.may_change(rating, now) else None)


def _told_card(report: Report) -> ToldCard:
    shown = report.shown_soc_percent
    return ToldCard(
        title=str(ReportKind(report.kind).label),
        icon=ICONS[ReportKind(report.kind)],
        is_urgent=report.is_urgent,
        state=report.state,
        state_label=str(STATES[report.state]),
        at=report.made_at,
        words=report.words,
        serial=report.swap_pack.pack.serial if report.swap_pack is not None else "",
        shown_soc_percent=f"{shown.normalize():f}" if shown is not None else "",
        answer=report.answer,
        answered_at=report.answered_at,
    )


def _dispute(booking: Booking) -> list[ToldCard]:
    """The mark's dispute reads like a report: received, and then the answer."""
    if booking.no_show_disputed_at is None:
        return []
    answered_at = booking.no_show_answered_at or booking.no_show_waived_at
    state = ReportState.RECEIVED if answered_at is None else ReportState.ANSWERED
    taken_off = _("The mark is taken off.") if booking.no_show_waived_at is not None else ""
    return [
        ToldCard(
            title=str(_("It was no no-show")),
            icon="clock",
            is_urgent=False,
            state=state,
            state_label=str(STATES[state]),
            at=booking.no_show_disputed_at,
            words=booking.no_show_dispute,
            serial="",
            shown_soc_percent="",
            answer=booking.no_show_answer or str(taken_off),
            answered_at=answered_at,
        )
    ]
