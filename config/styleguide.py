"""The style guide at /styleguide/, in the demo alone: every component and state on one page, to look at and to test."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone


def styleguide(request: HttpRequest) -> HttpResponse:
    if not settings.DEMO:
        raise Http404
    now = timezone.now()
    context = {
        "promised_at": now - timedelta(minutes=6),
        "promise_ends_at": now + timedelta(minutes=12, seconds=4),
        "late_in": now + timedelta(minutes=1, seconds=48),
        "swap_started_at": now - timedelta(minutes=2, seconds=41),
        "swap_late_since": now - timedelta(minutes=5, seconds=22),
    }
    return render(request, "styleguide.html", context)
