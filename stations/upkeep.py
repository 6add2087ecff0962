"""The only writer of a station's status and of bays: opened, closed, down, out of service and back."""

from __future__ import annotations

import logging

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import Refusal
from stations import reporting, signals, silence
from stations.models import SILENCE, Bay, Slot, Station, new_poster_token
from stations.states import BayState, StationStatus

logger = logging.getLogger(__name__)


class ReasonMissing(Refusal):
    """Closing wants a reason: drivers and the next shift will read it."""

    code = "reason_missing"


class BayExists(Refusal):
    """The station has a bay of this number already."""

    code = "bay_exists"


@transaction.atomic
def open_station(*, station: Station, by: User | None) -> Station:
    """Also after `planned`: the first opening of a new station.

    Whoever opens it knows better than its silence, which stops it again only once it has reported (rule 7).
    """
    station = _open(_locked(station), by=by)
    reporting.forget(station_id=station.pk)
    return station


@transaction.atomic
def close_station(*, station: Station, reason: str, by: User | None) -> Station:
    """Closed on purpose. Its live bookings hear of it in the same transaction."""
    return _stop(station, StationStatus.CLOSED, reason=reason, by=by)


@transaction.atomic
def mark_station_down(*, station: Station, reason: str, by: User | None) -> Station:
    """Closed by a fault: no power, no connection."""
    return _stop(station, StationStatus.DOWN, reason=reason, by=by)


@transaction.atomic
def stop_if_silent(*, station: Station) -> bool:
    """Mark a station as down that is open and has stopped reporting by itself; whether it was so.

    What is believed outside counts for nothing: with the lines, the station and its report locked it is decided again,
    so that a report that comes at this moment wins.
    """
    _announce_failing(station)
    station = _locked(station)
    heard = reporting.lock(station_id=station.pk)
    if station.status != StationStatus.OPEN or heard is None or not silence.is_silent(heard):
        return False
    station = _set_status(station, StationStatus.DOWN, reason=SILENCE, by=None, is_silent=True)
    signals.station_failed.send(Station, station=station, reason=SILENCE)
    return True


@transaction.atomic
def open_if_it_reports_again(*, station: Station) -> bool:
    """Open a station that its silence has stopped, and nobody has touched since, when it reports steadily; whether so.

    Locks the station and its report.
    """
    station = _locked(station)
    heard = reporting.lock(station_id=station.pk)
    if not station.is_silent or station.status_changed_at is None or heard is None:
        return False
    if not silence.reports_steadily(heard, stopped_at=station.status_changed_at):
        return False
    _open(station, by=None)
    return True


@transaction.atomic
def renew_poster(*, station: Station, by: User | None) -> Station:
    """A new code for the poster: from now on the old one proves nothing. For a poster that was copied off site."""
    station = _locked(station)
    station.poster_token = new_poster_token()
    station.save(update_fields=["poster_token"])
    logger.info("poster_renewed", extra={"station": station.pk, "by": by and by.pk})
    return station


@transaction.atomic
def take_bay_out_of_service(*, bay: Bay, reason: str, by: User | None) -> Bay:
    reason = _reason(reason)
    bay = _set_bay(bay, BayState.OUT_OF_SERVICE, reason=reason, by=by)
    signals.bay_failed.send(Bay, bay=bay, reason=reason)
    return bay


@transaction.atomic
def put_bay_back_in_service(*, bay: Bay, by: User | None) -> Bay:
    bay = _set_bay(bay, BayState.OPEN, reason="", by=by)
    signals.bay_opened.send(Bay, bay=bay)
    return bay


@transaction.atomic
def add_bay(*, station: Station, number: int) -> Bay:
    """A new, open bay."""
    try:
        with transaction.atomic():
            return Bay.objects.create(station=station, number=number)
    except IntegrityError as error:
        if "one_bay_per_number" not in str(error):
            raise
        raise BayExists(_("The station has a bay %(number)s already.") % {"number": number}) from error


def _stop(station: Station, status: StationStatus, *, reason: str, by: User | None) -> Station:
    reason = _reason(reason)
    _announce_failing(station)
    station = _set_status(_locked(station), status, reason=reason, by=by)
    signals.station_failed.send(Station, station=station, reason=reason)
    return station


def _announce_failing(station: Station) -> None:
    """Whoever keeps lines locks them now, before the station is."""
    classes = Slot.objects.filter(station=station).order_by("pack_class_id").values_list("pack_class_id", flat=True)
    signals.failing.send(Station, station_id=station.pk, pack_class_ids=list(classes.distinct()))


def _open(station: Station, *, by: User | None) -> Station:
    station = _set_status(station, StationStatus.OPEN, reason="", by=by)
    signals.station_opened.send(Station, station=station)
    return station


def _locked(station: Station) -> Station:
    return Station.objects.select_for_update(no_key=True).get(pk=station.pk)


def _set_status(
    station: Station, status: StationStatus, *, reason: str, by: User | None, is_silent: bool = False
) -> Station:
    """`station` is locked."""
    station.status, station.status_reason, station.is_silent = status, reason, is_silent
    station.status_changed_at, station.status_changed_by = Now(), by
    station.save(update_fields=["status", "status_reason", "is_silent", "status_changed_at", "status_changed_by"])
    station.refresh_from_db(fields=["status_changed_at"])
    logger.info("station_status_set", extra={"station": station.pk, "status": status.value, "by": by and by.pk})
    return station


def _set_bay(bay: Bay, state: BayState, *, reason: str, by: User | None) -> Bay:
    bay = Bay.objects.select_for_update(no_key=True).get(pk=bay.pk)
    bay.state, bay.state_reason = state, reason
    bay.save(update_fields=["state", "state_reason"])
    logger.info("bay_state_set", extra={"bay": bay.pk, "state": state.value, "by": by and by.pk})
    return bay


def _reason(text: str) -> str:
    reason = text.replace("\0", "").strip()[:200]
    if not reason:
        raise ReasonMissing(_("Say why: drivers and the next shift will read it."))
    return reason
