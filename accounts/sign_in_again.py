"""The pages on which people without a password prove again who they are: a code to oneself, or a passkey.

The code goes to the number or address that is known already. Whoever has a password gives that, on allauth's page.
"""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.internal.flows.login import record_authentication
from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import access, passkey_ceremony, passkeys
from accounts.codes import code_shown_in_demo, tries_left
from accounts.contact import ContactToProve
from accounts.forms import CodeForm
from accounts.guards import sign_in_required
from accounts.models import User
from accounts.passkey_forms import PasskeyForm
from accounts.phones import spoken
from accounts.refusals import Refusal
from accounts.returning import asked_for, with_next
from accounts.sms import MessageNotSent


class CodeToOneself(ContactToProve):
    """A code to the number or address that the person has already."""

    session_key: ClassVar[str] = "code_to_oneself"


@never_cache
@sign_in_required
def by_code(request: HttpRequest) -> HttpResponse:
    """Send a code to oneself, and type it in. For people without a password."""
    person = access.person_of(request)
    if person.has_usable_password():
        return redirect(with_next(reverse("account_reauthenticate"), _back(request)))
    if request.method == "POST":
        return _send(request, person) if request.POST.get("action") == "resend" else _confirm(request, person)
    return _page(request, person, CodeToOneself.resume(request))


@never_cache
@require_POST
@sign_in_required
def by_passkey(request: HttpRequest) -> HttpResponse:
    """Only a passkey of one's own counts."""
    person = access.person_of(request)
    form = PasskeyForm(request.POST)
    if form.is_valid():
        try:
            passkey = passkey_ceremony.prove(form.cleaned_data["credential"], by=person, now=timezone.now())
        except Refusal as refusal:
            messages.error(request, refusal.sentence)
        else:
            return _proven(request, person, method="mfa", type=passkey.type, id=passkey.pk)
    return redirect(with_next(reverse("account_reauthenticate"), _back(request)))


def _send(request: HttpRequest, person: User) -> HttpResponse:
    try:
        if ratelimit.consume(request, action="request_own_code", user=person):
            CodeToOneself.begin(request, phone=person.phone, email=None if person.phone else person.email)
        else:
            messages.error(request, _("Too many codes were asked for. Wait a few minutes and try again."))
    except MessageNotSent as refusal:
        messages.error(request, refusal.sentence)
    return redirect(with_next(request.path, _back(request)))


def _confirm(request: HttpRequest, person: User) -> HttpResponse:
    process = CodeToOneself.resume(request)
    if process is not None:
        form = CodeForm(request.POST, code=process.code)
        if not tries_left(request, since=process.state["at"]):
            process.abort()
        elif form.is_valid():
            process.abort()
            return _proven(request, person, method="code")
        elif process.record_invalid_attempt():
            return _page(request, person, process, form)
    messages.error(request, _("That code no longer counts. Ask for a new one."))
    return redirect(with_next(request.path, _back(request)))


def _proven(request: HttpRequest, person: User, *, method: str, **how: object) -> HttpResponse:
    record_authentication(request, person, method=method, reauthenticated=True, **how)
    return HttpResponseRedirect(_back(request))


def _page(
    request: HttpRequest, person: User, process: CodeToOneself | None, form: CodeForm | None = None
) -> HttpResponse:
    context: dict[str, Any] = {
        "recipient": spoken(person.phone) if person.phone else person.email,
        "next": _back(request),
        "has_passkey": passkey_ceremony.are_possible(request) and passkeys.of(person).exists(),
    }
    if process is not None:
        context["form"] = form or CodeForm(code=process.code)
        context["demo_code"] = code_shown_in_demo(process.code)
    return render(request, "account/again_by_code.html", context)


def _back(request: HttpRequest) -> str:
    return asked_for(request) or reverse("sign_in_ways")
