"""After a booking: its rating, a report of what was wrong, and the question about a pack's charge."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.guards import sign_in_required
from booking import afterwards, clock, feedback, queries, receipts
from booking.forms import ChargeForm, RateForm, ReportForm
from booking.models import Booking, Report, ReportKind
from booking.receipts import Receipt
from booking.views.acting import attempt, driver_of


@never_cache
@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def rate(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """GET asks with room for words; the booking's card posts the stars alone."""
    mine = queries.booking_of(driver_of(request), public_id)
    form = RateForm(request.POST or None, initial={"words": feedback.words_of(mine)})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data

        def act() -> object:
            return feedback.rate(booking=mine, stars=given["stars"], words=given["words"])

        attempt(request, act, said=_("Thank you for rating this swap."))
        return redirect("booking:booking", public_id=public_id)
    if "stars" in form.errors:
        messages.error(request, _("Choose one to five stars."))
    return _page(request, "booking/rate.html", mine, form=form, stars=range(1, 6))


@never_cache
@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    mine = queries.booking_of(driver_of(request), public_id)
    form = ReportForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, "booking/report.html", mine, form=form)

    def act() -> Report:
        told = form.cleaned_data
        return feedback.report(booking=mine, kind=ReportKind(told["kind"]), words=told["words"])

    attempt(request, act, said=_heard(form.cleaned_data["kind"]))
    return redirect("booking:booking", public_id=public_id)


@never_cache
@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def charge(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    mine = queries.booking_of(driver_of(request), public_id)
    form = ChargeForm(request.POST or None, packs=_packs(receipts.of_booking(mine)))
    if request.method != "POST" or not form.is_valid():
        return _page(request, "booking/charge.html", mine, form=form)

    def act() -> Report:
        told = form.cleaned_data
        return feedback.question_charge(
            booking=mine, serial=told["pack"], shown_soc_percent=told["shown"], words=told["words"]
        )

    attempt(request, act, said=_heard(ReportKind.CHARGE))
    return redirect("booking:booking", public_id=public_id)


def _page(request: HttpRequest, template: str, mine: Booking, **more: object) -> HttpResponse:
    after = afterwards.of_booking(mine, clock.database_now())
    context = {"booking": mine, "after": after, "zone": mine.station.time_zone} | more
    return render(request, template, context, status=400 if request.method == "POST" else 200)


def _heard(kind: str) -> str:
    if kind == ReportKind.SAFETY:
        return _("Thank you. This goes to the front: somebody looks at it first.")
    return _("Thank you. You see here what becomes of it.")


def _packs(receipt: Receipt) -> list[tuple[str, str]]:
    """The packs of the receipt with what it says of each: the one in the vehicle first."""
    out = [_("Out: %(serial)s, %(soc)s %%") % {"serial": p.serial, "soc": p.soc_percent} for p in receipt.packs_out]
    came = [_("In: %(serial)s, %(soc)s %%") % {"serial": p.serial, "soc": p.soc_percent} for p in receipt.packs_in]
    serials = [pack.serial for pack in (*receipt.packs_out, *receipt.packs_in)]
    return list(zip(serials, [*out, *came], strict=True))
