"""What of a card moves in place (`fields`) and what makes it another card (`shape`). Page, poll and socket use both.

A phone replaces the text of `[data-field=NAME]`; when the shape differs it fetches the card anew. A place in a line of
500 that moves by one is therefore a few bytes for each phone, and no request.
"""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime, timedelta
from zlib import crc32

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking import endings, presentation
from booking.queries import BookingCard
from booking.snapshot import Snapshot
from booking.states import State
from booking.waits import Wait

# Vehicles that the picture of a line draws; whoever is behind them sees "+12" beside it.
DRAWN_AHEAD = 5
# What a clock of an estimate is rounded up to.
STEP_SECONDS = 300

# What may change while the card stays the card. Everything else on it is part of its shape.
_MOVING = {"at", "version", "place", "of", "wait", "bay_place", "bay_wait", "vehicles_at_bay"}
_SHAPING = tuple(field.name for field in dataclasses.fields(BookingCard) if field.name not in _MOVING)


def fields(card: BookingCard) -> dict[str, str]:
    """The texts that move, by the name of their `data-field`, in the language that is active."""
    texts = {"at_bay": str(card.vehicles_at_bay), "say": say(card)}
    ahead = _ahead(card)
    if ahead is not None:
        texts |= {"ahead": str(ahead), "queue_more": f"+{ahead - DRAWN_AHEAD}" if ahead > DRAWN_AHEAD else ""}
    if card.place is not None:
        texts |= {"place": str(card.place), "of": str(card.of)}
    if card.bay_place is not None:
        texts |= {"bay_place": str(card.bay_place)}
    if card.wait is not None:
        texts |= {"wait": _until(card.wait), "wait_clock": _clock(card.wait, card)}
    if card.bay_wait is not None:
        texts |= {"bay_wait": _until(card.bay_wait)}
    if (wait := card.wait or card.bay_wait) is not None and wait.silent_minutes:
        texts |= {"silence": presentation.silence(wait.silent_minutes)}
    return texts


def shape(card: BookingCard) -> str:
    """One word for the layout and everything on the card that does not move; the state stands in front, to be read."""
    ahead = _ahead(card)
    drawn = None if ahead is None else min(ahead, DRAWN_AHEAD + 1)
    whole = (drawn, _kind(card.wait), _kind(card.bay_wait), *(getattr(card, name) for name in _SHAPING))
    return f"{card.state}-{crc32(repr(whole).encode()):08x}"


def _kind(wait: Wait | None) -> tuple[bool, bool] | None:
    """What the words around a wait depend on; they are not among the texts that move."""
    return None if wait is None else (wait.is_calibrated, wait.silent_minutes > 0)


def etag(card: BookingCard) -> str:
    """For the polled fragment: the same as long as nothing that it shows has changed, whatever the version."""
    return f'"{shape(card)}-{crc32(repr(fields(card)).encode()):08x}"'


def board_shape(seen: Snapshot, stamp: str) -> str:
    """The same for a staff board, which is fetched anew whenever anything on it changes; `stamp` is its metal."""
    standings = sorted((pk, s.state, s.place, s.bay_place, s.offer is None) for pk, s in seen.standings.items())
    return f"{seen.version}-{crc32(repr((seen.status, stamp, standings)).encode()):08x}"


def board_fields(seen: Snapshot) -> dict[str, str]:
    return {"arrived": str(seen.arrived), "swapping": str(seen.swapping)}


def say(card: BookingCard) -> str:
    """The sentence that a screen reader is told when it changes: short, and without what ticks."""
    if card.move is not None:
        words = {"station": card.station_name, "other": card.move.station_name}
        return _("Nobody can be served at %(station)s. You may move to %(other)s with your place.") % words
    if card.has_stopped:
        return _("The station has stopped. Your place is kept, and nothing is charged.")
    if card.nobody_came:
        return _("Nobody confirmed that you are here. That is our fault, and your place is kept.")
    if card.offer is not None:
        return _("A pack that is charged to %(soc)d percent is offered to you for a minute.") % {
            "soc": card.offer.soc_percent
        }
    if card.state == State.WAITING and card.place is not None:
        return _("Your place is %(place)d of %(of)d.") % {"place": card.place, "of": card.of}
    if card.state == State.PROMISED:
        return _promised(card)
    if card.state == State.ARRIVED and (card.call_ends_at is not None or card.bay_place is not None):
        return _at_bay(card)
    if card.state in (State.EXPIRED, State.CANCELLED):
        return endings.reason(card)
    return {State.SWAPPING: _("The swap has begun."), State.COMPLETED: _("The swap is finished.")}.get(card.state, "")


def is_urgent(card: BookingCard) -> bool:
    """Whether that sentence may interrupt what a screen reader is saying: somebody has to act within minutes."""
    return card.offer is not None or (card.state == State.ARRIVED and card.call_ends_at is not None)


def _promised(card: BookingCard) -> str:
    if card.here_claimed_at is not None:
        return _("You have said that you are here. Show your code to staff.")
    if card.promise_ends_at is None:
        return _("A pack is kept for you.")
    return _("A pack is kept for you until %(time)s.") % {"time": _at(card.promise_ends_at, card)}


def _at_bay(card: BookingCard) -> str:
    if card.call_ends_at is not None:
        words = {"bay": card.bay_number, "time": _at(card.call_ends_at, card)}
        if card.bay_number is None:
            return _("It is your turn: drive into the bay now. It waits for you until %(time)s.") % words
        return _("It is your turn: drive into bay %(bay)d now. It waits for you until %(time)s.") % words
    assert card.bay_place is not None
    ahead = card.bay_place - 1
    if not ahead:
        return _("You are next at the bay.")
    return ngettext("%(ahead)d vehicle is before you.", "%(ahead)d vehicles are before you.", ahead) % {"ahead": ahead}


def _at(instant: datetime, card: BookingCard) -> str:
    return presentation.clock(instant, card.station_time_zone)


def _until(wait: Wait) -> str:
    return presentation.wait_range(wait) if wait.high_seconds else _("any moment")


def _clock(wait: Wait, card: BookingCard) -> str:
    """When the wait is over, to five minutes: more would be a promise, and would never stand still."""
    likely = (card.at + timedelta(seconds=wait.likely_seconds)).timestamp()
    at = datetime.fromtimestamp(math.ceil(likely / STEP_SECONDS) * STEP_SECONDS, UTC)
    return _at(at, card)


def _ahead(card: BookingCard) -> int | None:
    """How many are before this driver, in the line or at the bay."""
    place = card.place if card.place is not None else card.bay_place
    return None if place is None else place - 1
