"""Drivers sign in with a one-time code; whoever proves an unknown number or address is a new driver."""

import re
import threading
import time

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from accounts.phones import spoken
from tests.accounts.fakes import code_in
from tests.factories.accounts import MembershipFactory, NetworkFactory, UserFactory, WorkerFactory

pytestmark = pytest.mark.django_db

ASK, CONFIRM = "/sign-in/", "/sign-in/code/"
Sms = list[tuple[str, str]]


def ask(client: Client, login: str, *, country: str = "", to: str = "") -> HttpResponse:
    data = {"login": login, "country": country}
    return client.post(ASK, data | {"next": to} if to else data)


def confirm(client: Client, code: str, *, to: str = "") -> HttpResponse:
    return client.post(CONFIRM, {"code": code, "next": to} if to else {"code": code})


def signed_in(client: Client) -> User | None:
    key = client.session.get("_auth_user_id")
    return User.objects.get(pk=key) if key else None


def wrong(code: str) -> str:
    return "000000" if code != "000000" else "111111"


def test_asha_signs_in_with_the_code_sent_to_her_phone(client: Client, sms: Sms) -> None:
    asha = UserFactory(name="Asha", phone="+351912345678", phone_verified=False)

    asked = ask(client, "+351 912 345 678")
    [(to, text)] = sms
    page = client.get(CONFIRM)
    confirmed = confirm(client, code_in(text))

    assert (asked.status_code, asked["Location"]) == (302, CONFIRM)
    assert to == "+351912345678"
    assert "+351 912 345 678" in page.content.decode()
    assert (confirmed.status_code, confirmed["Location"]) == (302, "/")
    assert signed_in(client) == asha
    asha.refresh_from_db()
    assert asha.phone_verified


def test_an_unknown_number_is_a_new_driver_after_the_code_and_not_before(client: Client, sms: Sms) -> None:
    ask(client, "+351912345678")
    before = User.objects.count()
    confirm(client, code_in(sms[0][1]))

    driver = signed_in(client)

    assert before == 0
    assert driver is not None
    assert (driver.phone, driver.phone_verified, driver.has_usable_password()) == ("+351912345678", True, False)


def test_an_unknown_email_is_a_new_driver_after_the_code(client: Client) -> None:
    ask(client, "Bala@Example.com")
    confirm(client, code_in(mail.outbox[0].body))

    driver = signed_in(client)

    assert driver is not None
    assert (driver.email, driver.phone) == ("bala@example.com", None)


def test_an_email_is_the_same_in_any_case(client: Client) -> None:
    bala = User.objects.create_user(email="bala@example.com")

    ask(client, "BALA@Example.COM")
    confirm(client, code_in(mail.outbox[0].body))

    assert signed_in(client) == bala
    assert User.objects.count() == 1


def test_a_number_without_country_code_is_read_in_the_chosen_country(client: Client, sms: Sms) -> None:
    NetworkFactory(country="TH")

    ask(client, "081 234 5678", country="TH")

    assert sms[0][0] == "+66812345678"


@pytest.mark.parametrize(
    ("countries", "accepted", "guess"),
    [
        (["PT"], "en-US", "PT"),
        (["PT", "TH"], "en-TH,en;q=0.9", "TH"),
        (["PT", "TH"], "de-DE, pt-PT;q=0.5", "PT"),
        (["PT", "TH"], "en-US", ""),
        (["PT", "TH"], "-,;," * 5_000, ""),
        ([], "th-TH", ""),
    ],
)
def test_the_country_of_the_number_is_guessed_from_what_the_browser_says(
    client: Client, countries: list[str], accepted: str, guess: str
) -> None:
    for country in countries:
        NetworkFactory(country=country)

    page = client.get(ASK, headers={"accept-language": accepted})

    assert page.context["form"]["country"].value() == guess


@pytest.mark.parametrize(
    ("login", "sentence"),
    [
        ("", "Type your phone number or e-mail address."),
        ("912345678", "Start the phone number with +"),
        ("+351 12", "This phone number does not exist"),
        ("+999 asha", "This is not a phone number"),
        ("asha@", "This is not an e-mail address"),
        ("asha@example", "This is not an e-mail address"),
        ("asha\x00@example.com", "Null characters are not allowed."),
        ("+351912345678" + "0" * 200, "This is not a phone number"),
        ("a" * 300 + "@example.com", "at most 254 characters"),
    ],
)
def test_what_is_neither_phone_nor_email_is_refused_with_a_sentence(
    client: Client, sms: Sms, login: str, sentence: str
) -> None:
    response = ask(client, login)

    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not sms
    assert not mail.outbox


def test_known_and_unknown_people_see_the_same_pages(sms: Sms) -> None:
    UserFactory(phone="+351912345678")
    pages = []

    for phone in ("+351912345678", "+351912345679"):
        client = Client()
        asked = ask(client, phone)
        page = client.get(CONFIRM).content.decode()
        refused = confirm(client, "1234567").content.decode()
        pages.append(
            (asked.status_code, asked["Location"], *(_without_tokens(text, phone) for text in (page, refused)))
        )

    assert pages[0] == pages[1]
    assert len(sms) == 2


def _without_tokens(page: str, phone: str) -> str:
    page = page.replace(spoken(phone), "").replace(phone, "")
    return re.sub(r'(data-now|data-deadline|nonce|name="csrfmiddlewaretoken" value)="[^"]+"', "", page)


def test_a_wrong_code_is_refused_and_five_of_them_end_the_attempt(client: Client, sms: Sms) -> None:
    ask(client, "+351912345678")
    code = code_in(sms[0][1])

    answers = [confirm(client, wrong(code)) for _ in range(5)]
    late = confirm(client, code)

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 302]
    assert "That is not the code" in answers[0].content.decode()
    assert answers[-1]["Location"] == late["Location"] == ASK
    assert signed_in(client) is None


@pytest.mark.django_db(transaction=True)
def test_guesses_sent_all_at_once_are_limited_too(client: Client, sms: Sms) -> None:
    # Each reads the session's count of tries before any has written it.
    ask(client, "+351912345678")
    code = code_in(sms[0][1])
    session = client.cookies["sessionid"].value
    answers: list[str] = []

    def guess() -> None:
        guesser = Client()
        guesser.cookies["sessionid"] = session
        answer = confirm(guesser, wrong(code))
        answers.append("refused" if "That is not the code" in answer.content.decode() else "ended")
        connections.close_all()

    threads = [threading.Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 16
    assert answers.count("refused") <= 6


def test_an_old_code_is_refused(client: Client, sms: Sms, settings: Settings) -> None:
    ask(client, "+351912345678")
    _age_codes(seconds=settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT + 1)

    response = confirm(client, code_in(sms[0][1]))
    after = client.get(response["Location"]).content.decode()

    assert response["Location"] == ASK
    assert "That code is too old." in after
    assert signed_in(client) is None


def _age_codes(*, seconds: int) -> None:
    row = Session.objects.get()
    data = row.get_decoded()
    data["account_login"]["state"]["stages"]["login_by_code"]["data"]["at"] = time.time() - seconds
    row.session_data = Session.objects.encode(data)
    row.save()


def test_a_code_works_once(client: Client, sms: Sms) -> None:
    ask(client, "+351912345678")
    code = code_in(sms[0][1])
    confirm(client, code)
    client.post(reverse("account_logout"))

    again = confirm(client, code)

    assert again["Location"] == ASK
    assert signed_in(client) is None


def test_a_code_is_worthless_in_another_browser(client: Client, sms: Sms) -> None:
    ask(client, "+351912345678")
    thief = Client()
    ask(thief, "+351912999999")

    confirm(thief, code_in(sms[0][1]))

    assert signed_in(thief) is None


def test_a_new_code_can_be_asked_for_and_replaces_the_old_one(client: Client, sms: Sms) -> None:
    ask(client, "+351912345678")
    client.post(CONFIRM, {"action": "resend"})
    old, new = (code_in(text) for _, text in sms)

    if old != new:
        confirm(client, old)
        assert signed_in(client) is None
    confirm(client, new)

    assert signed_in(client) is not None


def test_a_phone_cannot_be_flooded(sms: Sms) -> None:
    answers = [ask(Client(), "+351912345678") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [302, 302, 302, 200]
    assert "Too many codes were asked for." in answers[-1].content.decode()
    assert len(sms) == 3


def test_a_message_that_cannot_be_sent_is_said(client: Client, settings: Settings) -> None:
    settings.SMS_PROVIDER = "tests.accounts.fakes.BrokenSms"

    response = ask(client, "+351912345678")

    assert response.status_code == 200
    assert "The line is down." in response.content.decode()


def test_after_the_code_people_go_where_they_were_going(client: Client, sms: Sms) -> None:
    asked = ask(client, "+351912345678", to="/account/password/set/?a=1")
    confirmed = confirm(client, code_in(sms[0][1]), to="/account/password/set/?a=1")

    assert asked["Location"] == CONFIRM + "?next=%2Faccount%2Fpassword%2Fset%2F%3Fa%3D1"
    assert confirmed["Location"] == "/account/password/set/?a=1"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
        "\x00//evil.example",
    ],
)
def test_nobody_is_sent_to_another_site(client: Client, sms: Sms, elsewhere: str) -> None:
    asked = ask(client, "+351912345678", to=elsewhere)
    confirmed = confirm(client, code_in(sms[0][1]), to=elsewhere)

    assert asked["Location"] == CONFIRM
    assert confirmed["Location"] == "/"


def test_a_blocked_person_gets_no_further_than_the_code(client: Client, sms: Sms) -> None:
    UserFactory(phone="+351912345678", is_active=False)

    ask(client, "+351912345678")
    response = confirm(client, code_in(sms[0][1]))

    assert response["Location"] == reverse("account_inactive")
    assert signed_in(client) is None
    assert client.get(response["Location"]).status_code == 200


@pytest.mark.parametrize("role", ["staff", "finance", "operator"])
def test_whoever_sees_money_or_other_peoples_bookings_needs_a_password(client: Client, role: str) -> None:
    worker = WorkerFactory(email="duarte@example.com")
    MembershipFactory(user=worker, role=role, organisation__is_operator=True)

    ask(client, "duarte@example.com")
    response = confirm(client, code_in(mail.outbox[0].body))

    assert response["Location"] == reverse("account_login")
    assert "Your role signs in with a password." in client.get(response["Location"]).content.decode()
    assert signed_in(client) is None


def test_the_code_stands_on_the_page_in_the_demo_alone(client: Client, sms: Sms, settings: Settings) -> None:
    ask(client, "+351912345678")
    code = code_in(sms[0][1])
    outside = client.get(CONFIRM)
    settings.DEMO = True

    inside = client.get(CONFIRM)

    assert inside.context["demo_code"] == code
    assert outside.context["demo_code"] == ""
    assert code not in outside.content.decode()


def test_the_message_lets_a_phone_fill_in_the_code_on_this_site_alone(client: Client, sms: Sms) -> None:
    ask(client, "+351912345678")

    text = sms[0][1]

    assert text.splitlines()[-1] == f"@testserver #{code_in(text)}"


def test_signed_in_people_are_not_asked_again(client: Client) -> None:
    client.force_login(UserFactory())

    response = client.get(ASK)

    assert (response.status_code, response["Location"]) == (302, "/")


def test_a_stranger_elsewhere_shuts_nobody_out_of_signing_in(sms: Sms) -> None:
    stranger = Client(REMOTE_ADDR="198.51.100.7")
    tries = [ask(stranger, "+351912345678").status_code for _ in range(8)]

    mine = ask(Client(REMOTE_ADDR="203.0.113.9"), "+351912345678")

    assert tries == [302] * 3 + [200] * 5
    assert mine.status_code == 302
    assert len(sms) == 4


def test_a_phone_cannot_be_flooded_from_many_places_either(sms: Sms) -> None:
    answers = [ask(Client(REMOTE_ADDR=f"198.51.100.{n}"), "+351912345678").status_code for n in range(35)]

    assert answers == [302] * 30 + [200] * 5
    assert len(sms) == 30


def test_who_is_signed_in_gets_their_own_code_whatever_strangers_ask_for(client: Client, sms: Sms) -> None:
    asha = UserFactory(name="Asha", phone="+351912345678")
    for n in range(31):
        ask(Client(REMOTE_ADDR=f"198.51.100.{n}"), "+351912345678")
    client.force_login(asha, backend="allauth.account.auth_backends.AuthenticationBackend")
    sms.clear()

    client.post("/sign-in/again/code/", {"action": "resend"})

    assert [to for to, _text in sms] == ["+351912345678"]
