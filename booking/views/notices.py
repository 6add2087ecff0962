"""Notifications: by which ways one is told of what, the phones that are told, and ending it by a link in a mail."""

from __future__ import annotations

from functools import partial
from typing import Any

from allauth.core import ratelimit
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts import notice_choices, people, push, push_keys, user_agents
from accounts.guards import sign_in_required
from booking import clock, notice_sending, notice_ways, notices
from booking.forms import PhoneForm, RenewedPhoneForm, SeenPhoneForm
from booking.notice_kinds import Way
from booking.views.acting import attempt, driver_of

NO_CONTENT, BAD_REQUEST, TOO_MANY = 204, 400, 429


@never_cache
@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def notifications(request: HttpRequest) -> HttpResponseBase:
    driver = driver_of(request)
    if request.method == "POST":
        shown, ticked = request.POST.getlist("way"), request.POST.getlist("tell")
        attempt(request, partial(notice_ways.choose, driver=driver, shown=shown, ticked=ticked), said=_("Saved."))
        return redirect("booking:notifications")
    room = notice_ways.of(driver)
    told_here = request.session.get(push.SESSION_KEY)
    context = {"room": room, "answer": _answer(room), "missing": _missing(room), "told_here": told_here}
    return render(request, "booking/notifications.html", context | push_context())


def push_context() -> dict[str, Any]:
    """What `booking/_ask_push.html` needs; empty keys where push is not set up."""
    keys = push_keys.keys() if push_keys.is_on() else None
    return {"push_key": keys.public if keys else ""}


@sign_in_required
@require_POST
def test(request: HttpRequest) -> HttpResponseBase:
    driver = driver_of(request)
    if not ratelimit.consume(request, action="test_notice", user=driver):
        messages.error(request, _("That was a lot of tests. Try again in a while."))
    else:
        notices.test(driver=driver, at=clock.database_now())
        messages.success(request, _("On its way. It should be there within a few seconds."))
    return redirect("booking:notifications")


@sign_in_required
@require_POST
def not_now(request: HttpRequest) -> HttpResponseBase:
    """Remembered, and never asked again; the page of notifications stays."""
    notice_choices.answered(user=driver_of(request), said_yes=False)
    return redirect("booking:current")


@sign_in_required
@require_POST
def tell_this_phone(request: HttpRequest) -> HttpResponse:
    """From script, after the person and their browser have said yes."""
    driver, form = driver_of(request), PhoneForm(request.POST)
    if not ratelimit.consume(request, action="push_phone", user=driver):
        return HttpResponse(status=TOO_MANY)
    if not form.is_valid():
        return HttpResponse(status=BAD_REQUEST)
    try:
        phone = push.subscribe(user=driver, label=_label(request), **form.cleaned_data)
    except push.NotASubscription as refusal:
        return JsonResponse({"code": refusal.code, "detail": refusal.sentence}, status=BAD_REQUEST)
    request.session[push.SESSION_KEY] = phone.pk
    notice_choices.answered(user=driver, said_yes=True)
    if not driver.language:
        # What they read now is what they can be told in: a worker has no browser to ask.
        people.speak(user=driver, language=get_language() or "")
    return HttpResponse(status=NO_CONTENT)


@sign_in_required
@require_POST
def phone_seen(request: HttpRequest) -> HttpResponse:
    """From script: whose is this phone? 404 tells it to forget what it was subscribed to."""
    driver, form = driver_of(request), SeenPhoneForm(request.POST)
    if not ratelimit.consume(request, action="push_phone", user=driver):
        return HttpResponse(status=TOO_MANY)
    phone = push.seen(user=driver, endpoint=form.cleaned_data["endpoint"]) if form.is_valid() else None
    if phone is None:
        raise Http404
    request.session[push.SESSION_KEY] = phone.pk
    return HttpResponse(status=NO_CONTENT)


@csrf_exempt
@require_POST
def phone_renewed(request: HttpRequest) -> HttpResponse:
    """From the service worker, which has no page and perhaps no session: who knows the old address may replace it."""
    if not ratelimit.consume(request, action="push_renewed"):
        return HttpResponse(status=TOO_MANY)
    form = RenewedPhoneForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=BAD_REQUEST)
    try:
        phone = push.renew(**form.cleaned_data)
    except push.NotASubscription:
        return HttpResponse(status=BAD_REQUEST)
    if phone is None:
        raise Http404
    return HttpResponse(status=NO_CONTENT)


@sign_in_required
@require_POST
def remove_phone(request: HttpRequest, phone_id: int) -> HttpResponseBase:
    if not push.remove(user=driver_of(request), subscription_id=phone_id):
        raise Http404
    messages.success(request, _("That phone is told no more."))
    return redirect("booking:notifications")


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def off(request: HttpRequest, token: str) -> HttpResponse:
    """Where a mail's link leads, and what a mail program posts to by itself (RFC 8058). Nobody has to sign in."""
    driver = notice_sending.driver_of_token(token)
    if driver is None:
        raise Http404
    if request.method == "POST":
        notice_ways.no_more_mail(driver=driver)
    return render(request, "booking/notices_off.html", {"done": request.method == "POST"})


def _label(request: HttpRequest) -> str:
    return str(user_agents.read(request.headers.get("User-Agent", "")))


def _missing(room: notice_ways.Room) -> str:
    if Way.EMAIL not in room.has:
        return _("Add an e-mail address to have receipts sent there.")
    return "" if Way.SMS in room.has else _("Add a phone number to be told by text message.")


def _answer(room: notice_ways.Room) -> str:
    """The page's answer: whole sentences, one for each set of ways."""
    if Way.PUSH in room.has:
        count = len(room.phones)
        return ngettext("We tell you on %(count)d phone", "We tell you on %(count)d phones", count) % {"count": count}
    if {Way.EMAIL, Way.SMS} <= room.has:
        return _("We tell you by e-mail and text message")
    if Way.SMS in room.has:
        return _("We tell you by text message")
    return _("We tell you by e-mail") if Way.EMAIL in room.has else _("We have no way to tell you yet")
