"""One station, and the one tap that reserves there: what it costs and what happens if late stand before it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.guards import sign_in_required
from accounts.models import User
from accounts.refusals import Refusal
from booking import clock, conduct, drives, finding, fleets, line, line_rules, placing, presentation, queries, tariffs
from booking.finding import FoundStation
from booking.forms import ReserveForm
from booking.models import Tariff, Vehicle
from booking.patience import patient
from booking.places import Start
from booking.pricing import Price
from booking.views import choices, favourite
from booking.views.acting import driver_of, station_at
from payments import top_ups
from payments.money import Money
from payments.queries import MethodChoice, UnpaidCard, blocked_by_unpaid, methods_for
from stations import queries as station_queries
from stations.models import PackClass, Station


# Kept by a browser, the page would bring its old key back, and with it a booking that is over.
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def station(request: HttpRequest, network: str, code: str) -> HttpResponseBase:
    here = station_at(network, code)
    return _reserve(request, here) if request.method == "POST" else _show(request, here)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a vehicle would get here and what it would cost; complete before the template sees it."""

    found: FoundStation
    pack_class: PackClass
    packs: int
    most_packs: int
    tariff: Tariff | None
    about: Price | None
    most: Money | None
    lasts_seconds: int
    near_enough_seconds: int
    is_too_far: bool
    arrive_first_until: datetime | None
    # What is left of an earlier promise here (rule 2); None when a new one would be a whole one.
    promise_left_seconds: int | None
    # The vehicle's fleet has its share of the packs here (rule 10).
    fleet_has_its_share: bool
    methods: list[MethodChoice]
    unpaid: UnpaidCard | None

    @property
    def is_kept_at_once(self) -> bool:
        enough = self.found.station.stock.ready >= self.packs
        return self.found.is_promised_at_once and enough and not self.is_too_far and not self.is_promised_once_here

    @property
    def is_promised_once_here(self) -> bool:
        return self.arrive_first_until is not None or self.promise_left_seconds == 0

    @property
    def place(self) -> int:
        return self.found.in_line + 1

    @property
    def pack_choices(self) -> range:
        return range(1, self.most_packs + 1)

    @property
    def method(self) -> str:
        """The first way to pay that works is chosen already."""
        return next((method.code for method in self.methods if method.is_available), "")

    @property
    def rate(self) -> str:
        return presentation.rate(str(self.tariff.price_per_kwh), self.tariff.currency) if self.tariff else ""

    @property
    def about_energy(self) -> Money | None:
        return self._money(self.about.energy_minor if self.about else None)

    @property
    def about_fee(self) -> Money | None:
        return self._money(self.about.fee_minor if self.about else None)

    @property
    def about_tax(self) -> Money | None:
        return self._money(self.about.tax_minor if self.about else None)

    @property
    def lacking(self) -> Money | None:
        """What the wallet is short of for this booking."""
        wallet = next((method for method in self.methods if method.code == "wallet"), None)
        return self.most - wallet.available if wallet and self.most and wallet.available < self.most else None

    @property
    def top_up(self) -> Money | None:
        """An amount at a tap that is enough."""
        return top_ups.enough_for(self.lacking) if self.lacking else None

    def _money(self, amount_minor: int | None) -> Money | None:
        return Money(amount_minor, self.tariff.currency) if self.tariff and amount_minor is not None else None

    @property
    def can_pay(self) -> bool:
        return any(method.is_available for method in self.methods)

    @property
    def fleet_says_no(self) -> bool:
        """The vehicle is a fleet's, and the fleet's account does not bear this booking."""
        return any(method.code == "account" and not method.is_available for method in self.methods)


def _show(
    request: HttpRequest, here: Station, *, wish: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    own = choices.vehicles_of(request)
    vehicle = choices.chosen_vehicle(request, own)
    start = choices.remembered_start(request)
    now = clock.database_now()
    pack_class = vehicle.pack_class if vehicle else _class_here(request, here)
    context: dict[str, Any] = {
        "here": here,
        "now": now,
        "start": start,
        "vehicle": vehicle,
        "vehicles": own,
        "live": queries.live_card_of(request.user) if isinstance(request.user, User) else None,
        "key": uuid.uuid4().hex,
        "kept_ids": favourite.kept_ids(request),
        "wish": wish or {},
        "demo": settings.DEMO,
    }
    if pack_class is not None:
        packs = _packs(request, vehicle)
        context["offer"] = offer = _offer(request, here, vehicle, pack_class, packs=packs, start=start, now=now)
        if offer.found.hindrance == "other_class":
            context |= _what_fits(here, own)
    return render(request, "booking/station.html", context, status=status)


def _what_fits(here: Station, own: list[Vehicle]) -> dict[str, Any]:
    """For who stands before the wrong station: what is kept here, and which of their vehicles take it."""
    kept = list(PackClass.objects.filter(slot__station=here).order_by("-nominal_wh").distinct())
    return {"kept_here": [one.name for one in kept], "fitting": [one for one in own if one.pack_class in kept]}


@sign_in_required
def _reserve(request: HttpRequest, here: Station) -> HttpResponseBase:
    driver = driver_of(request)
    own = {vehicle.pk: vehicle for vehicle in choices.vehicles_of(request)}
    asked = request.POST.get("vehicle", "")
    vehicle = own.get(int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None
    if vehicle is None:
        messages.error(request, _("Choose one of your vehicles."))
        return _show(request, here, status=400)
    request.session[choices.VEHICLE] = vehicle.pk
    methods = methods_for(user=driver, network=here.network, organisation=vehicle.fleet, currency=here.currency)
    form = ReserveForm(request.POST, methods=methods, most_packs=vehicle.pack_count)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, str(errors[0]))
        return _show(request, here, wish=request.POST.dict(), status=400)
    start = choices.remembered_start(request)
    try:
        booking = patient(placing.place)(
            driver=driver,
            vehicle=vehicle,
            station=here,
            packs_wanted=form.cleaned_data["packs"],
            method=form.cleaned_data["method"],
            position=start.place if start else None,
            drive_seconds=drives.to_station(start.place if start else None, here),
            key=form.cleaned_data["key"],
            seen_tariff_id=form.cleaned_data["tariff"],
        )
    except placing.AlreadyBooked as refusal:
        messages.error(request, refusal.sentence)
        if refusal.booking is not None:
            return redirect("booking:booking", public_id=refusal.booking.public_id)
        return _show(request, here, wish=form.cleaned_data, status=409)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
        return _show(request, here, wish=form.cleaned_data, status=409)
    # The card's answer says what has been done; whoever hears the page begins there.
    messages.add_message(request, messages.SUCCESS, "answer", extra_tags="answer")
    return redirect("booking:booking", public_id=booking.public_id)


def _offer(
    request: HttpRequest,
    here: Station,
    vehicle: Vehicle | None,
    pack_class: PackClass,
    *,
    packs: int,
    start: Start | None,
    now: datetime,
) -> Offer:
    at = start.place if start else None
    card = station_queries.station_card(station=here, pack_class=pack_class, at=at, now=now)
    fleet = vehicle.fleet_id if vehicle is not None else None
    if at is not None:
        found = finding.with_nearest(card, start=at, pack_class=pack_class, packs=packs, fleet=fleet, now=now)
    else:
        (found,) = finding.complete_cards([card], pack_class=pack_class, packs=packs, fleet=fleet, now=now)
    tariff = _tariff(here, pack_class, now)
    driver = request.user if isinstance(request.user, User) else None
    terms = line.terms_of(here)
    drive_seconds = found.station.drive_seconds if start else None
    left = _promise_left(here, driver, vehicle, now) if vehicle else None
    return Offer(
        found=found,
        pack_class=pack_class,
        packs=packs,
        most_packs=vehicle.pack_count if vehicle else 1,
        tariff=tariff,
        about=finding.about_price(tariff, packs=packs, target_percent=here.target_soc_percent) if tariff else None,
        most=found.most,
        lasts_seconds=line_rules.promise_seconds(drive_seconds=drive_seconds, budget_seconds=left, terms=terms),
        near_enough_seconds=terms.max_seconds,
        is_too_far=drive_seconds is not None and drive_seconds > terms.max_seconds,
        arrive_first_until=conduct.arrive_first(driver=driver, vehicle=vehicle, now=now) if vehicle else None,
        promise_left_seconds=left,
        fleet_has_its_share=vehicle is not None
        and fleets.has_its_share(station=here, vehicle=vehicle, packs=packs, now=now),
        methods=_methods(driver, here, vehicle, found.most),
        unpaid=blocked_by_unpaid(network=here.network, user=driver, organisation=None) if driver else None,
    )


def _promise_left(here: Station, driver: User | None, vehicle: Vehicle, now: datetime) -> int | None:
    return placing.promise_left(station=here, pack_class=vehicle.pack_class, driver=driver, vehicle=vehicle, now=now)


def _methods(driver: User | None, here: Station, vehicle: Vehicle | None, most: Money | None) -> list[MethodChoice]:
    if driver is None or vehicle is None or most is None:
        return []
    return methods_for(user=driver, network=here.network, organisation=vehicle.fleet, amount=most)


def _tariff(here: Station, pack_class: PackClass, now: datetime) -> Tariff | None:
    try:
        return tariffs.current(station=here, pack_class=pack_class, now=now)
    except tariffs.NoTariff:
        return None


def _class_here(request: HttpRequest, here: Station) -> PackClass | None:
    """For who has no vehicle yet: the class of the last search if the station has it, else what it has."""
    classes = list(PackClass.objects.filter(slot__station=here).order_by("-nominal_wh").distinct())
    return choices.fitting_class(request, None, classes, request.GET.get("fits", "")[:20])


def _packs(request: HttpRequest, vehicle: Vehicle | None) -> int:
    most = vehicle.pack_count if vehicle else 1
    asked = request.GET.get("packs", "")
    return int(asked) if asked in {str(count) for count in range(1, most + 1)} else most
