"""The rooms of an account, and the pages that are everybody's."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from accounts import push
from accounts.models import User
from booking.notice_sending import unsubscribe_token
from payments import operations, wallet
from payments.money import Money
from tests.accounts.push_service import Phone
from tests.factories import payments as money
from tests.factories.accounts import UserFactory
from tests.factories.booking import VehicleFactory
from tests.gallery.showing import Gallery, Seen
from tests.gallery.towns import town

GALLERY = Gallery()


@GALLERY.shows("booking:account")
def account() -> Seen:
    return Seen("/account/", town().driver("Asha"))


@GALLERY.shows("booking:account")
def account_new() -> Seen:
    return Seen("/account/", UserFactory(name=""))


@GALLERY.shows("booking:account")
def account_with_money() -> Seen:
    return Seen("/account/", money.driver_with_wallet(money.network_with_operator()))


@GALLERY.shows("booking:add_vehicle")
def add_vehicle() -> Seen:
    town()
    return Seen("/account/vehicles/add/", UserFactory(name="Asha"))


@GALLERY.shows("booking:let_vehicle_go")
def let_vehicle_go() -> Seen:
    place = town()
    asha = UserFactory(name="Asha")
    vehicle = VehicleFactory(pack_class=place.pack_class)
    vehicle.assignments.create(driver=asha)
    return Seen(reverse("booking:let_vehicle_go", args=[vehicle.pk]), asha)


@GALLERY.shows("booking:wallet")
def wallet_with_money() -> Seen:
    network = money.network_with_operator()
    return Seen(reverse("booking:wallet", args=[network.code]), money.driver_with_wallet(network))


@GALLERY.shows("booking:wallets")
def wallets_of_two_networks() -> Seen:
    asha = money.driver_with_wallet(money.network_with_operator())
    bangkok = money.network_with_operator("bangkok", "THB", "Asia/Bangkok")
    top_up = wallet.top_up(user=asha, network=bangkok, amount=Money(50_000, "THB"), by=None, reason="cash")
    operations.carry_out(top_up.pk)
    return Seen("/account/wallet/", asha)


@GALLERY.shows("booking:add_money")
def top_up() -> Seen:
    network = money.network_with_operator()
    return Seen(reverse("booking:add_money", args=[network.code]), money.driver_with_wallet(network))


@GALLERY.shows("booking:notifications")
def notifications_with_a_phone() -> Seen:
    asha: User = UserFactory(name="Asha", email="asha@swapline.test")
    push.subscribe(user=asha, label="Android", **Phone("https://push.example.org/1").subscription)
    return Seen("/account/notifications/", asha)


@GALLERY.shows("delete_account")
def delete_long_after_signing_in() -> Seen:
    """Who they are has to be proven once more."""
    return Seen("/account/data/delete/", town().driver("Asha"), status=403)


@GALLERY.shows("booking:rules")
def rules() -> Seen:
    return Seen("/rules/")


def _room(path: str) -> Callable[[], Seen]:
    def arrange() -> Seen:
        return Seen(path, town().driver("Asha"))

    return arrange


for _name in ("booking:rename", "booking:vehicles", "booking:payment", "booking:notifications"):
    GALLERY.hang(f"room_{_name.partition(':')[2]}", _name, _room(reverse(_name)))
for _name in ("look", "devices", "your_data"):
    GALLERY.hang(f"room_{_name}", _name, _room(reverse(_name)))


@GALLERY.shows("booking:edit_vehicle")
def edit_vehicle() -> Seen:
    asha: User = UserFactory(name="Asha")
    vehicle = VehicleFactory()
    vehicle.assignments.create(driver=asha)
    return Seen(reverse("booking:edit_vehicle", args=[vehicle.pk]), asha)


@GALLERY.shows("devices")
def several_devices() -> Seen:
    asha = town().driver("Asha")
    for agent in (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
    ):
        client = Client(HTTP_USER_AGENT=agent)
        client.force_login(asha, backend="django.contrib.auth.backends.ModelBackend")
        client.get("/account/")
    return Seen("/account/devices/", asha)


@GALLERY.shows("delete_account")
def delete_at_once() -> Seen:
    return Seen("/account/data/delete/", UserFactory(name="Asha"), is_fresh=True)


@GALLERY.shows("delete_account")
def delete_stands_in_the_way() -> Seen:
    place = town()
    asha = place.driver("Asha")
    place.books(asha)
    return Seen("/account/data/delete/", asha, is_fresh=True)


@GALLERY.shows("account_deleted")
def deleted() -> Seen:
    return Seen("/account/deleted/")


@GALLERY.shows("booking:notices_off")
def notices_off() -> Seen:
    return Seen(reverse("booking:notices_off", args=[unsubscribe_token(UserFactory(name="Asha"))]))


@GALLERY.shows("offline")
def offline() -> Seen:
    return Seen("/offline/")


@GALLERY.shows("404")
def page_missing() -> Seen:
    return Seen("/there-is-no-such-page/", status=404)


@GALLERY.shows("staff:stations")
def not_yours_to_see() -> Seen:
    return Seen("/staff/", UserFactory(name="Asha"), status=403)


@GALLERY.shows("styleguide")
def styleguide() -> Seen:
    return Seen("/styleguide/", is_demo=True)
