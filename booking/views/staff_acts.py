"""What staff can do with a booking, one act each: how it is asked, done, and said afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.refusals import Refusal
from booking import arrival, bay, conduct, lifecycle, moving, overrides, tickets
from booking.models import Booking
from booking.staff_forms import NoteForm, ReasonForm
from booking.states import State
from booking.tickets import Ticket


@dataclass(frozen=True, slots=True)
class Told:
    """What came with the tap: a reason, and the offer that stood on the page, whatever is offered by now."""

    reason: str = ""
    offer_id: int = 0


@dataclass(frozen=True, slots=True)
class Act:
    """`more` is the template of what is said before the button; after an act that `stays`, the next thing to do is on
    the booking's own page and not on the board.
    """

    title: Promise | str
    explains: Promise | str
    button: Promise | str
    do: Callable[[Booking, User, Told], Booking]
    said: Callable[[Ticket], str]
    form: type[NoteForm | ReasonForm] | None = None
    icon: str = "check"
    is_dangerous: bool = False
    more: str = ""
    stays: bool = False


class CallIsRunning(Refusal):
    """Three minutes are three minutes: nobody is called away earlier."""

    code = "call_is_running"


def _confirm(booking: Booking, by: User, told: Told) -> Booking:
    return arrival.confirm_here(booking=booking, by=by)


def _not_here(booking: Booking, by: User, told: Told) -> Booking:
    return arrival.not_here(booking=booking, by=by)


def _come_late(booking: Booking, by: User, told: Told) -> Booking:
    return arrival.come_late(booking=booking, by=by)


def _mark_no_show(booking: Booking, by: User, told: Told) -> Booking:
    return conduct.mark_no_show(booking=booking)


def _let_go_first(booking: Booking, by: User, told: Told) -> Booking:
    return overrides.let_go_first(booking=booking, by=by, reason=told.reason)


def _call(booking: Booking, by: User, told: Told) -> Booking:
    return bay.call(booking=booking, by=by)


def _miss_call(booking: Booking, by: User, told: Told) -> Booking:
    after = bay.miss_call(booking=booking, by=by)
    if after.state == State.ARRIVED and after.called_at is not None:
        raise CallIsRunning(_("Three minutes from the call are not over yet."))
    return after


def _cancel(booking: Booking, by: User, told: Told) -> Booking:
    return lifecycle.cancel(booking=booking, by=by, reason=told.reason)


def _give_back(booking: Booking, by: User, told: Told) -> Booking:
    return bay.give_back(booking=booking, by=by, reason=told.reason)


def _abandon(booking: Booking, by: User, told: Told) -> Booking:
    return bay.abandon(booking=booking, by=by, reason=told.reason)


def _take_offer(booking: Booking, by: User, told: Told) -> Booking:
    return lifecycle.take_offer(booking=booking, offer_id=_answered(booking, told), by=by)


def _keep_waiting(booking: Booking, by: User, told: Told) -> Booking:
    return lifecycle.keep_waiting(booking=booking, offer_id=_answered(booking, told), by=by)


def _answered(booking: Booking, told: Told) -> int:
    """Staff answer for a driver who stands before them; whoever is on the way answers alone."""
    if not tickets.ticket(booking).can_answer_offer:
        raise lifecycle.OfferOver(_("There is no offer that you can answer: it is over, or the driver is not here."))
    return told.offer_id


def _move(booking: Booking, by: User, told: Told) -> Booking:
    if not tickets.ticket(booking).can_move:
        raise moving.MoveOver(
            _("No other station is offered that you can choose: it is over, or the driver is not here.")
        )
    return moving.accept(booking=booking, offer_id=told.offer_id, by=by)


def said_here(ticket: Ticket) -> str:
    if ticket.state == State.ARRIVED and ticket.bay_place is not None:
        return _("%(plate)s is here: place %(place)d at the bay.") % {"plate": ticket.plate, "place": ticket.bay_place}
    return _("%(plate)s is here and waits for a pack.") % {"plate": ticket.plate}


def _plainly(sentence: Promise) -> Callable[[Ticket], str]:
    return lambda ticket: str(sentence) % {"plate": ticket.plate}


ACTS = {
    "here": Act(
        title=gettext_lazy("Confirm the arrival"),
        explains=gettext_lazy("From now on no clock runs for this driver, and the bay’s order counts."),
        button=gettext_lazy("Confirm arrival"),
        do=_confirm,
        said=said_here,
    ),
    "not-here": Act(
        title=gettext_lazy("Nobody is here"),
        explains=gettext_lazy(
            "The driver said “I’m here”, and you have looked: nobody is. The promise ends at its own time, and to say "
            "it again they need the poster."
        ),
        button=gettext_lazy("Nobody is here"),
        do=_not_here,
        said=_plainly(gettext_lazy("%(plate)s is not here. The promise ends at its own time.")),
        icon="person",
        is_dangerous=True,
    ),
    "late": Act(
        title=gettext_lazy("Late, and here now"),
        explains=gettext_lazy(
            "While a pack is free and nobody waits for it, it is still theirs: same price, and the mark is taken off."
        ),
        button=gettext_lazy("Let them in"),
        do=_come_late,
        said=said_here,
    ),
    "no-show": Act(
        title=gettext_lazy("They did not come"),
        explains=gettext_lazy(
            "The promise has ended without its driver. The driver sees the mark and may dispute it; nothing is charged."
        ),
        button=gettext_lazy("Mark as no-show"),
        do=_mark_no_show,
        said=_plainly(gettext_lazy("%(plate)s is marked as a no-show.")),
        icon="person",
        is_dangerous=True,
    ),
    "take-offer": Act(
        title=gettext_lazy("Take the pack that is offered"),
        explains=gettext_lazy(
            "It is not full, and is paid by its energy. The vehicle gets a place at the bay with it."
        ),
        button=gettext_lazy("They take it"),
        do=_take_offer,
        said=_plainly(gettext_lazy("%(plate)s takes the pack that was offered.")),
        icon="pack",
        more="booking/staff/_offered.html",
    ),
    "keep-waiting": Act(
        title=gettext_lazy("Wait for a full pack"),
        explains=gettext_lazy("The place in line stays, and the next driver is asked."),
        button=gettext_lazy("They wait"),
        do=_keep_waiting,
        said=_plainly(gettext_lazy("%(plate)s waits for a full pack.")),
        icon="clock",
        more="booking/staff/_offered.html",
    ),
    "move": Act(
        title=gettext_lazy("Move to the station that is offered"),
        explains=gettext_lazy("Their place goes with them, and they pay the lower of the two prices."),
        button=gettext_lazy("They move there"),
        do=_move,
        said=_plainly(gettext_lazy("%(plate)s has moved to the other station.")),
        icon="swap",
        more="booking/staff/_moves_to.html",
    ),
    "first": Act(
        title=gettext_lazy("Let them go first"),
        explains=gettext_lazy("The next pack that is free goes to this vehicle. Everyone overtaken reads your reason."),
        button=gettext_lazy("Let them go first"),
        do=_let_go_first,
        said=_plainly(gettext_lazy("%(plate)s goes first.")),
        form=ReasonForm,
        icon="next",
        is_dangerous=True,
        stays=True,
        more="booking/staff/_overtaken.html",
    ),
    "call": Act(
        title=gettext_lazy("Call to the bay"),
        explains=gettext_lazy("The driver’s phone says so. They have three minutes; then the next vehicle goes first."),
        button=gettext_lazy("Call to the bay"),
        do=_call,
        said=_plainly(gettext_lazy("%(plate)s is called. They have three minutes.")),
        icon="next",
    ),
    "not-at-bay": Act(
        title=gettext_lazy("Called, and not at the bay"),
        explains=gettext_lazy("The next vehicle goes first. The second time the booking ends, and its packs are free."),
        button=gettext_lazy("They are not here"),
        do=_miss_call,
        said=_plainly(gettext_lazy("%(plate)s was not at the bay.")),
        icon="clock",
        is_dangerous=True,
    ),
    "cancel": Act(
        title=gettext_lazy("Cancel at the driver’s wish"),
        explains=gettext_lazy(
            "The packs go to the next in line and nothing is charged. In the last five minutes of a promise it counts "
            "as a no-show."
        ),
        button=gettext_lazy("Cancel the booking"),
        do=_cancel,
        said=_plainly(gettext_lazy("The booking of %(plate)s is cancelled.")),
        form=NoteForm,
        icon="close",
        is_dangerous=True,
    ),
    "give-back": Act(
        title=gettext_lazy("Back to the bay’s line"),
        explains=gettext_lazy(
            "The vehicle gets its own packs back, the new ones stay kept for it, and it keeps its place at the bay."
        ),
        button=gettext_lazy("Own packs are back in the vehicle"),
        do=_give_back,
        said=_plainly(gettext_lazy("%(plate)s has its own packs again and waits for the bay.")),
        form=ReasonForm,
        icon="undo",
        is_dangerous=True,
    ),
    "abandon": Act(
        title=gettext_lazy("End without a swap"),
        explains=gettext_lazy("The vehicle gets its own packs back and leaves as it came. Nothing is charged."),
        button=gettext_lazy("End it free of charge"),
        do=_abandon,
        said=_plainly(gettext_lazy("%(plate)s leaves with its own packs. Nothing is charged.")),
        form=ReasonForm,
        icon="close",
        is_dangerous=True,
    ),
}
