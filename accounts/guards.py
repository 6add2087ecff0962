"""Guards before pages: who is not signed in is sent to sign in and back; who lacks the role is told which one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import access, devices, people
from accounts.models import Role

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def sign_in_required(view: View[P]) -> View[P]:
    """Anyone who is signed in: every person is a driver. Who is deleted meanwhile, in another tab, signs in anew."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        try:
            return view(request, *args, **kwargs)
        except people.PersonDeleted:
            return redirect(settings.LOGIN_URL)

    return guarded


FRESH_FOR_SECONDS = 30 * 60


def fresh_sign_in_required(view: View[P]) -> View[P]:
    """Anyone who signed in within the last 30 minutes; who did earlier is asked to do it once more."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if devices.signed_in_seconds_ago(request) <= FRESH_FOR_SECONDS:
            return view(request, *args, **kwargs)
        # Nobody can be sent back to a POST.
        back = request.get_full_path() if request.method == "GET" else reverse("your_data")
        context = {"sign_in_again": redirect_to_login(back)["Location"]}
        return render(request, "account/sign_in_again.html", context, status=403)

    return sign_in_required(guarded)


def role_required(*roles: Role) -> Callable[[View[P]], View[P]]:
    """Someone who has one of these roles now. What of theirs they may see is the queries' business."""

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            if not access.has_role(request.user, *roles):
                return role_missing(request, *roles)
            if Role.FINANCE in roles and _second_factor_missing(request):
                messages.warning(request, _("Finance needs a second step at sign-in. Set it up to go on."))
                return redirect("mfa_index")
            return view(request, *args, **kwargs)

        return guarded

    return guard


finance_required = role_required(Role.FINANCE)


def role_missing(request: HttpRequest, *roles: Role) -> HttpResponse:
    """The page that says which role is missing."""
    labels: Mapping[str, object] = dict(Role.choices)
    context = {"roles": [labels[role] for role in roles]}
    return render(request, "accounts/role_missing.html", context, status=403)


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    if request.headers.get("HX-Request") == "true":
        # A fragment cannot show the sign-in page: the whole page goes there, and comes back to where it was.
        target = redirect_to_login(_page_of(request.headers.get("HX-Current-URL", "")))["Location"]
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    return redirect_to_login(request.get_full_path())


def _page_of(address: str) -> str:
    """The path of the page that asks, as its browser names it; the first page when that is no address."""
    try:
        page = urlsplit(address)
    except ValueError:
        return "/"
    return (f"{page.path}?{page.query}" if page.query else page.path) or "/"


def _second_factor_missing(request: HttpRequest) -> bool:
    return settings.FINANCE_NEEDS_SECOND_FACTOR and not is_mfa_enabled(request.user)
