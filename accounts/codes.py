"""Signing in by a one-time code, by phone or e-mail. Whoever proves an unknown one is a new driver.

Nobody is looked up until the code is right, so the pages cannot tell a stranger who is known here: the message, the
wait and the answer are the same. allauth keeps the state in the session, on the server, and asks for the second factor.
"""

from __future__ import annotations

import time

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.models import Login
from allauth.account.stages import LoginByCodeStage, LoginStageController
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import access, people, sms
from accounts.phones import spoken


class SignInByCode(LoginCodeVerificationProcess):  # type: ignore[misc]  # allauth ships no types
    """One attempt: a code is sent, typed a few times at most, and good for a few minutes."""

    @classmethod
    def begin(cls, *, request: HttpRequest, phone: str | None = None, email: str | None = None) -> None:
        """Send a code. Raises sms.MessageNotSent."""
        login = Login(user=None, email=email)
        login.state["stages"] = {"current": LoginByCodeStage.key}
        stage = LoginByCodeStage(LoginStageController(request, login), request, login)
        stage.state.update(cls.initial_state(user=None, email=email, phone=phone), initiated_by_user=True)
        attempt = cls(stage=stage)
        attempt.send()
        attempt.persist()

    @classmethod
    def resume(cls, stage: LoginByCodeStage) -> SignInByCode | None:
        attempt = cls(stage=stage)
        return attempt if attempt.abort_if_invalid() else None

    @property
    def recipient(self) -> str:
        phone = self.state.get("phone")
        return spoken(phone) if phone else str(self.state["email"])

    def send(self, skip_enumeration_mails: bool = False) -> None:  # noqa: FBT001 - allauth's signature
        self.state["code"] = deliver(
            request=self.request, phone=self.state.get("phone"), email=self.state.get("email"), seconds=self.timeout
        )

    def resend(self) -> None:
        """Raises allauth's RateLimited and sms.MessageNotSent."""
        may_be_sent(self.request, to=self.state.get("phone") or self.state["email"], raise_exception=True)
        self.send()
        self.state["at"] = time.time()
        self.record_resend()
        self.persist()

    def finish(self, redirect_url: str | None) -> HttpResponse:
        """The code was right."""
        phone, email = self.state.get("phone"), self.state.get("email")
        person = people.known_or_new(phone=phone, email=email, language=get_language() or "")
        if access.signs_in_with_password(person):
            self.abort()
            messages.info(
                self.request,
                _("Your role signs in with a password. Have none yet? Set one by “Forgot your password?”."),
            )
            return redirect("account_login")
        record_authentication(self.request, person, method="code", email=email, phone=phone)
        response: HttpResponse = perform_login(self.request, Login(user=person, email=email, redirect_url=redirect_url))
        return response


def deliver(*, request: HttpRequest, phone: str | None, email: str | None, seconds: int) -> str:
    """Send a new code to a phone or an e-mail address, and return it. Raises sms.MessageNotSent."""
    code: str = get_adapter().generate_login_code()
    if phone:
        sms.send(to=phone, text=_text(request, code, minutes=seconds // 60))
    else:
        context = {"request": request, "code": code, "minutes": seconds // 60}
        get_adapter().send_mail("account/email/login_code", email, context)
    return code


def _text(request: HttpRequest, code: str, *, minutes: int) -> str:
    sentence = _("%(code)s is your Swapline code, good for %(minutes)d minutes. We never ask you for it.") % {
        "code": code,
        "minutes": minutes,
    }
    # The last line lets a phone's browser fill in the code, on this site only.
    host = request.get_host().partition(":")[0]
    return f"{sentence}\n\n@{host} #{code}"


def may_be_sent(request: HttpRequest, *, to: str, raise_exception: bool = False) -> bool:
    """Count a code that somebody who is not signed in asks for; False, or RateLimited, when they were too many.

    Counted for this place first: what is refused there does not count for the recipient, who may be somebody else.
    """
    here = f"{to} {get_adapter().get_client_ip(request)}"
    limits = (("request_login_code_here", here), ("request_login_code", to))
    return all(
        ratelimit.consume(request, action=action, key=key, raise_exception=raise_exception) for action, key in limits
    )


def tries_left(request: HttpRequest, *, since: float) -> bool:
    """Counted outside the session too: parallel guesses would each read the session's count before any wrote it."""
    key = f"{request.session.session_key}:{since}"
    return bool(ratelimit.consume(request, action="confirm_login_code", key=key))


def code_shown_in_demo(code: str) -> str:
    return code if settings.DEMO else ""
