"""How right the forecasts of some weeks were, without the bookings behind it."""

from __future__ import annotations

from datetime import date, timedelta

from booking import clock
from booking.calibration import Adjustment, Chances
from booking.models import CalibrationDay
from tests.factories.booking import Town


def measured(town: Town, *, days: int = 30, cases: int = 40, adjusted_by: int = 560) -> list[CalibrationDay]:
    """Each of the last days, some better than others; the busiest hours are the hardest."""
    today = clock.database_now().date()
    rows = [_day(town, today - timedelta(days=back), back, cases, adjusted_by) for back in range(1, days + 1)]
    return CalibrationDay.objects.bulk_create(rows)


def _day(town: Town, day: date, number: int, cases: int, adjusted_by: int) -> CalibrationDay:
    coverage = 0.8 + 0.02 * (number % 5 - 2)
    score = {"cases": cases, "coverage": coverage, "median_width": 480.0 + 12 * (number % 7), "mean_error": 170.0}
    return CalibrationDay(
        network=town.station.network,
        day=day,
        bay_coverage=0.79,
        brier=0.083,
        by_part_of_day={
            str(part): score | {"cases": cases // 5, "coverage": coverage + 0.02 * (3 - part)} for part in range(1, 6)
        },
        by_class={str(town.pack_class.pk): score},
        by_occasion={"join": score, "promise": score | {"cases": cases // 2, "coverage": 0.83, "median_width": 300.0}},
        deciles=[
            {"number": tenth, "cases": 2 + tenth, "told": tenth / 10 + 0.05, "true": min(1.0, tenth / 10 + 0.06)}
            for tenth in (0, 3, 5, 7, 8, 9)
        ],
        adjusted_by=adjusted_by,
        adjustment=Adjustment().as_json(),
        bay_adjustment=Adjustment().as_json(),
        chances=Chances().as_json(),
        measured_at=clock.database_now(),
        **score,
    )
