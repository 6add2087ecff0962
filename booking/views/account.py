"""You: vehicles, wallet, name and language; and the rules of the line in plain words."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import people
from accounts.guards import sign_in_required
from accounts.models import Network
from booking import vehicles, wallets
from booking.forms import NameForm, TopUpForm, VehicleForm
from booking.models import Vehicle
from booking.views import choices
from booking.views.acting import attempt, driver_of
from payments import wallet
from payments.money import Money

# What one tap on the demo's money machine brings, in whole units of each currency.
TOP_UPS = {"EUR": Decimal(50), "THB": Decimal(1_500), "CNY": Decimal(300)}


@never_cache
@sign_in_required
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    driver = driver_of(request)
    context = {
        "driver": driver,
        "vehicles": vehicles.of_driver(driver),
        "wallets": wallets.of_driver(driver, also_empty=settings.DEMO),
        "name_form": NameForm(initial={"name": driver.name}),
        "key": uuid.uuid4().hex,
        "demo": settings.DEMO,
    }
    return render(request, "booking/account.html", context)


@sign_in_required
@require_POST
def rename(request: HttpRequest) -> HttpResponseBase:
    form = NameForm(request.POST)
    if form.is_valid():
        people.rename(user=driver_of(request), name=form.cleaned_data["name"])
        messages.success(request, _("Saved."))
    else:
        messages.error(request, _("That name cannot be kept. Use up to 120 letters."))
    return redirect("booking:account")


@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def add_vehicle(request: HttpRequest) -> HttpResponseBase:
    """Add a vehicle, then go back to where the lack of one had stopped the driver."""
    back = _back(request)
    form = VehicleForm(request.POST or None, near=_likely_country(request))
    if request.method == "POST" and form.is_valid():
        wish = form.cleaned_data

        def act() -> Vehicle:
            return vehicles.add(
                driver=driver_of(request),
                country=wish["country"],
                plate=wish["plate"],
                pack_class=wish["pack_class"],
                pack_count=wish["pack_count"],
            )

        added = attempt(request, act, said=_("Your vehicle is ready to book for."))
        if added is not None:
            request.session[choices.VEHICLE] = added.pk
            request.session.pop(choices.FITS, None)
            return redirect(back or "booking:account")
    status = 400 if request.method == "POST" else 200
    return render(request, "booking/add_vehicle.html", {"form": form, "next": back}, status=status)


@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def let_vehicle_go(request: HttpRequest, vehicle_id: int) -> HttpResponseBase:
    """GET asks once, POST does it."""
    own = {vehicle.pk: vehicle for vehicle in choices.vehicles_of(request)}
    vehicle = own.get(vehicle_id)
    if vehicle is None:
        raise Http404
    if request.method != "POST":
        return render(request, "booking/let_vehicle_go.html", {"vehicle": vehicle})
    attempt(request, lambda: vehicles.let_go(driver=driver_of(request), vehicle=vehicle))
    return redirect("booking:account")


@sign_in_required
@require_POST
def top_up(request: HttpRequest) -> HttpResponseBase:
    """The demo's money machine. Where money is real, a wallet is filled through a provider or at the counter."""
    if not settings.DEMO:
        raise Http404
    form = TopUpForm(request.POST)
    network = Network.objects.filter(code=form.cleaned_data["network"]).first() if form.is_valid() else None
    if network is None or network.currency not in TOP_UPS:
        raise Http404
    amount = Money.from_major(TOP_UPS[network.currency], network.currency)
    driver = driver_of(request)
    try:
        wallet.top_up(
            user=driver,
            network=network,
            amount=amount,
            by=driver,
            reason="demo",
            key=f"demo:{driver.pk}:{form.cleaned_data['key']}",
        )
    except IntegrityError:
        # The same tap a second time: the money is there already.
        return redirect("booking:account")
    messages.success(request, _("Topped up. This is the demo’s money."))
    return redirect(_back(request) or "booking:account")


@require_GET
def rules(request: HttpRequest) -> HttpResponse:
    return render(request, "booking/rules.html")


def _back(request: HttpRequest) -> str:
    """The address to return to, if it is one of ours."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if safe and len(target) <= 500 else ""


def _likely_country(request: HttpRequest) -> str:
    """Of the driver's other vehicle, else of the telephone number's country as our networks have it."""
    own = choices.vehicles_of(request)
    if own:
        return own[-1].country
    phone = driver_of(request).phone or ""
    return next((country for prefix, country in _PREFIXES.items() if phone.startswith(prefix)), "PT")


_PREFIXES = {"+351": "PT", "+66": "TH", "+86": "CN"}
