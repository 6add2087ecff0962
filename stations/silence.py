"""When a station that reports by itself counts as silent, and when as speaking again: docs/rules/line.md, rule 7."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# A report that is late is no fault yet, and a connection that is gone for minutes often comes back by itself.
MISSED_REPORTS = 3
SHORTEST = timedelta(minutes=15)
# One report may come through a connection that is gone again at once, and a whole line is told of each opening.
STEADY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a station's own reports at `now`, all by the database's clock.

    `since_at` is the first report after the last silence. `listening_since` is when the sweep began to look without a
    break: while it did not, nobody would have noticed, and often nothing could have come.
    """

    every_seconds: int
    reported_at: datetime
    since_at: datetime
    listening_since: datetime
    now: datetime


def longest(every_seconds: int) -> timedelta:
    """How long a station that reports every so many seconds may say nothing."""
    return max(SHORTEST, MISSED_REPORTS * timedelta(seconds=every_seconds))


def is_silent(heard: Heard) -> bool:
    """Whether it has said nothing for too long, while somebody listened."""
    since = max(heard.reported_at, heard.listening_since)
    return heard.now - since >= longest(heard.every_seconds)


def reports_steadily(heard: Heard, *, stopped_at: datetime) -> bool:
    """Whether it reports again since it was stopped, and its reports reach over a minute: one alone does not."""
    speaks = heard.now - heard.reported_at < longest(heard.every_seconds)
    return speaks and heard.reported_at - max(heard.since_at, stopped_at) >= STEADY
