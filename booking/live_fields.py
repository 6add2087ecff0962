"""What of a card moves in place (`fields`) and what makes it another card (`shape`). Page, poll and socket use both.

A phone replaces the text of `[data-field=NAME]`; when the shape differs it fetches the card anew. A place in a line of
500 that moves by one is therefore a few bytes for each phone, and no request.
"""

from __future__ import annotations

import dataclasses
from zlib import crc32

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking import presentation
from booking.estimate import Wait
from booking.queries import BookingCard
from booking.snapshot import Snapshot
from booking.states import State

# Vehicles that the picture of a line draws; whoever is behind them sees "+12" beside it.
DRAWN_AHEAD = 5

# What may change while the card stays the card. Everything else on it is part of its shape.
_MOVING = {"at", "version", "place", "of", "wait", "bay_place", "vehicles_at_bay"}
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
        texts |= _wait(card.wait)
    return texts


def shape(card: BookingCard) -> str:
    """One word for the layout and everything on the card that does not move; the state stands in front, to be read."""
    ahead = _ahead(card)
    drawn = None if ahead is None else min(ahead, DRAWN_AHEAD + 1)
    whole = (drawn, card.wait is None, *(getattr(card, name) for name in _SHAPING))
    return f"{card.state}-{crc32(repr(whole).encode()):08x}"


def etag(card: BookingCard) -> str:
    """For the polled fragment: the same as long as nothing that it shows has changed, whatever the version."""
    return f'"{shape(card)}-{crc32(repr(fields(card)).encode()):08x}"'


def board_shape(seen: Snapshot, stamp: str) -> str:
    """The same for a staff board, which is fetched anew whenever anything on it changes; `stamp` is its metal."""
    standings = sorted((pk, s.state, s.place, s.bay_place) for pk, s in seen.standings.items())
    return f"{seen.version}-{crc32(repr((seen.status, stamp, standings)).encode()):08x}"


def board_fields(seen: Snapshot) -> dict[str, str]:
    return {"arrived": str(seen.arrived), "swapping": str(seen.swapping)}


def say(card: BookingCard) -> str:
    """The sentence that a screen reader is told when it changes: short, and without what ticks."""
    if card.state == State.WAITING and card.place is not None:
        return _("Your place is %(place)d of %(of)d.") % {"place": card.place, "of": card.of}
    if card.state == State.PROMISED:
        return _("A pack is kept for you.")
    if card.state == State.ARRIVED and card.bay_place is not None:
        ahead = card.bay_place - 1
        if not ahead:
            return _("You are next at the bay.")
        return ngettext("%(ahead)d vehicle is before you.", "%(ahead)d vehicles are before you.", ahead) % {
            "ahead": ahead
        }
    return {
        State.SWAPPING: _("The swap has begun."),
        State.COMPLETED: _("The swap is finished."),
        State.EXPIRED: _("This booking has ended: its time was up."),
        State.CANCELLED: _("This booking was cancelled."),
    }.get(card.state, "")


def _wait(wait: Wait) -> dict[str, str]:
    if not wait.high_seconds:
        return {"wait": _("any moment"), "wait_likely": _("any moment")}
    return {"wait": presentation.wait_range(wait), "wait_likely": presentation.minutes(wait.likely_seconds)}


def _ahead(card: BookingCard) -> int | None:
    """How many are before this driver, in the line or at the bay."""
    place = card.place if card.place is not None else card.bay_place
    return None if place is None else place - 1
