"""The people whom a visitor may be: those of `accounts.demo`, with their roles, stations, vehicles and money."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from django.contrib.auth.hashers import make_password

from accounts import membership
from accounts.demo import PASSWORD, SIGN_INS
from accounts.models import Organisation, Role, User
from booking import favourites
from booking.demo.crowd import Ride, plate
from booking.demo.network import COMPACT, Founded
from booking.models import Assignment, Vehicle
from payments import operations, wallet
from payments.models import PaymentOperation
from payments.money import Money
from stations.models import PackClass, Post

# Whose page the other roles open: the network of the country that comes first.
HOME = "pt"
WALLET_OF = {"+351912000001": "pt", "+66812000001": "th", "+8613812000001": "cn"}
FLEET_DRIVER = "+351912000002"
STAFF_AT = ("lisbon-cais-do-sodre", "lisbon-saldanha", "lisbon-parque-das-nacoes", "lisbon-alcantara")


def people() -> dict[str, User]:
    """Everybody of the list, by what they sign in with. One hash serves all, since they share the printed password."""
    hashed = make_password(PASSWORD)
    found: dict[str, User] = {}
    for sign_in in SIGN_INS:
        by_phone = not sign_in.password
        user = User(
            name=sign_in.name,
            phone=sign_in.login if by_phone else None,
            phone_verified=by_phone,
            email=None if by_phone else sign_in.login,
            password=hashed if sign_in.password else make_password(None),
        )
        user.save()
        found[sign_in.login] = user
    return found


def give_roles(*, founded: Founded, users: dict[str, User]) -> None:
    """Everybody but the drivers belongs to the network at home."""
    operator = founded.operator
    roles: tuple[tuple[str, Organisation, Role], ...] = (
        ("staff@demo.example", operator, Role.STAFF),
        ("finance@demo.example", operator, Role.FINANCE),
        ("finance2@demo.example", operator, Role.FINANCE),
        ("operator@demo.example", operator, Role.OPERATOR),
        ("owner@demo.example", founded.owners[0], Role.OWNER),
        ("fleet@demo.example", founded.fleets[0], Role.FLEET_MANAGER),
    )
    for login, organisation, role in roles:
        given = membership.grant(user=users[login], organisation=organisation, role=role, by=None)
        if role == Role.STAFF:
            posts = [site.station for site in founded.sites if site.station.code in STAFF_AT]
            Post.objects.bulk_create(Post(membership=given, station=station) for station in posts)
    chief = users["operator@demo.example"]
    chief.is_staff = chief.is_superuser = True
    chief.save(update_fields=["is_staff", "is_superuser"])


def rides(
    *, founded: Founded, users: dict[str, User], classes: dict[str, PackClass], random: Random, now: datetime
) -> list[Ride]:
    """The drivers of this network with a vehicle each: one pays from a wallet, the fleet's on account."""
    wanted = [(login, "wallet") for login, code in WALLET_OF.items() if code == founded.land.code]
    if founded.land.code == HOME:
        wanted.append((FLEET_DRIVER, "account"))
    made = []
    for login, method in wanted:
        vehicle = Vehicle.objects.create(
            country=founded.land.country,
            plate=plate(founded.land.country, random),
            pack_class=classes[COMPACT],
            model="Corvina City" if method == "account" else "",
            fleet=founded.fleets[0] if method == "account" else None,
            proven_at=now,
        )
        Assignment.objects.create(vehicle=vehicle, driver=users[login], model="Corvina City")
        made.append(Ride(users[login], vehicle, founded.land.cities[0].slug, method, now))
    return made


def keep_favourites(*, founded: Founded, visitors: list[Ride], now: datetime) -> None:
    """A busy station and two quiet ones of their city."""
    for ride in visitors:
        at_home = [site.station for site in founded.sites if site.city.slug == ride.city_slug]
        for number, station in enumerate(at_home[1:6:2]):
            favourites.keep(driver=ride.driver, station=station, now=now - timedelta(days=number))


def fill_wallet(*, founded: Founded, driver: User, key: str) -> None:
    """Enough for some swaps, by the same way in as any other money."""
    money = Money(2 * founded.land.top_up_minor, founded.land.currency)
    topped_up: PaymentOperation = wallet.top_up(
        user=driver, network=founded.network, amount=money, by=None, reason="Welcome to the demo", key=key
    )
    operations.carry_out(topped_up.pk)
