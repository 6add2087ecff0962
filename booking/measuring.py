"""Sole writer of CalibrationDay: how right the forecasts of each day were, and by how much the next ones are adjusted.

By network, and from nobody else's bookings. Counted again for the same day, it is the same row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Network
from booking import calibration
from booking.calibration import Score
from booking.models import CalibrationDay, Told
from booking.states import Step

# Ranges are adjusted by these last days; a night that was missed is made up for within them.
ADJUSTED_BY_DAYS = 14


# More cases teach nothing more; of more, the latest count.
MOST_CASES = 50_000


@transaction.atomic
def measure(*, network: Network, now: datetime) -> int:
    """Measure yesterday by the network's clock, and the days before it that have no row; returns how many.

    Yesterday is measured again when it was before: swaps end after midnight, too.
    """
    zone = ZoneInfo(network.time_zone)
    yesterday = now.astimezone(zone).date() - timedelta(days=1)
    days = [yesterday - timedelta(days=back) for back in range(ADJUSTED_BY_DAYS)]
    measured = set(CalibrationDay.objects.filter(network=network, day__in=days).values_list("day", flat=True))
    missing = sorted({yesterday} | (set(days) - measured))
    for day in missing:
        figures = _measured(list(_known(network, day, day, zone))) | _learned(network, day, zone)
        CalibrationDay.objects.update_or_create(network=network, day=day, defaults=figures | {"measured_at": now})
    return len(missing)


def _known(network: Network, first: date, last: date, zone: ZoneInfo) -> QuerySet[Told]:
    """What was told on these days and has come true or not."""
    return Told.objects.filter(
        network=network,
        until_away__isnull=False,
        at__gte=datetime.combine(first, time.min, zone),
        at__lt=datetime.combine(last + timedelta(days=1), time.min, zone),
    ).order_by("-at")


def _learned(network: Network, day: date, zone: ZoneInfo) -> dict[str, Any]:
    """What the days that end with this one teach, by what was told to who had just joined."""
    first = day - timedelta(days=ADJUSTED_BY_DAYS - 1)
    lately = list(_known(network, first, day, zone).filter(occasion=Step.JOIN)[:MOST_CASES])
    away = calibration.adjust(calibration.Told(row.group, row.away, _true(row.until_away)) for row in lately)
    bay = calibration.adjust(calibration.Told(row.group, row.bay, _true(row.until_bay)) for row in lately)
    return {
        "adjusted_by": len(lately),
        "adjustment": away.as_json(),
        "bay_adjustment": bay.as_json(),
        "chances": calibration.rising([(row.ready_chance, bool(row.was_ready)) for row in lately]).as_json(),
    }


def _measured(rows: Sequence[Told]) -> dict[str, Any]:
    """How right it was, of one day. What is told later than at joining knows more, and stands apart."""
    joined = [row for row in rows if row.occasion == Step.JOIN]
    if not joined:
        empty: dict[str, Any] = dict.fromkeys(("coverage", "bay_coverage", "median_width", "mean_error", "brier"))
        return empty | {"cases": 0, "by_part_of_day": {}, "by_class": {}, "by_occasion": {}, "deciles": []}
    whole = _score(joined)
    ready = [(row.shown_ready_chance, bool(row.was_ready)) for row in joined]
    return {
        "cases": whole.cases,
        "coverage": whole.coverage,
        "bay_coverage": calibration.score([(row.shown_bay, _true(row.until_bay)) for row in joined]).coverage,
        "median_width": whole.median_width,
        "mean_error": whole.mean_error,
        "brier": calibration.brier(ready),
        "by_part_of_day": _scores(joined, lambda row: row.part_of_day),
        "by_class": _scores(joined, lambda row: row.pack_class_id),
        "by_occasion": _scores(rows, lambda row: row.occasion),
        "deciles": [asdict(tenth) for tenth in calibration.reliability(ready)],
    }


def _scores(rows: Iterable[Told], of: Callable[[Told], Hashable]) -> dict[str, dict[str, float]]:
    groups: dict[Hashable, list[Told]] = defaultdict(list)
    for row in rows:
        groups[of(row)].append(row)
    return {str(group): asdict(_score(several)) for group, several in groups.items()}


def _score(rows: Sequence[Told]) -> Score:
    return calibration.score([(row.shown_away, _true(row.until_away)) for row in rows])


def _true(seconds: float | None) -> float:
    assert seconds is not None, "only what is known is counted"
    return seconds
