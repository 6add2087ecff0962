"""The list of rooms with the answer of each, the name, and the rules of the line in plain words."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts import access, devices, people
from accounts.guards import sign_in_required
from accounts.models import Role
from accounts.phones import spoken
from accounts.theme import THEMES, chosen
from booking import paying, wallets
from booking.forms import NameForm
from booking.views import choices
from booking.views.acting import driver_of


@never_cache
@sign_in_required
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    driver = driver_of(request)
    own = choices.vehicles_of(request)
    context = {
        "driver": driver,
        "phone": spoken(driver.phone) if driver.phone else "",
        "vehicle": choices.chosen_vehicle(request, own),
        "other_vehicles": len(own) - 1,
        "wallets": wallets.of_driver(driver),
        "paying": paying.of_driver(driver),
        "theme_name": THEMES[chosen(request)],
        "manages_a_fleet": access.has_role(driver, Role.FLEET_MANAGER),
        "devices": len(devices.of_person(driver, this=request.session.session_key)),
    }
    return render(request, "booking/account/index.html", context)


@never_cache
@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: HttpRequest) -> HttpResponseBase:
    driver = driver_of(request)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": driver.name})
    if request.method == "POST" and form.is_valid():
        people.rename(user=driver, name=form.cleaned_data["name"])
        messages.success(request, _("Saved."))
        return redirect("booking:account")
    status = 400 if request.method == "POST" else 200
    return render(request, "booking/account/name.html", {"form": form}, status=status)


@require_GET
def rules(request: HttpRequest) -> HttpResponse:
    return render(request, "booking/rules.html")
