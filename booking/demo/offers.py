"""An offer for a visitor of the demo: a pack charges a little faster, and those ahead in line say that they wait."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.refusals import Refusal
from booking import clock, failures, lifecycle
from booking.models import Booking, Offer
from stations import inventory
from stations.models import Pack
from stations.states import PackState, SlotState

POINTS_ABOVE_THE_FIRST, POINTS_TO_GO = 12, 10


class NothingToOffer(Refusal):
    """The station offers no packs below target, or has none that is free."""

    code = "nothing_to_offer"


def bring_to(booking: Booking) -> None:
    """Let an offer go down the line until it is this booking's, by the rules: the simulated ahead keep waiting.

    Raises NothingToOffer when it does not come that far.
    """
    _charge_a_pack(booking)
    failures.settle_line(line_id=booking.line_id)
    for ahead in Booking.objects.in_line(booking.line).waiting().before(booking):
        offer = Offer.objects.open().filter(booking=ahead).first()
        if offer is not None and ahead.driver is not None and ahead.driver.is_simulated:
            lifecycle.keep_waiting(booking=ahead, offer_id=offer.pk, by=ahead.driver)
    if not Offer.objects.open().filter(booking=booking).exists():
        raise NothingToOffer(_("No pack can be offered to you just now. Try again in a minute."))


def _charge_a_pack(booking: Booking) -> None:
    """A free pack that has a while to go yet is measured a bit above what the station begins to offer."""
    station = booking.station
    if station.offer_from_soc_percent is None:
        return
    enough = station.target_soc_percent - POINTS_TO_GO
    free = Pack.objects.at(station).of(booking.line.pack_class).filter(state=PackState.STORED)
    pack = free.filter(slot__state=SlotState.WORKING, soc_percent__lte=enough).order_by("-soc_percent", "pk").first()
    wanted = min(station.offer_from_soc_percent + POINTS_ABOVE_THE_FIRST, enough)
    if pack is not None and pack.soc_percent < wanted:
        at = max(clock.database_now(), pack.soc_at)
        inventory.record_soc(pack=pack, soc_percent=wanted, soh_percent=pack.soh_percent, at=at)
