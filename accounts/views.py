"""The sign-in pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.login import record_authentication
from allauth.account.mixins import NextRedirectMixin, RedirectAuthenticatedUserMixin
from allauth.account.stages import LoginByCodeStage, LoginStage
from allauth.account.views import LoginView
from allauth.core.ratelimit import RateLimited
from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django.views.generic.edit import FormView

from accounts.adapter import home_of
from accounts.codes import SignInByCode, code_shown_in_demo, tries_left
from accounts.demo import demo_person, demo_sign_ins
from accounts.forms import CodeForm, PasswordForm, PhoneOrEmailForm
from accounts.passkey_ceremony import are_possible
from accounts.passkey_views import offer_before
from accounts.returning import asked_for
from accounts.sms import MessageNotSent

# A message may take as long as this; whoever is impatient sends three, and types the wrong one.
RESEND_AFTER_SECONDS = 30


class AskForCode(RedirectAuthenticatedUserMixin, NextRedirectMixin, FormView):  # type: ignore[misc, type-arg]  # allauth ships no types
    """Phone or e-mail: the way in for drivers, new ones too."""

    form_class = PhoneOrEmailForm
    template_name = "account/request_login_code.html"

    def form_valid(self, form: PhoneOrEmailForm) -> HttpResponse:
        try:
            SignInByCode.begin(request=self.request, phone=form.phone, email=form.email)
        except MessageNotSent as refusal:
            form.add_error(None, refusal.sentence)
            return self.form_invalid(form)
        return HttpResponseRedirect(self.passthrough_next_url(reverse("account_confirm_login_code")))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        password_url = self.passthrough_next_url(reverse("account_login"))
        return super().get_context_data(**kwargs) | {
            "login_url": password_url,
            "passkeys_possible": are_possible(self.request),
            "demo_sign_ins": demo_sign_ins(),
        }

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: LoginStage) -> HttpResponse | None:
        # Someone who waits for a code and comes back here wants to correct the number.
        return None if stage.key == LoginByCodeStage.key else super()._redirect_to_pending_stage(request, stage)


@method_decorator(never_cache, name="dispatch")
@method_decorator(
    login_stage_required(stage=LoginByCodeStage.key, redirect_urlname="account_request_login_code"), name="dispatch"
)
class ConfirmCode(NextRedirectMixin, FormView):  # type: ignore[misc, type-arg]  # allauth ships no types
    """The code that came by message."""

    form_class = CodeForm
    template_name = "account/confirm_login_code.html"
    attempt: SignInByCode

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        attempt = SignInByCode.resume(request._login_stage)  # type: ignore[attr-defined]  # set by the decorator
        if attempt is None:
            return self._start_over(_("That code is too old. Ask for a new one."))
        self.attempt = attempt
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.POST.get("action") == "resend":
            return self._resend()
        if not tries_left(request, since=self.attempt.state["at"]):
            self.attempt.abort()
            return self._start_over(_("Too many wrong codes. Ask for a new one."))
        return super().post(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"code": self.attempt.code}

    def form_valid(self, form: CodeForm) -> HttpResponse:
        return offer_before(self.attempt.finish(self.get_next_url()), request=self.request)

    def form_invalid(self, form: CodeForm) -> HttpResponse:
        if self.attempt.record_invalid_attempt():
            return super().form_invalid(form)
        return self._start_over(_("Too many wrong codes. Ask for a new one."))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {
            "verify_form": context["form"],
            "recipient": self.attempt.recipient,
            "phone": self.attempt.state.get("phone"),
            "email": self.attempt.state.get("email"),
            "can_resend": self.attempt.can_resend,
            "resend_at": datetime.fromtimestamp(self.attempt.state["at"] + RESEND_AFTER_SECONDS, UTC),
            "passkeys_possible": are_possible(self.request),
            "minutes": self.attempt.timeout // 60,
            "demo_code": code_shown_in_demo(self.attempt.code),
            "cancel_url": self.passthrough_next_url(reverse("account_request_login_code")),
        }

    def _resend(self) -> HttpResponse:
        try:
            if self.attempt.can_resend:
                self.attempt.resend()
                messages.success(self.request, _("A new code is on its way."))
            else:
                messages.error(self.request, _("No more codes for this try. Start over with your number or address."))
        except RateLimited:
            messages.error(self.request, _("Too many codes were asked for. Wait a few minutes and try again."))
        except MessageNotSent as refusal:
            messages.error(self.request, refusal.sentence)
        return HttpResponseRedirect(self.passthrough_next_url(reverse("account_confirm_login_code")))

    def _start_over(self, sentence: str) -> HttpResponse:
        messages.error(self.request, sentence)
        return HttpResponseRedirect(self.passthrough_next_url(reverse("account_request_login_code")))


class SignInWithPassword(LoginView):  # type: ignore[misc]  # allauth ships no types
    """E-mail and password: the way in for station staff, finance and operators."""

    form_class = PasswordForm

    def get_form_class(self) -> type[PasswordForm]:
        return PasswordForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"passkeys_possible": are_possible(self.request), "demo_sign_ins": demo_sign_ins()}

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: LoginStage) -> HttpResponse | None:
        return None if stage.key == LoginByCodeStage.key else super()._redirect_to_pending_stage(request, stage)


@require_POST
def sign_in_to_demo(request: HttpRequest) -> HttpResponse:
    """One tap on one of the demo's people. Outside the demo there is no such page."""
    person = demo_person(request.POST.get("login", ""))
    if person is None:
        raise Http404
    login(request, person, backend="allauth.account.auth_backends.AuthenticationBackend")
    record_authentication(request, person, method="demo")
    return HttpResponseRedirect(asked_for(request) or home_of(person))
