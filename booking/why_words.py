"""What `why` has found, in words: sentences for the page and the API, each with the rule that it goes by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking import presentation
from booking.why import WentAhead, Why


@dataclass(frozen=True, slots=True)
class Sentence:
    """`rule` is its number; None where none is needed to understand it. `words` are what staff wrote, as they did."""

    text: str
    rule: int | None = None
    at: datetime | None = None
    words: str = ""


def how_it_came(why: Why, zone: str) -> tuple[Sentence, ...]:
    """From joining until now, or until the packs were promised."""
    return (*_then(why, zone), *_since(why), *_own(why), *_now(why))


def who_went_ahead(why: Why) -> tuple[Sentence, ...]:
    return tuple(_ahead(one) for one in why.went_ahead)


def what_holds(why: Why) -> tuple[Sentence, ...]:
    """Why packs may be promised to others before this booking, as it stands now."""
    known = {
        "rule_1": Sentence(_("You want several packs and get them all at once: they gather for you."), 1),
        "rule_2": Sentence(_("You are far away still. Packs are promised to you once you are near enough."), 2),
        "used_up": Sentence(_("Your last promise here is used up. A pack is yours once you are here."), 2),
        "rule_6": Sentence(_("After several no-shows packs are kept for you only once you are here."), 6),
        "rule_10": Sentence(
            _("Your fleet has its share of the packs here. While others wait, packs are promised to them first."),
            10,
        ),
    }
    return tuple(known[hold] for hold in why.holds)


def _then(why: Why, zone: str) -> Iterable[Sentence]:
    at = {"time": presentation.clock(why.joined_at, zone), "count": why.before_then}
    if why.moved_at is not None:
        moved = _("You joined the line of another station at %(joined)s, and moved here at %(time)s with that place.")
        yield Sentence(moved % {"joined": at["time"], "time": presentation.clock(why.moved_at, zone)}, 7)
        said = ngettext(
            "%(count)d booking here had joined before you.",
            "%(count)d bookings here had joined before you.",
            why.before_then,
        )
        yield Sentence(said % at if why.before_then else _("Nobody here had joined before you."))
        return
    if not why.before_then:
        yield Sentence(_("You joined at %(time)s, and nobody was before you.") % at, 1)
        return
    said = ngettext(
        "You joined at %(time)s. %(count)d booking was before you.",
        "You joined at %(time)s. %(count)d bookings were before you.",
        why.before_then,
    )
    yield Sentence(said % at, 1)


def _since(why: Why) -> Iterable[Sentence]:
    if why.came_back:
        back = ngettext(
            "%(count)d came back before you, with the place that it had, because we had failed it.",
            "%(count)d came back before you, with the places that they had, because we had failed them.",
            why.came_back,
        )
        yield Sentence(back % {"count": why.came_back}, 7)
    if why.moved_in:
        moved = ngettext(
            "%(count)d that had joined before you moved here with that place, because its station failed.",
            "%(count)d that had joined before you moved here with their places, because their station failed.",
            why.moved_in,
        )
        yield Sentence(moved % {"count": why.moved_in}, 7)
    if why.served:
        served = ngettext(
            "%(count)d before you has been promised its packs.",
            "%(count)d before you have been promised their packs.",
            why.served,
        )
        yield Sentence(served % {"count": why.served}, 1)
    if why.left:
        left = ngettext("%(count)d before you has left.", "%(count)d before you have left.", why.left)
        yield Sentence(left % {"count": why.left})


def _own(why: Why) -> Iterable[Sentence]:
    for back in why.own_returns:
        if back.nobody_confirmed:
            yield Sentence(_("Nobody confirmed that you were here. You have the place that you had."), 5, back.at)
        else:
            yield Sentence(_("What was kept for you failed. You have the place that you had."), 7, back.at)


def _now(why: Why) -> Iterable[Sentence]:
    count = why.before_now
    if count is None:
        return
    if why.is_waiting:
        now = ngettext("Now %(count)d booking is before you.", "Now %(count)d bookings are before you.", count)
        yield Sentence(now % {"count": count} if count else _("Now nobody is before you."))
    elif why.had_packs and not count:
        yield Sentence(_("Then it was your turn, and your packs were promised to you."), 1)
    elif why.had_packs:
        ahead = ngettext(
            "Your packs were promised to you while %(count)d before you waited on.",
            "Your packs were promised to you while %(count)d before you waited on.",
            count,
        )
        rule = 8 if why.went_first == "override" else int(why.went_first.removeprefix("rule_") or 1)
        yield Sentence(ahead % {"count": count}, rule)


def _ahead(one: WentAhead) -> Sentence:
    if one.exception == "override" and one.at_bay:
        return Sentence(_("Staff let another vehicle into the bay first:"), 8, one.at, one.reason)
    if one.exception == "override":
        return Sentence(_("Staff let another driver go first:"), 8, one.at, one.reason)
    text = {
        "rule_1": _("While packs gathered for you, the next driver who could be served went once."),
        "rule_2": _("You were too far away to be promised a pack, or your promise here was used up."),
        "rule_6": _("After several no-shows packs were kept for you only once you were here."),
        "rule_10": _("Your fleet had its share of the packs here, so somebody who waited went first."),
        "rule_11": _("Another driver took a pack that was not full yet."),
    }.get(one.exception, _("By the rules of the line."))
    return Sentence(text, int(one.exception.removeprefix("rule_")), one.at)
