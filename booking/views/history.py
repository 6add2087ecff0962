"""What is over: the list of swaps with its search and export, and the receipt of each, as a page and as a PDF."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.guards import sign_in_required
from booking import past, past_csv, presentation, queries, receipt_pdf, receipts
from booking.forms import HistoryForm
from booking.past import Search
from booking.receipt_pdf import PdfUnavailable
from booking.views.acting import driver_of, has_already


@never_cache
@sign_in_required
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """Newest first; `before` is the joining of the last one seen. Whatever cannot be read begins at the top."""
    driver, search = driver_of(request), _search(request)
    before = _instant(request.GET.get("before", ""))
    found = past.page(driver, search, before=before)
    asked = {"q": search.text, "month": search.month, "state": search.state}
    query = {name: value for name, value in asked.items() if value}
    context = {
        "page": found,
        "search": search,
        "form": HistoryForm(asked),
        "months": [(month, presentation.month_named(month)) for month in past.months_of(driver)],
        "query": urlencode(query),
        "older": urlencode(query | {"before": found.older.isoformat()}) if found.older else "",
        "is_first": before is None,
    }
    return render(request, "booking/history.html", context)


@never_cache
@sign_in_required
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    rows = past_csv.rows(driver_of(request), _search(request))
    headers = {"Content-Disposition": 'attachment; filename="swaps.csv"'}
    return StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8", headers=headers)


@never_cache
@sign_in_required
@require_GET
def receipt(request: HttpRequest, public_id: UUID) -> HttpResponse:
    driver = driver_of(request)
    shown = receipts.of_booking(queries.booking_of(driver, public_id))
    return render(request, "booking/receipt.html", receipt_pdf.context_of(shown, driver))


@sign_in_required
@require_GET
def receipt_as_pdf(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """304 while it says the same as the copy that the phone has. A new one is work, so there is a limit to them."""
    driver = driver_of(request)
    shown = receipts.of_booking(queries.booking_of(driver, public_id))
    html = receipt_pdf.html_of(shown, driver)
    tag = receipt_pdf.fingerprint(html)
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, no-cache", "Vary": "Cookie, Accept-Language"}
    if has_already(request, headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    made = receipt_pdf.kept(shown, tag)
    if made is None:
        if not receipt_pdf.is_patient(driver):
            return render(request, "429.html", status=429)
        try:
            made = receipt_pdf.make(shown, html)
        except PdfUnavailable:
            return render(request, "booking/receipt_no_pdf.html", {"public_id": public_id}, status=501)
    headers["Content-Disposition"] = f'inline; filename="swapline-{public_id}.pdf"'
    return HttpResponse(made, content_type="application/pdf", headers=headers)


def _search(request: HttpRequest) -> Search:
    form = HistoryForm(request.GET)
    form.is_valid()
    read = form.cleaned_data
    return Search(text=read.get("q", ""), month=read.get("month", ""), state=read.get("state", ""))


def _instant(text: str) -> datetime | None:
    try:
        found = parse_datetime(text[:40])
    except ValueError:
        return None
    return found if found is not None and is_aware(found) else None
