"""The only writer of what is known of stations' own reports: when each was last heard, and since when we listen.

A station's report row is locked after the station's own row and before packs, so that a report that comes while the
station is about to be stopped is waited for, or waits. All instants are by the database's clock.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.contrib.postgres.functions import TransactionNow
from django.db.models import Case, F, When
from django.db.models.functions import Now

from stations import silence
from stations.models import SelfReport, Station, Watch
from stations.silence import Heard

# Of the many readings in one message one is noted; it is of minutes that silence is counted in.
NOTED_EVERY = timedelta(seconds=5)
# A sweep that comes this late has not listened meanwhile.
LONGEST_BREAK = timedelta(minutes=1)


def note(*, station_id: int) -> None:
    """The station has just reported by itself; nothing for one that is not said to. Locks its report until the end."""
    every = Station.objects.filter(pk=station_id).values_list("reports_every_seconds", flat=True).first()
    report = SelfReport.objects.filter(station_id=station_id)
    # Lately by the start of the transaction, so that one that notes nothing at first takes no lock later on.
    if every is None or report.filter(reported_at__gt=TransactionNow() - NOTED_EVERY).exists():
        return
    was_silent = When(reported_at__lte=Now() - silence.longest(every), then=Now())
    if not report.update(since_at=Case(was_silent, default=F("since_at")), reported_at=Now()):
        first = SelfReport(station_id=station_id, reported_at=Now(), since_at=Now())
        SelfReport.objects.bulk_create([first], ignore_conflicts=True)


def forget(*, station_id: int) -> None:
    """As if it had never reported: until it does, its silence says nothing."""
    SelfReport.objects.filter(station_id=station_id).delete()


def listen() -> None:
    """The sweep looks now. After a break of its own every station has its whole time again."""
    began = When(looked_at__lt=Now() - LONGEST_BREAK, then=Now())
    if not Watch.objects.update(since_at=Case(began, default=F("since_at")), looked_at=Now()):
        Watch.objects.bulk_create([Watch(since_at=Now(), looked_at=Now())], ignore_conflicts=True)


def heard(station_ids: Collection[int]) -> dict[int, Heard]:
    """What is known of these stations' reports, without those that do not report by themselves or never have."""
    listening_since = Watch.objects.values_list("since_at", flat=True).first()
    if listening_since is None:
        return {}
    rows = (
        SelfReport.objects.filter(station__in=station_ids)
        .annotate(now=Now())
        .values_list("station_id", "station__reports_every_seconds", "reported_at", "since_at", "now")
    )
    return {pk: Heard(every, at, since_at, listening_since, now) for pk, every, at, since_at, now in rows if every}


def lock(*, station_id: int) -> Heard | None:
    """The same of one station as it is now, with its report locked: none comes until the transaction ends."""
    list(SelfReport.objects.select_for_update(no_key=True).filter(station_id=station_id))
    # After the lock, by the clock of a statement that begins only now.
    return heard([station_id]).get(station_id)
