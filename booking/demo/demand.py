"""When drivers come: more on weekdays, in the morning and in the evening, and a little more every month. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

# How many of a day's visits fall into each hour, from midnight, and what each weekday has, from Monday.
HOURS = (3, 2, 1, 1, 2, 4, 8, 11, 10, 7, 6, 7, 9, 8, 6, 6, 8, 11, 12, 10, 7, 5, 4, 3)
WEEKDAYS = (1.0, 0.98, 1.0, 1.05, 1.2, 0.95, 0.75)
GROWTH_A_DAY = 0.004


def visits(
    *, a_day: float, days: int, until: datetime, time_zone: str, opens: int, closes: int, random: Random
) -> Iterator[datetime]:
    """Instants of the last `days` days in order, each inside the opening hours and before `until`."""
    zone = ZoneInfo(time_zone)
    today = until.astimezone(zone).date()
    for age in range(days, -1, -1):
        day = today - timedelta(days=age)
        expected = a_day * WEEKDAYS[day.weekday()] * (1.0 - GROWTH_A_DAY * age)
        count = int(expected) + (random.random() < expected % 1)
        for instant in sorted(_instant(day, zone, opens, closes, random) for _visit in range(count)):
            if instant < until:
                yield instant


def _instant(day: date, zone: ZoneInfo, opens: int, closes: int, random: Random) -> datetime:
    hours = range(opens, closes)
    hour = random.choices(hours, [HOURS[h] for h in hours])[0]
    return datetime.combine(day, time(hour, random.randrange(60), random.randrange(60)), zone)
