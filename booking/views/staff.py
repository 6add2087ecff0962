"""The stations that one works at, and the live board of each."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import access
from accounts.models import Role
from booking import board as boards
from booking import board_stamp, live_fields, socket_access
from booking.staff_forms import CodeForm
from booking.views.staff_access import at_my_station, person, to_board, works_at_a_station
from stations.models import Station
from stations.queries import stations_for_staff

# The one thing in the fragment that differs each time it is built.
_READ_AT = re.compile(r' data-at="[^"]*"')


@require_safe
@never_cache
@works_at_a_station
def stations(request: HttpRequest) -> HttpResponseBase:
    """One station: straight to its board, but for an operator, who has more to look at than boards."""
    own = list(stations_for_staff(request.user).select_related("network"))
    operates = access.has_role(request.user, Role.OPERATOR)
    if len(own) == 1 and not operates:
        return to_board(own[0])
    return render(request, "booking/staff/stations.html", {"stations": own, "operates": operates})


@require_safe
@at_my_station
def board(request: HttpRequest, station: Station) -> HttpResponseBase:
    return board_page(request, station, CodeForm())


@require_safe
@at_my_station
def fragment(request: HttpRequest, station: Station) -> HttpResponseBase:
    """The board alone, for the page to show when something has changed."""
    html = render_to_string("booking/staff/_board.html", _context(station))
    answer = HttpResponse(html)
    # What is shown makes the tag, and the version is part of that: estimates move with the clock alone.
    etag = f'"{sha256(_READ_AT.sub("", html).encode()).hexdigest()[:32]}"'
    answer["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=answer) or answer


def board_page(request: HttpRequest, station: Station, code_form: CodeForm, *, status: int = 200) -> HttpResponse:
    """The whole page; also what a code that was refused comes back to, with the sentence beside the field."""
    # Sockets are for those who are posted here; an operator's board is polled.
    has_socket = socket_access.board_for(person(request), station.pk) is not None
    context = _context(station) | {"form": code_form, "section": "board", "has_socket": has_socket}
    return render(request, "booking/staff/board.html", context, status=status)


def _context(station: Station) -> dict[str, Any]:
    # The stamp comes first: what changes in between is fetched once more, rather than never.
    stamp = board_stamp.of(station.pk)
    shown = boards.take(station)
    return {"station": station, "board": shown, "shape": live_fields.board_shape(shown.seen, stamp)}
