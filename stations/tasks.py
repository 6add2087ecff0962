"""What Celery does every second for stations: stop those that have fallen silent, open those that report again."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from celery import shared_task
from django.db import DatabaseError, transaction
from django.db.models.functions import Now

from accounts import lock_waits
from stations import reporting, silence, upkeep
from stations.models import Station
from stations.states import StationStatus

log = structlog.get_logger(__name__)


@shared_task(ignore_result=True)
def watch_silence() -> int:
    """Stop who is silent and open who reports again, a transaction each; how many. Harmless twice, and in any order.

    Nothing is locked to find them, and with the locks it is decided again.
    """
    reporting.listen()
    return sum(_try(upkeep.stop_if_silent, station) for station in _silent()) + sum(
        _try(upkeep.open_if_it_reports_again, station) for station in _back()
    )


def _silent() -> list[Station]:
    open_ones = Station.objects.filter(status=StationStatus.OPEN, reports_every_seconds__isnull=False)
    perhaps = open_ones.filter(self_report__reported_at__lte=Now() - silence.SHORTEST)
    heard = reporting.heard(perhaps.values_list("pk", flat=True))
    return [station for station in perhaps if station.pk in heard and silence.is_silent(heard[station.pk])]


def _back() -> list[Station]:
    """Of those that spoke lately; there are few, so that the others' clocks need not be looked at."""
    return list(Station.objects.filter(is_silent=True, self_report__reported_at__gt=Now() - silence.SHORTEST))


def _try(act: Callable[..., bool], station: Station) -> bool:
    """One station's trouble is not the others': it is logged, and looked at again in a second."""
    try:
        with transaction.atomic():
            lock_waits.limit()
            return act(station=station)
    except DatabaseError as failure:
        log.warning("sweep_put_off", act=act.__name__, station=station.pk, error=str(failure))
        return False
