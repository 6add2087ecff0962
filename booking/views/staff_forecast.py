"""How right the forecast has been: for operators, of their own networks."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import person_of
from accounts.guards import role_required
from accounts.models import Role
from booking import how_right


@require_safe
@never_cache
@role_required(Role.OPERATOR)
def forecast(request: HttpRequest) -> HttpResponse:
    found = how_right.of_operator(person_of(request), today=timezone.localdate())
    return render(request, "booking/staff/forecast.html", {"networks": found})
