"""A passkey is made after a sign-in by other means, and from then on opens the account at a tap: this one alone."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts import passkeys, people
from accounts.device_words import device_name
from accounts.models import User
from tests.accounts.authenticator import Phone, add, browser, sign_in
from tests.accounts.fakes import code_in
from tests.concurrency.race import second_while_first_holds
from tests.factories.accounts import MembershipFactory, UserFactory, WorkerFactory

pytestmark = pytest.mark.django_db

ROOM = "/account/sign-in/"
PASSWORD = "correct horse battery"
Sms = list[tuple[str, str]]


@pytest.fixture
def asha() -> User:
    return UserFactory(name="Asha", phone="+351912345678")


def by_code(client: Client, person: User, sms: Sms, **more: str) -> Any:
    client.post("/sign-in/", {"login": person.phone or person.email})
    return client.post("/sign-in/code/", {"code": code_in(sms[-1][1]), **more})


def by_password(client: Client, person: User) -> Any:
    return client.post("/sign-in/password/", {"login": person.email, "password": PASSWORD})


def signed_in(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def leave(client: Client) -> None:
    client.post(reverse("account_logout"))


def a_while_passes(client: Client, *, seconds: int = 601) -> None:
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= seconds
    session.save()


@pytest.fixture
def phone(asha: User, sms: Sms) -> Phone:
    """Asha's, with her passkey; she has used it nowhere yet."""
    client, phone = browser(), Phone()
    by_code(client, asha, sms)
    add(client, phone)
    return phone


class TestSigningIn:
    def test_a_driver_with_a_phone_number_alone_adds_a_passkey_and_signs_in_with_it(self, asha: User, sms: Sms) -> None:
        client, phone = browser(), Phone()
        by_code(client, asha, sms)
        added = add(client, phone)
        leave(client)

        entered = sign_in(client, phone)

        assert added["Location"] == ROOM
        assert entered["Location"] == "/"
        assert signed_in(client) == str(asha.pk)
        passkey = passkeys.of(asha).get()
        assert passkey.data["name"] == "Android phone"
        assert passkey.last_used_at is not None

    def test_it_leads_to_where_one_was_going_and_to_no_other_site(self, phone: Phone) -> None:
        ours, theirs = (
            sign_in(browser(), phone, next=target)["Location"] for target in ("/b/7/?a=1", "//evil.example/")
        )

        assert (ours, theirs) == ("/b/7/?a=1", "/")

    def test_it_lasts_as_long_as_a_sign_in_by_code(self, asha: User, phone: Phone, sms: Sms) -> None:
        by_key, by_message = browser(), browser()

        sign_in(by_key, phone)
        by_code(by_message, asha, sms)

        assert by_key.session.get_expiry_age() == by_message.session.get_expiry_age()

    def test_a_code_alone_still_opens_the_account_of_who_has_a_passkey(
        self, asha: User, phone: Phone, sms: Sms
    ) -> None:
        elsewhere = browser()

        by_code(elsewhere, asha, sms)

        assert signed_in(elsewhere) == str(asha.pk)
        assert not Authenticator.objects.filter(type=Authenticator.Type.RECOVERY_CODES).exists()

    def test_whoever_set_up_an_app_is_asked_for_it_after_a_code_all_the_same(
        self, asha: User, phone: Phone, sms: Sms
    ) -> None:
        TOTP.activate(asha, "JBSWY3DPEHPK3PXP")
        client = browser()

        asked = by_code(client, asha, sms)

        assert asked["Location"] == reverse("mfa_authenticate")
        assert signed_in(client) is None

    def test_a_blocked_person_stays_out(self, asha: User, phone: Phone) -> None:
        people.block(user=asha, by=None, reason="lent the account")
        client = browser()

        answer = sign_in(client, phone)

        assert answer["Location"] == reverse("account_inactive")
        assert signed_in(client) is None

    def test_the_passkey_of_somebody_unknown_opens_nothing(self, asha: User, phone: Phone) -> None:
        passkeys.remove(passkey=passkeys.of(asha).get())
        client = browser()

        answer = client.get(sign_in(client, phone)["Location"])

        assert "That passkey did not work here." in answer.content.decode()
        assert signed_in(client) is None

    def test_an_answer_given_on_another_site_opens_nothing(self, asha: User, sms: Sms) -> None:
        client, phone = browser(), Phone()
        by_code(client, asha, sms)
        add(client, phone)
        phone._origin = "https://evil.example"

        sign_in(thief := browser(), phone)

        assert signed_in(thief) is None

    def test_a_passkey_that_asks_for_no_finger_face_or_pin_opens_nothing(self, phone: Phone) -> None:
        phone._verified = 0

        sign_in(client := browser(), phone)

        assert signed_in(client) is None

    def test_whoever_is_locked_out_of_the_password_page_still_has_the_passkey(self) -> None:
        worker = WorkerFactory(password=PASSWORD)
        client, phone = browser(), Phone()
        by_password(client, worker)
        add(client, phone)
        leave(client)
        for _ in range(6):
            locked = client.post("/sign-in/password/", {"login": worker.email, "password": "wrong"})

        sign_in(client, phone)

        assert locked.status_code == 429
        assert signed_in(client) == str(worker.pk)

    def test_tries_from_one_place_are_limited(self, phone: Phone, settings: Settings) -> None:
        settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"passkey_sign_in": "1/m/ip"}

        first, second = browser(), browser()
        sign_in(first, phone)
        sign_in(second, phone)

        assert signed_in(first) is not None
        assert signed_in(second) is None


class TestReplay:
    def test_a_used_challenge_cannot_be_used_twice(self, phone: Phone) -> None:
        client = browser()
        answer = phone.use(client.post("/sign-in/passkey/options/").json())
        client.post("/sign-in/passkey/", {"credential": json.dumps(answer)})
        leave(client)

        client.post("/sign-in/passkey/", {"credential": json.dumps(answer)})

        assert signed_in(client) is None

    def test_a_challenge_is_good_for_one_answer_even_if_that_was_wrong(self, phone: Phone) -> None:
        client = browser()
        options = client.post("/sign-in/passkey/options/").json()
        client.post("/sign-in/passkey/", {"credential": json.dumps(Phone().use(options))})

        client.post("/sign-in/passkey/", {"credential": json.dumps(phone.use(options))})

        assert signed_in(client) is None

    def test_an_answer_is_worthless_in_another_browser(self, phone: Phone) -> None:
        answer = phone.use(browser().post("/sign-in/passkey/options/").json())
        thief = browser()
        thief.post("/sign-in/passkey/options/")

        thief.post("/sign-in/passkey/", {"credential": json.dumps(answer)})

        assert signed_in(thief) is None

    def test_a_passkey_whose_count_does_not_rise_was_copied(self, phone: Phone) -> None:
        sign_in(browser(), phone)
        phone.uses -= 1
        client = browser()

        answer = client.get(sign_in(client, phone)["Location"])

        assert signed_in(client) is None
        assert "seems to have been copied" in answer.content.decode()

    def test_a_passkey_that_keeps_no_count_works_again_and_again(self, asha: User, sms: Sms) -> None:
        client, phone = browser(), Phone(counts=False)
        by_code(client, asha, sms)
        add(client, phone)

        first, second = browser(), browser()
        sign_in(first, phone)
        sign_in(second, phone)

        assert signed_in(first) == signed_in(second) == str(asha.pk)

    @pytest.mark.django_db(transaction=True)
    def test_of_two_uses_with_the_same_count_at_the_same_instant_one_counts(self, asha: User) -> None:
        passkey = passkeys.add(user=asha, answer={}, name="phone", with_password=False, now=timezone.now())

        outcomes = second_while_first_holds(
            lambda: passkeys.use(passkey=passkey, uses=1, now=timezone.now()),
            lambda: passkeys.use(passkey=passkey, uses=1, now=timezone.now()),
        )

        assert outcomes == ("done", "passkey_copied")

    @pytest.mark.django_db(transaction=True)
    def test_of_two_last_passkeys_added_at_the_same_instant_one_is_kept(self, asha: User) -> None:
        def one_more() -> None:
            passkeys.add(user=asha, answer={}, name="phone", with_password=False, now=timezone.now())

        for _ in range(passkeys.MOST - 1):
            one_more()

        outcomes = second_while_first_holds(one_more, one_more)

        assert outcomes == ("done", "too_many_passkeys")


class TestRoles:
    @pytest.fixture
    def elsa(self) -> User:
        worker = WorkerFactory(name="Elsa", email="elsa@example.com", password=PASSWORD)
        MembershipFactory(user=worker, role="finance", organisation__is_operator=True)
        return worker

    def test_for_finance_a_passkey_is_both_factors_and_lasts_a_shift(self, elsa: User, settings: Settings) -> None:
        settings.FINANCE_NEEDS_SECOND_FACTOR = True
        client, phone = browser(), Phone()
        by_password(client, elsa)
        added = add(client, phone)
        leave(client)

        sign_in(client, phone)

        assert added["Location"] == reverse("mfa_view_recovery_codes")
        assert signed_in(client) == str(elsa.pk)
        assert client.get(reverse("payments:statements")).status_code == 200
        assert client.session.get_expiry_age() <= settings.PASSWORD_SESSION_AGE

    def test_after_a_password_the_passkey_is_asked_for_and_works_as_the_second_step(self, elsa: User) -> None:
        client, phone = browser(), Phone()
        by_password(client, elsa)
        add(client, phone)
        leave(client)

        asked = by_password(client, elsa)["Location"]
        options = client.get(asked).context["js_data"]["request_options"]
        early = signed_in(client)
        client.post(asked, {"credential": json.dumps(phone.use(options))})

        assert (asked, early) == (reverse("mfa_authenticate"), None)
        assert signed_in(client) == str(elsa.pk)

    def test_a_passkey_that_a_code_alone_protected_does_not_open_a_role_that_came_later(
        self, asha: User, phone: Phone
    ) -> None:
        MembershipFactory(user=asha, role="finance", organisation__is_operator=True)
        client = browser()

        answer = client.get(sign_in(client, phone)["Location"])

        assert signed_in(client) is None
        assert "older than your role" in answer.content.decode()

    def test_a_passkey_from_before_the_role_is_no_second_factor_either(self, elsa: User, settings: Settings) -> None:
        settings.FINANCE_NEEDS_SECOND_FACTOR = True
        passkeys.add(user=elsa, answer={}, name="old", with_password=False, now=timezone.now())
        client = browser()

        entered = by_password(client, elsa)

        assert entered["Location"] != reverse("mfa_authenticate")
        assert client.get(reverse("payments:statements"))["Location"] == reverse("mfa_index")

    def test_a_passkey_made_with_a_password_vouches_for_the_next_one(self, elsa: User) -> None:
        client, first, second = browser(), Phone(), Phone()
        by_password(client, elsa)
        add(client, first)
        leave(client)
        sign_in(client, first)

        add(client, second)

        assert [key.data["with_password"] for key in passkeys.of(elsa)] == [True, True]


class TestProvingAgain:
    @pytest.mark.parametrize("act", ["name", "remove"])
    def test_a_sign_in_of_a_while_ago_changes_no_passkey(self, asha: User, sms: Sms, act: str) -> None:
        client = browser()
        by_code(client, asha, sms)
        add(client, Phone())
        passkey = passkeys.of(asha).get()
        a_while_passes(client)

        asked = client.get(f"{ROOM}passkeys/{passkey.pk}/{act}/")
        posted = client.post(f"{ROOM}passkeys/{passkey.pk}/{act}/", {"name": "Mine"})

        assert asked["Location"].startswith("/sign-in/again/?next=%2Faccount%2Fsign-in%2Fpasskeys%2F")
        assert posted["Location"] == "/sign-in/again/?next=%2Faccount%2Fsign-in%2F"
        assert passkeys.of(asha).get().data["name"] == "Android phone"

    def test_the_address_to_which_a_passkey_is_sent_leads_back_to_the_room(self, asha: User, sms: Sms) -> None:
        client = browser()
        by_code(client, asha, sms)

        assert client.get(f"{ROOM}passkeys/")["Location"] == ROOM

    def test_a_sign_in_of_a_while_ago_adds_no_passkey(self, asha: User, sms: Sms) -> None:
        client = browser()
        by_code(client, asha, sms)
        options = client.post(f"{ROOM}passkeys/options/", headers={"accept": "application/json"}).json()
        a_while_passes(client)

        late = client.post(f"{ROOM}passkeys/options/", headers={"accept": "application/json"})
        client.post(f"{ROOM}passkeys/", {"credential": json.dumps(Phone().create(options))})

        assert late.status_code == 403
        assert late.json() == {"go": "/sign-in/again/?next=%2Faccount%2Fsign-in%2F"}
        assert not passkeys.of(asha).exists()

    def test_a_code_to_oneself_proves_it_and_leads_back(self, asha: User, sms: Sms) -> None:
        client = browser()
        client.force_login(asha)
        asked = client.get(f"/sign-in/again/?next={ROOM}")["Location"]
        client.post(asked, {"action": "resend", "next": ROOM})

        proven = client.post(asked, {"code": code_in(sms[-1][1]), "next": ROOM})

        assert asked.startswith("/sign-in/again/code/")
        assert proven["Location"] == ROOM
        assert add(client, Phone())["Location"] == ROOM
        assert passkeys.of(asha).count() == 1

    def test_a_wrong_code_proves_nothing_and_five_end_it(self, asha: User, sms: Sms) -> None:
        client = browser()
        client.force_login(asha)
        client.post("/sign-in/again/code/", {"action": "resend"})
        code = code_in(sms[-1][1])
        wrong = "000000" if code != "000000" else "111111"

        answers = [client.post("/sign-in/again/code/", {"code": wrong}).status_code for _ in range(5)]
        client.post("/sign-in/again/code/", {"code": code})

        assert answers == [200, 200, 200, 200, 302]
        assert "account_authentication_methods" not in client.session

    def test_ones_own_passkey_proves_it_and_somebody_elses_does_not(self, asha: User, phone: Phone) -> None:
        mine, hers = browser(), browser()
        mine.force_login(UserFactory(name="Bala"))
        hers.force_login(asha)

        for client in (mine, hers):
            answer = phone.use(client.post("/sign-in/passkey/options/").json())
            client.post("/sign-in/again/passkey/", {"credential": json.dumps(answer)})

        assert "account_authentication_methods" not in mine.session
        assert hers.session["account_authentication_methods"][-1]["reauthenticated"]

    def test_whoever_has_a_password_proves_it_by_that(self) -> None:
        client = browser()
        client.force_login(WorkerFactory(password=PASSWORD))

        by_code = client.get("/sign-in/again/code/")

        assert by_code["Location"].startswith("/sign-in/again/?")
        assert client.get(by_code["Location"]).status_code == 200


class TestOwnPasskeys:
    def test_another_persons_passkey_does_not_exist(self, asha: User, phone: Phone, sms: Sms) -> None:
        chitra = UserFactory(name="Chitra", phone="+351912000003")
        client = browser()
        by_code(client, chitra, sms)
        passkey = passkeys.of(asha).get()

        answers = [
            client.post(f"{ROOM}passkeys/{passkey.pk}/{act}/", {"name": "Mine"}).status_code
            for act in ("name", "remove")
        ]

        assert answers == [404, 404]
        assert passkeys.of(asha).get().data["name"] == "Android phone"
        assert "Android phone" not in client.get(ROOM).content.decode()

    def test_a_passkey_is_renamed_and_removed_and_then_opens_nothing(self, asha: User, sms: Sms) -> None:
        client, phone = browser(), Phone()
        by_code(client, asha, sms)
        add(client, phone)
        address = f"{ROOM}passkeys/{passkeys.of(asha).get().pk}/"

        client.post(f"{address}name/", {"name": " The blue one "})
        renamed = client.get(ROOM).content.decode()
        asks = client.get(f"{address}remove/").content.decode()
        client.post(f"{address}remove/")
        leave(client)
        sign_in(client, phone)

        assert "The blue one" in renamed
        assert "Remove “The blue one”?" in asks
        assert not passkeys.of(asha).exists()
        assert signed_in(client) is None

    def test_recovery_codes_go_with_the_last_passkey(self) -> None:
        worker = WorkerFactory(password=PASSWORD)
        client = browser()
        by_password(client, worker)
        add(client, Phone())
        before = Authenticator.objects.filter(user=worker).count()

        passkeys.remove(passkey=passkeys.of(worker).get())

        assert before == 2
        assert not Authenticator.objects.filter(user=worker).exists()

    def test_nobody_keeps_more_than_twenty(self, asha: User, sms: Sms) -> None:
        client = browser()
        by_code(client, asha, sms)
        for number in range(passkeys.MOST):
            passkeys.add(user=asha, answer={}, name=str(number), with_password=False, now=timezone.now())

        with pytest.raises(passkeys.TooManyPasskeys):
            passkeys.add(user=asha, answer={}, name="one more", with_password=False, now=timezone.now())

    def test_strangers_have_no_room(self) -> None:
        assert browser().get(ROOM)["Location"].startswith("/sign-in/?next=")


class TestOffer:
    def test_it_comes_after_the_first_code_and_once(self, asha: User, sms: Sms) -> None:
        client = browser()

        first = by_code(client, asha, sms, passkeys="yes", next="/history/")
        page = client.get(first["Location"]).content.decode()
        leave(client)
        second = by_code(client, asha, sms, passkeys="yes", next="/history/")

        assert first["Location"] == f"{ROOM}offer/?next=%2Fhistory%2F"
        assert 'href="/history/">Not now' in page
        assert second["Location"] == "/history/"

    def test_a_browser_without_passkeys_is_not_asked_and_uses_nothing_up(self, asha: User, sms: Sms) -> None:
        client = browser()

        answer = by_code(client, asha, sms)

        asha.refresh_from_db()
        assert answer["Location"] == "/"
        assert asha.passkey_offered_at is None

    def test_whoever_has_a_passkey_is_not_asked(self, asha: User, phone: Phone, sms: Sms) -> None:
        assert by_code(browser(), asha, sms, passkeys="yes")["Location"] == "/"

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000"])
    def test_on_an_address_without_a_name_nobody_is_asked_and_the_room_says_why(
        self, asha: User, sms: Sms, host: str
    ) -> None:
        client = Client(headers={"host": host})

        answer = by_code(client, asha, sms, passkeys="yes")
        room = client.get(ROOM).content.decode()

        assert answer["Location"] == "/"
        assert "data-passkey=" not in room
        assert "name" in room

    def test_without_https_a_name_is_not_enough(self, asha: User, sms: Sms, settings: Settings) -> None:
        settings.ALLOWED_HOSTS = ["swap.example.com"]
        plain, safe = (Client(headers={"host": "swap.example.com"}) for _ in range(2))
        plain.force_login(asha)
        safe.force_login(asha)

        pages = [plain.get(ROOM).content.decode(), safe.get(ROOM, secure=True).content.decode()]

        assert ["data-passkey=" in page for page in pages] == [False, True]


NASTY: list[str] = [
    "",
    "\x00",
    "null",
    "[]",
    "{}",
    "[" * 19_000,
    '{"id": 1}',
    '{"id": "a", "rawId": "a", "type": "public-key", "response": {}}',
    '{"id": "a", "rawId": "a", "type": "public-key", "response": []}',
    '{"id": "\\u0000", "rawId": "a", "type": "public-key", "response": {}}',
    json.dumps(
        {
            "id": "AAAA",
            "rawId": "AAAA",
            "type": "public-key",
            "response": {
                "clientDataJSON": "e30",
                "attestationObject": "gYGBgYGB",
                "authenticatorData": "AAAA",
                "signature": "AA",
                "userHandle": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5",
            },
        }
    ),
    json.dumps({"id": "AAAA", "rawId": "AAAA", "type": "x", "response": {"clientDataJSON": "é", "userHandle": "!"}}),
    json.dumps(
        {
            "id": "AAAA",
            "rawId": "AAAA",
            "type": "public-key",
            "response": {"clientDataJSON": "e30", "attestationObject": "gY" * 4_000, "authenticatorData": "A" * 60},
        }
    ),
]


@pytest.mark.parametrize("answer", NASTY, ids=range(len(NASTY)))
def test_whatever_a_browser_answers_is_refused_with_a_sentence(asha: User, sms: Sms, answer: str) -> None:
    client = browser()
    client.post("/sign-in/passkey/options/")
    entered = client.post("/sign-in/passkey/", {"credential": answer})
    by_code(client, asha, sms)
    client.post(f"{ROOM}passkeys/options/")

    added = client.post(f"{ROOM}passkeys/", {"credential": answer})

    assert entered["Location"] == "/sign-in/"
    assert added["Location"] == ROOM
    assert not passkeys.of(asha).exists()


def test_a_good_passkey_with_bytes_that_the_database_refuses_is_no_passkey(asha: User, sms: Sms) -> None:
    client = browser()
    by_code(client, asha, sms)
    answer = Phone().create(client.post(f"{ROOM}passkeys/options/").json())
    # The parsers take any type for none, and the answer is kept as it came.
    answer["type"] += "\x00"

    added = client.post(f"{ROOM}passkeys/", {"credential": json.dumps(answer)})

    assert added["Location"] == ROOM
    assert not passkeys.of(asha).exists()


@pytest.mark.parametrize("path", ["webauthn/", "webauthn/add/", "webauthn/login/", "webauthn/signup/"])
def test_allauths_own_pages_for_passkeys_are_closed(asha: User, path: str) -> None:
    client = browser()
    client.force_login(asha)

    assert client.get(f"/account/second-factor/{path}").status_code == 404


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)", "iPhone"),
        ("Mozilla/5.0 (Linux; Android 15; SM-A155F)", "Android phone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "Computer"),
        ("", "This device"),
    ],
)
def test_a_passkey_is_called_after_its_device(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name
    assert device_name(user_agent, elsewhere=True) == "Security key or another phone"


def test_a_passkey_belongs_to_the_name_that_the_operator_set(asha: User, sms: Sms, settings: Settings) -> None:
    client = browser()
    by_code(client, asha, sms)

    by_address = client.post("/sign-in/passkey/options/").json()["publicKey"]["rpId"]
    settings.PASSKEY_DOMAIN = "example.com"
    by_setting = client.post("/sign-in/passkey/options/").json()["publicKey"]["rpId"]

    assert (by_address, by_setting) == ("localhost", "example.com")


def test_the_person_is_named_to_the_phone_by_what_they_sign_in_with(asha: User, sms: Sms) -> None:
    client = browser()
    by_code(client, asha, sms)

    person = client.post(f"{ROOM}passkeys/options/").json()["publicKey"]["user"]

    assert (person["name"], person["displayName"]) == ("+351 912 345 678", "Asha")


def test_pages_may_use_passkeys_and_nobody_elses_frames_may(client: Client) -> None:
    policy = client.get("/sign-in/")["Permissions-Policy"]

    assert "publickey-credentials-get=(self)" in policy
    assert "publickey-credentials-create=(self)" in policy


def test_time_is_left_for_a_message_before_a_new_code_is_offered(client: Client, sms: Sms) -> None:
    client.post("/sign-in/", {"login": "+351912345678"})

    at = client.get("/sign-in/code/").context["resend_at"]

    assert 20 < at.timestamp() - time.time() <= 30
