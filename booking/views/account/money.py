"""How to pay, and the wallets: what is in them, what went in and out, and putting money in."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts import returning
from accounts.guards import sign_in_required
from accounts.models import Network
from booking import paying, wallets
from booking.forms import AmountForm, PreferenceForm, TopUpForm
from booking.views.acting import attempt, driver_of
from payments import preferences, top_ups, wallet
from payments.money import Money
from payments.presentation import money


@never_cache
@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def payment(request: HttpRequest) -> HttpResponseBase:
    """What can be paid with; a POST says what is used first in one network."""
    driver = driver_of(request)
    if request.method != "POST":
        return render(request, "booking/account/payment.html", {"networks": paying.of_driver(driver)})
    form = PreferenceForm(request.POST)
    network = Network.objects.filter(code=form.cleaned_data["network"]).first() if form.is_valid() else None
    if network is None:
        raise Http404
    method = form.cleaned_data["method"]
    attempt(
        request,
        lambda: preferences.prefer(user=driver, network=network, method=method),
        said=_("Saved. It is chosen for you when you reserve."),
    )
    return redirect("booking:payment")


@never_cache
@sign_in_required
@require_GET
def room(request: HttpRequest) -> HttpResponseBase:
    """All wallets; where there is one, it is shown at once."""
    driver = driver_of(request)
    networks = wallets.networks_of(driver)
    if len(networks) == 1:
        return redirect("booking:wallet", network=networks[0].code)
    shown = [wallets.of_network(driver, network) for network in networks]
    return render(request, "booking/account/wallets.html", {"wallets": shown, "demo": settings.DEMO})


@never_cache
@sign_in_required
@require_GET
def one_wallet(request: HttpRequest, network: str) -> HttpResponse:
    of = get_object_or_404(Network, code=network)
    before = _whole_number(request.GET.get("before", ""))
    driver = driver_of(request)
    context = {
        "network": of,
        "statement": wallets.statement(driver, of, before=before),
        "is_first": before is None,
        "several": len(wallets.networks_of(driver)) > 1,
        "demo": settings.DEMO,
    }
    return render(request, "booking/account/wallet.html", context)


@never_cache
@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def add_money(request: HttpRequest, network: str) -> HttpResponseBase:
    """How much; `need` is the amount in minor units that was lacking where the driver comes from.

    A POST is for the demo's money machine. Where money is real, a provider or the counter fills a wallet.
    """
    of = get_object_or_404(Network, code=network)
    if request.method == "POST":
        return _top_up(request, of)
    return _ask_how_much(request, of, lacking=_whole_number(request.GET.get("need", "")))


def _top_up(request: HttpRequest, network: Network) -> HttpResponseBase:
    sent = TopUpForm(request.POST)
    if not settings.DEMO or not sent.is_valid() or network.currency not in top_ups.TERMS:
        raise Http404
    form = AmountForm(request.POST, currency=network.currency)
    if not form.is_valid():
        return _ask_how_much(request, network, form=form, status=400)
    _play_money(request, network, form.amount(), key=sent.cleaned_data["key"])
    return redirect(returning.asked_for(request) or redirect("booking:wallet", network=network.code)["Location"])


def _play_money(request: HttpRequest, network: Network, amount: Money, *, key: str) -> None:
    driver = driver_of(request)
    key = f"demo:{driver.pk}:{key}"
    try:
        wallet.top_up(user=driver, network=network, amount=amount, by=driver, reason="demo", key=key)
    except IntegrityError:
        # The same tap a second time: the money is there already.
        return
    messages.success(request, _("%(amount)s topped up. This is the demo’s money.") % {"amount": money(amount)})


def _ask_how_much(
    request: HttpRequest,
    network: Network,
    *,
    lacking: int | None = None,
    form: AmountForm | None = None,
    status: int = 200,
) -> HttpResponse:
    if network.currency not in top_ups.TERMS:
        raise Http404
    suggested = top_ups.enough_for(Money(lacking, network.currency)) if lacking else None
    least, most = top_ups.limits(network.currency)
    offered = top_ups.offered(network.currency)
    context: dict[str, Any] = {
        "network": network,
        "wallet": wallets.of_network(driver_of(request), network),
        "form": form or AmountForm(currency=network.currency),
        "offered": offered if suggested is None or suggested in offered else [suggested, *offered],
        "suggested": suggested or offered[1],
        "is_needed": suggested is not None,
        "least": least,
        "most": most,
        "key": uuid.uuid4().hex,
        "next": returning.asked_for(request),
        "demo": settings.DEMO,
    }
    return render(request, "booking/account/top_up.html", context, status=status)


def _whole_number(typed: str) -> int | None:
    """What cannot be a number of ours is no number."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 16 else None
