"""What the demo's drivers said after their swaps of the past: ratings of some, and of two a report with its answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from accounts.models import User
from booking.demo.network import Founded
from booking.models import Booking, Direction, Rating, Report, ReportKind, SwapPack
from booking.states import ReportState, State

RATED = 0.3
STARS = (5, 5, 5, 4, 4, 3, 2)
SAID = {
    5: ("Faster than petrol.", "Friendly at the bay.", "", ""),
    4: ("Good, a short wait.", "", ""),
    3: ("The way in is hard to find at night.", ""),
    2: ("Twelve minutes for a pack that was promised.",),
}
SHOWN_LESS_PERCENT = 9


def write(*, founded: Founded, visitors: Sequence[User], staff: User, random: Random, now: datetime) -> None:
    """Nobody says anything later than they could have: words come minutes after the swap, answers the day after."""
    swapped = Booking.objects.filter(network=founded.network, state=State.COMPLETED, driver__isnull=False)
    recent = swapped.filter(ended_at__gt=now - timedelta(days=30)).order_by("pk")
    Rating.objects.bulk_create(_rating(booking, random) for booking in recent if random.random() < RATED)
    for visitor in visitors:
        of_visitor = list(recent.filter(driver=visitor, ended_at__lt=now - timedelta(days=2)).order_by("-ended_at")[:2])
        Report.objects.bulk_create(_reports(of_visitor, staff))


def _rating(booking: Booking, random: Random) -> Rating:
    assert booking.ended_at is not None
    stars = random.choice(STARS)
    return Rating(
        booking=booking,
        station_id=booking.station_id,
        stars=stars,
        words=random.choice(SAID[stars]),
        given_at=booking.ended_at + timedelta(minutes=random.randint(1, 40)),
    )


def _reports(bookings: Sequence[Booking], staff: User) -> list[Report]:
    """The last swap: a question about its charge, answered. The one before: the way in, being looked at."""
    reports = []
    for number, booking in enumerate(bookings):
        assert booking.ended_at is not None
        told_at = booking.ended_at + timedelta(minutes=25)
        if number == 0:
            went_out = SwapPack.objects.filter(booking=booking, direction=Direction.OUT).first()
            assert went_out is not None
            reports.append(
                _report(
                    booking,
                    ReportKind.CHARGE,
                    told_at,
                    staff,
                    swap_pack=went_out,
                    shown_soc_percent=went_out.soc_percent - SHOWN_LESS_PERCENT,
                    words="The dashboard showed less right after I drove off.",
                    state=ReportState.ANSWERED,
                    answered_at=told_at + timedelta(hours=20),
                    answer="We measured the pack again: it holds what the receipt says. Your vehicle learns the new "
                    "pack within two trips, and then shows the same.",
                )
            )
        else:
            words = "The sign to the bay is broken, I drove past it twice."
            reports.append(
                _report(booking, ReportKind.STATION, told_at, staff, words=words, state=ReportState.LOOKED_AT)
            )
    return reports


def _report(booking: Booking, kind: ReportKind, at: datetime, staff: User, **more: object) -> Report:
    return Report(
        network_id=booking.network_id,
        station_id=booking.station_id,
        booking=booking,
        kind=kind,
        made_at=at,
        looked_at_at=at + timedelta(hours=1),
        taken_by=staff,
        **more,
    )
