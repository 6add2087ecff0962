"""When a station is open, from its weekly hours and its own time zone. Pure.

Hours are {"0": [["06:00", "22:00"]], …}: weekdays from Monday, spans half-open. A span whose end is not after its start
runs into the next day; "24:00" ends a day; a weekday without spans is closed; no weekdays at all means always open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts.refusals import Refusal

Hours = Mapping[str, Sequence[Sequence[str]]]

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


class BadHours(Refusal):
    """Opening hours that cannot be read."""

    code = "bad_hours"


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether it is open now; until when, or from when again. Neither is given when that never changes."""

    is_open: bool
    closes_at: datetime | None = None
    opens_at: datetime | None = None


def opening(hours: Hours, *, time_zone: str, now: datetime) -> Opening:
    if not hours:
        return Opening(is_open=True)
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    # Yesterday's last span may still run; a week ahead shows every weekday once.
    for start, end in _joined(_spans(hours, today - timedelta(days=1), zone)):
        if now < start:
            return Opening(is_open=False, opens_at=start)
        if now < end:
            is_endless = end - now > timedelta(days=7)
            return Opening(is_open=True, closes_at=None if is_endless else end)
    return Opening(is_open=False)


def check_hours(value: object) -> None:
    """Refuse what `opening` could not read."""
    if not isinstance(value, Mapping):
        raise BadHours(_("Hours are an object with weekdays from 0 (Monday) to 6."))
    for weekday, spans in value.items():
        if weekday not in {"0", "1", "2", "3", "4", "5", "6"}:
            raise BadHours(_("A weekday is a number from 0 (Monday) to 6."))
        if not isinstance(spans, list) or not all(map(_is_span, spans)):
            raise BadHours(_('The hours of a day are pairs of times, such as [["06:00", "22:00"]].'))


def _is_span(span: object) -> bool:
    return (
        isinstance(span, list)
        and len(span) == 2
        and all(isinstance(clock, str) and _CLOCK.fullmatch(clock) for clock in span)
    )


def _spans(hours: Hours, first: date, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    # Nine days: from yesterday to the same weekday a week from today.
    for offset in range(10):
        day = first + timedelta(days=offset)
        for opens, closes in sorted(map(tuple, hours.get(str(day.weekday()), []))):
            next_day = closes <= opens
            yield _instant(day, opens, zone), _instant(day + timedelta(days=next_day), closes, zone)


def _instant(day: date, clock: str, zone: ZoneInfo) -> datetime:
    if clock == "24:00":
        return datetime.combine(day + timedelta(days=1), time(), zone)
    return datetime.combine(day, time.fromisoformat(clock), zone)


def _joined(spans: Iterator[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Spans that touch or overlap, as one: a station open to midnight and from midnight does not close."""
    current: tuple[datetime, datetime] | None = None
    for start, end in spans:
        if current and start <= current[1]:
            current = (current[0], max(current[1], end))
            continue
        if current:
            yield current
        current = (start, end)
    if current:
        yield current
