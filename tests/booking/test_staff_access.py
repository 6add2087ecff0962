"""Every role before every page of a console (P5): another station does not exist, another role is named."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from tests.booking.console import Console
from tests.factories.accounts import MembershipFactory, OrganisationFactory, UserFactory, WorkerFactory
from tests.factories.booking import Town
from tests.factories.stations import PostFactory, StationFactory

pytestmark = pytest.mark.django_db

GET_PAGES = ("board", "fragment", "walk_in", "packs", "poster", "booking", "swap", "act", "metal", "station")
POST_PAGES = ("arrive", "walk_in", "swap", "old_in", "new_out", "finish", "act", "metal", "station")


@pytest.fixture
def town() -> Town:
    return Town(packs=1)


def address(town: Town, name: str) -> str:
    """The page's address with a booking, a pack or an act of this very station."""
    booking = town.books(town.driver("Asha"))
    more = {
        "booking": [booking.public_id],
        "swap": [booking.public_id],
        "old_in": [booking.public_id],
        "new_out": [booking.public_id],
        "finish": [booking.public_id],
        "act": [booking.public_id, "here"],
        "metal": ["pack", town.packs[0].pk, "out"],
        "station": ["close"],
    }
    return reverse(f"staff:{name}", args=[town.station.network.code, town.station.code, *more.get(name, [])])


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def posted_elsewhere(town: Town) -> User:
    """Staff of the same owner, at another of its stations."""
    there = StationFactory(network=town.station.network, owner=town.station.owner)
    user: User = PostFactory(station=there).membership.user
    return user


@pytest.mark.parametrize("page", GET_PAGES)
def test_staff_of_the_station_open_its_pages(town: Town, page: str) -> None:
    chitra = PostFactory(station=town.station).membership.user

    assert client_of(chitra).get(address(town, page)).status_code == 200


@pytest.mark.parametrize("page", GET_PAGES)
def test_an_operator_opens_the_pages_of_the_whole_network(town: Town, page: str) -> None:
    company = town.station.network.organisations.get(is_operator=True)
    operator = MembershipFactory(role=Role.OPERATOR, organisation=company).user

    assert client_of(operator).get(address(town, page)).status_code == 200


@pytest.mark.parametrize("page", GET_PAGES)
def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(town: Town, page: str) -> None:
    path = address(town, page)

    answer = Client().get(path)

    assert answer.status_code == 302
    assert f"next={path}" in answer["Location"]


@pytest.mark.parametrize("page", GET_PAGES)
@pytest.mark.parametrize("role", [None, Role.FINANCE, Role.OWNER, Role.FLEET_MANAGER])
def test_another_role_is_told_which_one_is_missing(town: Town, page: str, role: Role | None) -> None:
    somebody = MembershipFactory(role=role, organisation__is_operator=True).user if role else UserFactory()

    answer = client_of(somebody).get(address(town, page))

    assert answer.status_code == 403
    assert "You need one of these roles" in answer.content.decode()


@pytest.mark.parametrize("page", GET_PAGES)
def test_staff_of_another_station_find_nothing(town: Town, page: str) -> None:
    assert client_of(posted_elsewhere(town)).get(address(town, page)).status_code == 404


@pytest.mark.parametrize("page", POST_PAGES)
def test_staff_of_another_station_change_nothing(town: Town, page: str) -> None:
    path = address(town, page)
    before = [(b.state, b.steps.count()) for b in town.station.bookings.all()]

    answer = client_of(posted_elsewhere(town)).post(path, {"reason": "because of me", "code": "AAAAAA"})

    town.station.refresh_from_db()
    town.packs[0].refresh_from_db()
    assert answer.status_code == 404
    assert [(b.state, b.steps.count()) for b in town.station.bookings.all()] == before
    assert (town.station.status, town.packs[0].state) == ("open", "kept")


def test_an_operator_of_another_network_finds_nothing(town: Town) -> None:
    operator = MembershipFactory(role=Role.OPERATOR, organisation__is_operator=True).user

    assert client_of(operator).get(address(town, "board")).status_code == 404


def test_who_is_posted_no_more_is_let_in_no_more(town: Town) -> None:
    post = PostFactory(station=town.station)
    client = client_of(post.membership.user)

    post.delete()

    assert client.get(address(town, "board")).status_code == 404


@pytest.mark.parametrize("page", ["booking", "swap"])
def test_a_booking_of_another_station_is_not_found_at_ones_own(town: Town, page: str) -> None:
    other = Town(packs=1)
    booking = other.books(other.driver("Asha"))

    assert Console(town).get(page, booking.public_id).status_code == 404


@pytest.mark.parametrize("kind", ["pack", "slot", "bay"])
def test_metal_of_another_station_is_not_found_at_ones_own(town: Town, kind: str) -> None:
    other = Town(packs=1)
    thing = {"pack": other.packs[0], "slot": other.packs[0].slot, "bay": other.bay}[kind]

    answer = Console(town).takes("out", thing, reason="not mine at all")

    thing.refresh_from_db()
    assert answer.status_code == 404
    assert thing.state in ("stored", "working", "open")


@pytest.mark.parametrize(
    "path",
    [
        "/staff/%00/x/",
        "/staff/nowhere/nothing/",
        "/staff/nowhere/nothing/b/5f0c7a3e-0000-4000-8000-000000000000/",
        "/staff/n/s/packs/pack/99999999999999999999999999/out/",
    ],
)
def test_addresses_that_nobody_has_made_are_not_found(town: Town, path: str) -> None:
    assert Console(town).client.get(path).status_code == 404


@pytest.mark.parametrize(
    "more", ["packs/pack/99999999999999999999999999/out/", "packs/roof/1/out/", "packs/pack/1/fly/", "station/move/"]
)
def test_things_and_acts_that_do_not_exist_are_not_found(town: Town, more: str) -> None:
    console = Console(town)

    assert console.client.get(console.url("board") + more).status_code == 404


def test_one_station_is_opened_at_once(town: Town) -> None:
    console = Console(town)

    answer = console.client.get("/staff/")

    assert answer["Location"] == console.url("board")


def test_several_stations_are_listed(town: Town) -> None:
    console = Console(town)
    second = StationFactory(network=town.station.network, owner=town.station.owner, name="Belém")
    PostFactory(station=second, membership=console.user.memberships.get())

    page = console.client.get("/staff/").content.decode()

    assert town.station.name in page
    assert "Belém" in page


def test_who_has_no_post_yet_is_told_whom_to_ask() -> None:
    nadia = MembershipFactory(
        user=WorkerFactory(name="Nadia"), organisation=OrganisationFactory(), role=Role.STAFF
    ).user

    page = client_of(nadia).get("/staff/").content.decode()

    assert "You are not posted to a station yet" in page


def test_a_form_without_its_token_changes_nothing(town: Town) -> None:
    console = Console(town)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(console.user)

    answer = strict.post(console.url("station", "close"), {"reason": "a foreign page wants it"})

    town.station.refresh_from_db()
    assert (answer.status_code, town.station.status) == (403, "open")


def test_a_socket_is_offered_to_those_whom_it_would_not_refuse(town: Town) -> None:
    company = town.station.network.organisations.get(is_operator=True)
    operator = MembershipFactory(role=Role.OPERATOR, organisation=company).user

    pages = [Console(town, user).get("board").content.decode() for user in (None, operator)]

    assert ["data-live-url" in page for page in pages] == [True, False]
    assert all("data-poll-url" in page for page in pages)
