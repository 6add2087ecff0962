"""One's own account where it is no matter of bookings: language and colours, devices, taking one's data, leaving."""

from __future__ import annotations

from contextlib import suppress

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import access, deletion, devices, export, keeping, people, theme
from accounts.forms import DeleteForm
from accounts.guards import fresh_sign_in_required, sign_in_required


@never_cache
@require_GET
def look(request: HttpRequest) -> HttpResponse:
    """Language and colours, also for who is not signed in."""
    context = {"themes": theme.THEMES.items(), "now": timezone.now()}
    return render(request, "account/look.html", context)


@never_cache
@sign_in_required
@require_GET
def where_signed_in(request: HttpRequest) -> HttpResponse:
    found = devices.of_person(access.person_of(request), this=request.session.session_key)
    context = {"devices": found, "others": sum(not card.is_this for card in found), "now": timezone.now()}
    return render(request, "account/devices.html", context)


@sign_in_required
@require_POST
def sign_out_device(request: HttpRequest, device_id: int) -> HttpResponseBase:
    if not devices.sign_out(user=access.person_of(request), device_id=device_id):
        raise Http404
    messages.success(request, _("Signed out there."))
    return redirect("devices")


@sign_in_required
@require_POST
def sign_out_others(request: HttpRequest) -> HttpResponseBase:
    devices.sign_out_others(request, user=access.person_of(request))
    messages.success(request, _("Signed out everywhere else."))
    return redirect("devices")


@never_cache
@sign_in_required
@require_GET
def your_data(request: HttpRequest) -> HttpResponse:
    return render(request, "account/your_data.html")


@never_cache
@fresh_sign_in_required
@require_POST
def export_data(request: HttpRequest) -> HttpResponseBase:
    """The file, made while it is sent: an error in the middle leaves one that cannot be read, not half a truth."""
    person = access.person_of(request)
    if not ratelimit.consume(request, action="export_data", key=str(person.pk)):
        messages.error(request, _("You have taken your data several times just now. Try again in an hour."))
        return render(request, "account/your_data.html", status=429)
    now = timezone.now()
    response = StreamingHttpResponse(export.chunks(person, now=now), content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="swapline-{now:%Y-%m-%d}.json"'
    return response


@never_cache
@fresh_sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest) -> HttpResponseBase:
    """GET says what goes, what stays and what stands in the way; POST does it, once the word is typed."""
    person = access.person_of(request)
    form = DeleteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        # Another tab may have been faster: then it is done.
        with suppress(people.PersonDeleted):
            try:
                deletion.delete(person=person)
            except deletion.CannotDeleteYet as refusal:
                return _ask_to_delete(request, form, refusal.hindrances, status=409)
        logout(request)
        return redirect("account_deleted")
    return _ask_to_delete(request, form, keeping.hindrances(person), status=400 if request.method == "POST" else 200)


@require_GET
def deleted(request: HttpRequest) -> HttpResponse:
    return render(request, "account/deleted.html")


def _ask_to_delete(
    request: HttpRequest, form: DeleteForm, hindrances: list[keeping.Hindrance], *, status: int
) -> HttpResponse:
    context = {"form": form, "hindrances": hindrances, "word": form.word}
    return render(request, "account/delete.html", context, status=status)
