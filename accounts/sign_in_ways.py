"""The room in which people see how their account is entered: phone, e-mail, passkeys, password, second step."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from accounts import access, passkey_ceremony, passkeys
from accounts.guards import sign_in_required
from accounts.phones import spoken


@never_cache
@sign_in_required
def show(request: HttpRequest) -> HttpResponse:
    person = access.person_of(request)
    context = {
        "phone": spoken(person.phone) if person.phone else "",
        "passkeys": passkeys.of(person).order_by("created_at"),
        "passkeys_possible": passkey_ceremony.are_possible(request),
        "has_password": person.has_usable_password(),
        "has_app": Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists(),
        "local_address": _address_with_a_name(request),
    }
    return render(request, "account/sign_in_ways.html", context)


def _address_with_a_name(request: HttpRequest) -> str:
    """Who tries the pages out on 127.0.0.1 finds the same pages on localhost, where passkeys work."""
    host, _, port = request.get_host().partition(":")
    return f"{request.scheme}://localhost:{port}{request.path}" if host == "127.0.0.1" and port else ""
