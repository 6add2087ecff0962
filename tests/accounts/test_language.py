"""A person reads Swapline in the language they chose, on whatever device."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories.accounts import UserFactory, WorkerFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every_language")]


def language_of(client: Client, **headers: str) -> str:
    return client.get("/sign-in/", headers=headers)["Content-Language"]


def page_language(client: Client, **headers: str) -> str:
    return client.get(reverse("account_logout"), headers=headers)["Content-Language"]


def choose(client: Client, language: str, *, to: str = "") -> str:
    return client.post(reverse("set_language"), {"language": language, "next": to})["Location"]


def sign_in(client: Client, worker: User) -> None:
    client.post("/sign-in/password/", {"login": worker.email, "password": "correct horse battery"})


def test_the_choice_is_kept_with_the_person_and_goes_with_them(client: Client) -> None:
    asha = UserFactory()
    client.force_login(asha)

    choose(client, "th")

    other_device = Client()
    other_device.force_login(User.objects.get(pk=asha.pk))
    assert page_language(other_device, **{"Accept-Language": "pt"}) == "th"


def test_the_choice_of_someone_unknown_is_kept_in_their_browser(client: Client) -> None:
    choose(client, "zh-hans")

    assert language_of(client, **{"Accept-Language": "pt"}) == "zh-hans"


def test_a_choice_made_before_signing_in_stays_chosen(client: Client) -> None:
    bala = WorkerFactory(language="", password="correct horse battery")
    choose(client, "pt")

    sign_in(client, bala)

    bala.refresh_from_db()
    assert bala.language == "pt"


def test_signing_in_on_a_borrowed_phone_does_not_change_the_own_choice(client: Client) -> None:
    bala = WorkerFactory(language="th", password="correct horse battery")
    choose(client, "pt")

    sign_in(client, bala)

    bala.refresh_from_db()
    assert bala.language == "th"
    assert page_language(client) == "th"


@pytest.mark.parametrize(("asked", "given"), [("zh-TW", "zh-hans"), ("pt-BR", "pt"), ("th-TH", "th"), ("fr", "en")])
def test_without_a_choice_the_browser_decides(client: Client, asked: str, given: str) -> None:
    assert language_of(client, **{"Accept-Language": asked}) == given


@pytest.mark.parametrize("language", ["", "xx", "pt\x00", "p" * 10_000, "../th"])
def test_a_language_that_is_not_offered_changes_nothing(client: Client, language: str) -> None:
    asha = UserFactory(language="th")
    client.force_login(asha)

    choose(client, language)

    asha.refresh_from_db()
    assert asha.language == "th"


@pytest.mark.parametrize(
    ("to", "location"),
    [
        ("/sign-in/?a=1", "/sign-in/?a=1"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/" + "a" * 10_000, "/"),
    ],
)
def test_choosing_leads_back_to_this_site_alone(client: Client, to: str, location: str) -> None:
    assert choose(client, "pt", to=to) == location


def test_the_choice_is_made_by_post_alone(client: Client) -> None:
    assert client.get(reverse("set_language")).status_code == 405
    assert reverse("set_language") == "/language/"
