"""Why a booking is over, in one line: the same for who reads the card and for who hears it."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from booking.queries import BookingCard

_BY_REASON: dict[str, str | Promise] = {
    "overdue": _("Your promise has ended"),
    "payment_refused": _("Your payment was refused"),
    "unpaid": _("The payment did not come in time"),
    "missed_calls": _("The bay called you twice"),
    "swap_failed": _("The swap could not be finished"),
}


def reason(card: BookingCard) -> str:
    """Of a booking that has expired or was cancelled."""
    if card.end_reason in _BY_REASON:
        return str(_BY_REASON[card.end_reason])
    return str(_("The station has cancelled your booking") if card.last_word.is_by_staff else _("Cancelled"))
