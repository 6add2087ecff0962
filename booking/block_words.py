"""Why a vehicle of a block was not booked for, in words for its driver and its fleet's manager."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from booking.states import State


def reason(code: str) -> str:
    """A sentence for the code of a refusal, in the language that is active; empty for no code."""
    if not code:
        return ""
    say = _REASONS.get(code)
    return say() if say is not None else _("It could not be booked.")


def standing(state: State) -> str:
    """How the booking of a vehicle stands, as its fleet's manager reads it."""
    words = {
        State.WAITING: _("in line"),
        State.PROMISED: _("pack kept"),
        State.ARRIVED: _("at the station"),
        State.SWAPPING: _("in the bay"),
        State.COMPLETED: _("swapped"),
        State.EXPIRED: _("ended without a swap"),
        State.CANCELLED: _("cancelled"),
    }
    return words[state]


_REASONS: Mapping[str, Callable[[], str]] = {
    "already_booked": lambda: _("The vehicle or its driver had a booking already."),
    "vehicle_not_yours": lambda: _("The driver was not assigned to the vehicle any more."),
    "driver_blocked": lambda: _("The driver was blocked."),
    "person_deleted": lambda: _("The driver has deleted the account."),
    "fleet_limit_reached": lambda: _("The fleet’s credit limit was reached."),
    "unpaid_swap": lambda: _("A swap of the fleet was not paid."),
    "station_not_open": lambda: _("The station was closed."),
    "class_not_served": lambda: _("The station had no slot for these packs any more."),
    "no_tariff": lambda: _("The station had no price for these packs."),
    "too_late": lambda: _("The moment had passed by more than 30 minutes."),
}
