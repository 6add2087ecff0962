"""The guard before whatever changes how an account is entered: one has just signed in, or proves again who one is."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from allauth.account import app_settings
from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from accounts.guards import sign_in_required
from accounts.returning import with_next

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def has_just_signed_in(request: HttpRequest) -> bool:
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT


def recent_sign_in_required(view: View[P]) -> View[P]:
    """A page comes back to itself afterwards; what was posted to it is asked for again, on `sign_in_ways`."""

    @wraps(view)
    @sign_in_required
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if has_just_signed_in(request):
            return view(request, *args, **kwargs)
        back = request.get_full_path() if request.method == "GET" else reverse("sign_in_ways")
        again = with_next(reverse("account_reauthenticate"), back)
        if "application/json" in request.headers.get("Accept", ""):
            return JsonResponse({"go": again}, status=403)
        return HttpResponseRedirect(again)

    return guarded
