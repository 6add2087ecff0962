"""The operator's page: figures with their cases, drawn and in tables, of their own network alone (P5)."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import Role, User
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.booking import Town
from tests.factories.measuring import measured
from tests.factories.stations import PostFactory

pytestmark = pytest.mark.django_db

PAGE = "/staff/forecast/"


@pytest.fixture
def town() -> Town:
    return Town(packs=1)


def with_role(town: Town, role: Role) -> User:
    company = town.station.network.organisations.get(is_operator=True)
    user: User = MembershipFactory(role=role, organisation=company).user
    return user


def page_of(user: User, path: str = PAGE) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_operator_sees_the_figures_with_their_cases(town: Town) -> None:
    measured(town)

    page = page_of(with_role(town, Role.OPERATOR))

    assert "of 1200 bookings" in page
    assert town.pack_class.name in page
    assert page.count("<svg viewBox") == 4
    assert page.count("<circle") == 30 + 30 + 6
    assert page.count("<table") == 5


def test_every_drawing_stays_on_its_paper(town: Town) -> None:
    measured(town)

    page = page_of(with_role(town, Role.OPERATOR))

    places = [(int(x), int(y)) for x, y in re.findall(r'<circle class="chart-point" cx="(-?\d+)" cy="(-?\d+)"', page)]
    assert len(places) == 66
    assert all(44 <= x <= 384 and 16 <= y <= 180 for x, y in places)


def test_nothing_is_styled_or_scripted_in_the_page_itself(town: Town) -> None:
    measured(town)

    page = page_of(with_role(town, Role.OPERATOR))

    main = page[page.index("<main") : page.index("</main>")]
    assert "style=" not in main
    assert "<script" not in main


@pytest.mark.parametrize(("adjusted_by", "said"), [(7, "7 of 200"), (199, "199 of 200")])
def test_with_too_few_bookings_there_is_only_their_number(town: Town, adjusted_by: int, said: str) -> None:
    measured(town, days=3, adjusted_by=adjusted_by)

    page = page_of(with_role(town, Role.OPERATOR))

    assert f"Not enough finished bookings yet: {said}" in page
    assert "<circle" not in page


def test_before_the_first_night_there_are_none(town: Town) -> None:
    assert "Not enough finished bookings yet: 0 of 200" in page_of(with_role(town, Role.OPERATOR))


def test_another_network_is_not_on_the_page(town: Town) -> None:
    other = Town(packs=1)
    measured(other)

    page = page_of(with_role(town, Role.OPERATOR))

    assert other.station.network.name not in page
    assert "0 of 200" in page


@pytest.mark.parametrize("role", [Role.FINANCE, Role.OWNER])
def test_other_roles_are_told_which_one_is_missing(town: Town, role: Role) -> None:
    client = Client()
    client.force_login(with_role(town, role))

    assert client.get(PAGE).status_code == 403


def test_staff_of_a_station_and_drivers_do_not_see_it(town: Town) -> None:
    for user in (PostFactory(station=town.station).membership.user, UserFactory(name="Asha")):
        client = Client()
        client.force_login(user)
        assert client.get(PAGE).status_code == 403


def test_who_is_not_signed_in_is_asked_to(client: Client) -> None:
    assert client.get(PAGE).status_code == 302


def test_an_operator_of_one_station_finds_the_page(town: Town) -> None:
    assert PAGE in page_of(with_role(town, Role.OPERATOR), "/staff/")


def test_staff_of_several_stations_are_not_led_there(town: Town) -> None:
    membership = PostFactory(station=town.station).membership
    PostFactory(station=town.second_station("Alfama Gate"), membership=membership)

    assert PAGE not in page_of(membership.user, "/staff/")
