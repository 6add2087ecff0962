"""The pages of passkeys: sign in with one, be offered one, add, rename and remove it."""

from __future__ import annotations

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import Login
from allauth.core import ratelimit
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.flows import auto_generate_recovery_codes
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import access, passkey_ceremony, passkeys, people
from accounts.device_words import device_name
from accounts.guards import sign_in_required
from accounts.models import User
from accounts.passkey_forms import PasskeyForm, PasskeyNameForm
from accounts.recent_sign_in import recent_sign_in_required
from accounts.refusals import Refusal
from accounts.returning import asked_for, with_next

TOO_OFTEN = 429


@never_cache
@require_POST
def options_to_use(request: HttpRequest) -> HttpResponse:
    """What a browser needs to find the passkey of whoever holds it."""
    if not ratelimit.consume(request, action="passkey_options"):
        return JsonResponse({}, status=TOO_OFTEN)
    return JsonResponse(passkey_ceremony.options_to_use())


@never_cache
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """One tap: the device has asked for the finger, face or PIN, so nothing else is asked."""
    form = PasskeyForm(request.POST)
    if not ratelimit.consume(request, action="passkey_sign_in"):
        return _to_sign_in(request, _("Too many tries in a short time. Wait a minute and try again."))
    if not form.is_valid():
        return _to_sign_in(request, _("The browser gave no passkey. Try again, or use a code."))
    try:
        passkey = passkey_ceremony.prove(form.cleaned_data["credential"], now=timezone.now())
    except Refusal as refusal:
        return _to_sign_in(request, refusal.sentence)
    return _enter(request, passkey)


def _enter(request: HttpRequest, passkey: Authenticator) -> HttpResponse:
    person = passkey.user
    has_duties = access.signs_in_with_password(person)
    if has_duties and not passkey.data.get("with_password"):
        # It was made when a code alone opened this account, which is too little for money and other people's bookings.
        return _to_sign_in(
            request, _("This passkey is older than your role. Sign in with your password, and add it again.")
        )
    login = Login(user=person, redirect_url=asked_for(request) or None)
    response: HttpResponse = perform_passwordless_login(request, passkey, login)
    if has_duties and request.user.is_authenticated:
        # As with a password: a station's tablet has many users.
        request.session.set_expiry(settings.PASSWORD_SESSION_AGE)
    return response


def offer_before(landing: HttpResponse, *, request: HttpRequest) -> HttpResponse:
    """After a code, on the way to `landing`: the offer of a passkey, once in a person's life.

    The sign-in page's script says whether the browser can make one; without that word nobody is asked.
    """
    person = request.user
    if not isinstance(person, User) or "passkeys" not in request.POST or not passkey_ceremony.are_possible(request):
        return landing
    if passkeys.of(person).exists() or not people.offer_passkey(user=person, now=timezone.now()):
        return landing
    return redirect(with_next(reverse("passkey_offer"), landing["Location"]))


@never_cache
@sign_in_required
def offer(request: HttpRequest) -> HttpResponse:
    """That it was shown is remembered already, so "Not now" is a plain link onwards."""
    context = {"next": asked_for(request) or settings.LOGIN_REDIRECT_URL}
    return render(request, "account/passkey_offer.html", context)


@never_cache
@require_POST
@recent_sign_in_required
def options_to_create(request: HttpRequest) -> HttpResponse:
    return JsonResponse(passkey_ceremony.options_to_create(access.person_of(request)))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in_required
def add(request: HttpRequest) -> HttpResponse:
    """Keep the passkey that the browser has just made. Who comes by the address, as after signing in, begins anew."""
    if request.method != "POST":
        return redirect("sign_in_ways")
    person, form = access.person_of(request), PasskeyForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("No passkey was made. You can try again at any time."))
        return redirect("sign_in_ways")
    answer = form.cleaned_data["credential"]
    name = device_name(request.headers.get("User-Agent", ""), elsewhere=form.elsewhere)
    with_password = _gave_password(request)
    try:
        passkey_ceremony.check_new(answer)
        passkeys.add(user=person, answer=answer, name=name, with_password=with_password, now=timezone.now())
    except passkey_ceremony.PasskeyNotAccepted:
        messages.error(request, _("No passkey was made. You can try again at any time."))
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, _("Passkey added. Next time one tap signs you in."))
        return _after_adding(request, is_second_factor=with_password)
    return redirect("sign_in_ways")


def _after_adding(request: HttpRequest, *, is_second_factor: bool) -> HttpResponse:
    """What is asked for after a password needs a way in without the device."""
    if is_second_factor and auto_generate_recovery_codes(request):
        return redirect("mfa_view_recovery_codes")
    return HttpResponseRedirect(asked_for(request) or reverse("sign_in_ways"))


@never_cache
@recent_sign_in_required
def rename(request: HttpRequest, number: int) -> HttpResponse:
    passkey = get_object_or_404(passkeys.of(access.person_of(request)), pk=number)
    form = PasskeyNameForm(request.POST or None, initial={"name": passkey.data["name"]})
    if request.method == "POST" and form.is_valid():
        passkeys.rename(passkey=passkey, name=form.cleaned_data["name"])
        return redirect("sign_in_ways")
    return render(request, "account/rename_passkey.html", {"form": form, "passkey": passkey})


@never_cache
@recent_sign_in_required
def remove(request: HttpRequest, number: int) -> HttpResponse:
    """Asks once, then does it."""
    passkey = get_object_or_404(passkeys.of(access.person_of(request)), pk=number)
    if request.method == "POST":
        passkeys.remove(passkey=passkey)
        messages.success(request, _("Removed. It opens nothing here any more; you can delete it on the device too."))
        return redirect("sign_in_ways")
    return render(request, "account/remove_passkey.html", {"passkey": passkey})


def _gave_password(request: HttpRequest) -> bool:
    """In this session, or once before, for the passkey that opened it."""
    records = get_authentication_records(request, request.user)
    if any(record["method"] == "password" for record in records):
        return True
    used = [record["id"] for record in records if record.get("type") == Authenticator.Type.WEBAUTHN]
    return passkeys.of(access.person_of(request)).filter(pk__in=used, data__with_password=True).exists()


def _to_sign_in(request: HttpRequest, sentence: str) -> HttpResponse:
    messages.error(request, sentence)
    return redirect(with_next(reverse("account_request_login_code"), asked_for(request)))
