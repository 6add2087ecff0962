"""The pages on which people add or replace their phone number or e-mail address, proven by a code."""

from __future__ import annotations

import logging
from typing import ClassVar, Self

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.code_verification import AbstractCodeVerificationProcess
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from accounts import access, people, sms
from accounts.codes import code_shown_in_demo, deliver, tries_left
from accounts.forms import CodeForm, PhoneOrEmailForm
from accounts.phones import spoken

logger = logging.getLogger(__name__)


class ContactToProve(AbstractCodeVerificationProcess):  # type: ignore[misc]  # allauth ships no types
    """A number or an address that a signed-in person says is theirs. Kept in their session until it is proven."""

    session_key: ClassVar[str] = "contact_to_prove"

    def __init__(self, request: HttpRequest, state: dict[str, object]) -> None:
        self.request = request
        super().__init__(
            max_attempts=settings.ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS,
            timeout=settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT,
            state=state,
        )

    @classmethod
    def begin(cls, request: HttpRequest, *, phone: str | None, email: str | None) -> None:
        """Send a code. Raises sms.MessageNotSent."""
        process = cls(request, cls.initial_state(user=None, phone=phone, email=email))
        process.send()
        process.persist()

    @classmethod
    def resume(cls, request: HttpRequest) -> Self | None:
        state = request.session.get(cls.session_key)
        process = cls(request, state) if state else None
        return process if process is not None and process.abort_if_invalid() else None

    def send(self) -> None:
        self.state["code"] = deliver(
            request=self.request, phone=self.state.get("phone"), email=self.state.get("email"), seconds=self.timeout
        )

    def persist(self) -> None:
        self.request.session[self.session_key] = self.state
        self.request.session.modified = True

    def abort(self) -> None:
        self.request.session.pop(self.session_key, None)


@never_cache
@reauthentication_required(app="allauth.mfa")  # type: ignore[untyped-decorator]  # allauth ships no types
def ask(request: HttpRequest) -> HttpResponse:
    """Type the new number or address. Whoever has a password gives it first: a borrowed phone changes nothing."""
    form = PhoneOrEmailForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            ContactToProve.begin(request, phone=form.phone, email=form.email)
        except sms.MessageNotSent as refusal:
            form.add_error(None, refusal.sentence)
        else:
            return redirect("confirm_contact")
    return render(request, "account/contact.html", {"form": form})


@never_cache
@reauthentication_required(app="allauth.mfa")  # type: ignore[untyped-decorator]  # allauth ships no types
def confirm(request: HttpRequest) -> HttpResponse:
    """Type the code that came there."""
    process = ContactToProve.resume(request)
    if process is None:
        return redirect("contact")
    form = CodeForm(request.POST or None, code=process.code)
    if request.method == "POST":
        if not tries_left(request, since=process.state["at"]):
            process.abort()
        elif form.is_valid():
            return _take(request, process)
        elif process.record_invalid_attempt():
            return _page(request, process, form)
        messages.error(request, _("Too many wrong codes. Ask for a new one."))
        return redirect("contact")
    return _page(request, process, form)


def _take(request: HttpRequest, process: ContactToProve) -> HttpResponse:
    user = access.person_of(request)
    before = (user.phone, None) if process.state.get("phone") else (None, user.email)
    process.abort()
    try:
        people.take_contact(user=user, phone=process.state.get("phone"), email=process.state.get("email"))
    except people.ContactTaken as refusal:
        messages.error(request, refusal.sentence)
        return redirect("contact")
    except people.PersonDeleted:
        return redirect(settings.LOGIN_URL)
    _tell_the_one_before(*before)
    messages.success(request, _("Saved. From now on you can sign in with it."))
    return redirect("sign_in_ways")


def _tell_the_one_before(phone: str | None, email: str | None) -> None:
    """Whoever loses an account this way hears of it where they still can."""
    try:
        if phone:
            sms.send(to=phone, text=_("Your Swapline account has a new phone number. Not you? Tell us at once."))
        elif email:
            get_adapter().send_mail("account/email/address_replaced", email, {})
    except sms.MessageNotSent:
        logger.warning("Nobody could be told that a contact was replaced.")


def _page(request: HttpRequest, process: ContactToProve, form: CodeForm) -> HttpResponse:
    phone = process.state.get("phone")
    context = {
        "verify_form": form,
        "recipient": spoken(phone) if phone else process.state["email"],
        "demo_code": code_shown_in_demo(process.code),
        "cancel_url": reverse("contact"),
    }
    return render(request, "account/confirm_contact.html", context)
