"""Places while somebody types: names, what tells them apart, and the address of the search from there."""

from __future__ import annotations

from urllib.parse import urlencode

from allauth.core.internal import ratelimit
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from booking import places
from booking.place_search import NamedPlace
from booking.views import choices

LONGEST = 120
# Somebody who types fast asks four times a second; a machine that copies the gazetteer asks more.
RATE = {"places": "300/m/ip"}


@require_GET
def suggest(request: HttpRequest) -> JsonResponse:
    if not ratelimit.consume(request, app="swapline", action="places", config=RATE, limit_get=True):
        return JsonResponse({"places": []}, status=429)
    words = request.GET.get("q", "")[:LONGEST].replace("\0", "")
    start = choices.remembered_start(request)
    found = places.suggestions(words, near=start.place if start else None)
    return JsonResponse({"places": [_shown(one) for one in found]})


def _shown(one: NamedPlace) -> dict[str, str]:
    return {"name": one.name, "where": one.where, "address": address(one)}


def address(one: NamedPlace) -> str:
    """The search from this place and no other of its name."""
    chosen = {"q": one.name, "lat": f"{one.place.latitude:.5f}", "lon": f"{one.place.longitude:.5f}"}
    return f"{reverse('booking:find')}?{urlencode(chosen)}"
