"""A person reads Swapline in the language they chose, on whatever device."""

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts import returning
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


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Send me a code"), ("pt", "Enviar-me um código"), ("zh-hans", "获取验证码"), ("th", "ส่งรหัสให้ฉัน")],
)
def test_a_page_speaks_the_language_that_it_names(client: Client, language: str, said: str) -> None:
    page = client.get("/sign-in/", headers={"Accept-Language": language})

    assert said in page.text
    assert f'<html lang="{language}"' in page.text
    assert page["Content-Language"] == language


def test_a_cache_between_us_keeps_the_languages_apart(client: Client) -> None:
    varies = {name.strip() for name in client.get("/sign-in/")["Vary"].split(",")}

    assert {"Accept-Language", "Cookie"} <= varies


def test_every_language_is_offered_under_its_own_name(client: Client) -> None:
    page = client.get("/sign-in/", headers={"Accept-Language": "th"}).text

    assert [name for name in ("English", "Português", "简体中文", "ภาษาไทย") if f">{name}</button>" not in page] == []


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


@pytest.mark.parametrize(
    ("before", "back"),
    [
        ("http://testserver/account/data/?a=1#b", "/account/data/?a=1"),
        ("https://evil.example/", "/account/data/export/"),
        ("", "/account/data/export/"),
    ],
)
def test_what_a_form_is_answered_with_leads_back_to_the_form(rf: RequestFactory, before: str, back: str) -> None:
    request = rf.post("/account/data/export/", headers={"Referer": before})

    assert returning.for_pages(request) == {"this_page": back}


def test_a_page_leads_back_to_itself_wherever_one_came_from(rf: RequestFactory) -> None:
    request = rf.get("/?q=Lisbon", headers={"Referer": "http://testserver/account/"})

    assert returning.for_pages(request) == {"this_page": "/?q=Lisbon"}
