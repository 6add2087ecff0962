"""The page of notifications: what one may choose there, whose phones one sees, and what strangers may not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts import deletion, notice_choices, push, push_keys
from accounts.models import NoticeChoice, PushAnswer, PushSubscription, User
from booking import notice_sending
from booking.models import Delivery
from booking.views.notices import phone_renewed
from config.settings import BASE_DIR
from tests.accounts.push_service import Phone
from tests.booking.driving import heading, signed_in, text
from tests.factories.accounts import UserFactory, WorkerFactory
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db

PAGE = "/account/notifications/"
NASTY = ["\0", "x" * 5_000, "🔋" * 300, "https://127.0.0.1/", "javascript:alert(1)", ""]


@pytest.fixture(autouse=True)
def _push_is_on(settings: Settings) -> Iterator[None]:
    settings.VAPID_PRIVATE_KEY = push_keys.new_secret()
    cache.clear()
    yield
    cache.clear()


def phone(name: str = "asha") -> Phone:
    return Phone(endpoint=f"https://push.example.com/{name}")


def subscribe(client: Client, fields: dict[str, str]) -> Any:
    return client.post(f"{PAGE}phones/", fields, headers={"User-Agent": "Mozilla/5.0 (Linux; Android 15) Chrome/140.0"})


def everything_but(*left_out: str) -> dict[str, list[str]]:
    usual = ["pack:push", "bay:sms", "fault:sms", "end:email", "money:email", "receipt:email"]
    return {"way": ["push", "email", "sms"], "tell": [tick for tick in usual if tick not in left_out]}


def test_a_stranger_is_sent_to_sign_in() -> None:
    assert Client().get(PAGE)["Location"] == f"/sign-in/?next={PAGE}"


def test_the_page_answers_first_how_one_is_told() -> None:
    answered = signed_in(UserFactory()).get(PAGE)

    assert heading(answered) == "We tell you by text message"
    assert "Add an e-mail address" in text(answered)


def test_a_phone_that_subscribes_is_in_the_list_and_knows_its_session() -> None:
    asha: User = UserFactory(name="Asha")
    client = signed_in(asha)

    answer = subscribe(client, phone().subscription)

    assert answer.status_code == 204
    page = client.get(PAGE)
    assert heading(page) == "We tell you on 1 phone"
    assert "Chrome · Android this one" in text(page)
    assert PushAnswer.objects.get(user=asha).said_yes


def test_no_phone_is_kept_of_who_has_left_in_another_tab() -> None:
    asha: User = UserFactory()
    deletion.delete(person=User.objects.get(pk=asha.pk))

    with pytest.raises(push.NotASubscription):
        push.subscribe(user=asha, **phone().subscription)

    assert not PushSubscription.objects.exists()


def test_the_same_phone_twice_is_one_phone() -> None:
    client = signed_in(UserFactory())
    mine = phone().subscription

    subscribe(client, mine)
    subscribe(client, mine)

    assert PushSubscription.objects.count() == 1


def test_a_phone_that_changed_hands_tells_its_new_owner_alone() -> None:
    asha, bala = UserFactory(name="Asha"), UserFactory(name="Bala")
    shared = phone().subscription
    subscribe(signed_in(asha), shared)

    subscribe(signed_in(bala), shared)

    assert [s.user for s in PushSubscription.objects.live()] == [bala]
    assert PushSubscription.objects.get(user=asha).end_reason == "somebody_else"


def test_a_phone_on_which_somebody_else_signed_in_forgets_whose_it_was() -> None:
    asha, bala = UserFactory(name="Asha"), UserFactory(name="Bala")
    shared = phone().subscription
    subscribe(signed_in(asha), shared)

    seen = signed_in(bala).post(f"{PAGE}phones/seen/", {"endpoint": shared["endpoint"]})

    assert seen.status_code == 404
    assert not PushSubscription.objects.live().exists()


def test_signing_out_on_a_phone_ends_that_phone_and_no_other() -> None:
    asha: User = UserFactory(name="Asha")
    first, second = signed_in(asha), signed_in(asha)
    subscribe(first, phone("first").subscription)
    subscribe(second, phone("second").subscription)

    first.post("/sign-out/")

    assert [s.endpoint for s in PushSubscription.objects.live()] == ["https://push.example.com/second"]


def test_the_ninth_phone_takes_the_place_of_the_one_longest_unused() -> None:
    asha: User = UserFactory()
    for number in range(push.MOST_PHONES + 1):
        push.subscribe(user=asha, **phone(str(number)).subscription)

    live = set(PushSubscription.objects.live().values_list("endpoint", flat=True))

    assert len(live) == push.MOST_PHONES
    assert "https://push.example.com/0" not in live


def test_another_drivers_phone_cannot_be_removed_and_does_not_exist() -> None:
    theirs = push.subscribe(user=UserFactory(name="Asha"), **phone().subscription)
    chitra = signed_in(UserFactory(name="Chitra"))

    refused = chitra.post(reverse("booking:push_remove", args=[theirs.pk]))

    assert refused.status_code == 404
    assert PushSubscription.objects.live().count() == 1
    assert chitra.post(reverse("booking:push_remove", args=[10**30])).status_code == 404


def test_ones_own_phone_can() -> None:
    asha: User = UserFactory()
    mine = push.subscribe(user=asha, **phone().subscription)

    signed_in(asha).post(reverse("booking:push_remove", args=[mine.pk]))

    mine.refresh_from_db()
    assert (mine.end_reason, mine.endpoint, mine.auth) == ("removed", "", "")


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("field", ["endpoint", "p256dh", "auth"])
def test_what_no_browser_gives_is_refused(field: str, nasty: str) -> None:
    answer = subscribe(signed_in(UserFactory()), phone().subscription | {field: nasty})

    assert answer.status_code == 400
    assert not PushSubscription.objects.exists()


def test_too_many_phones_in_a_minute_are_refused() -> None:
    client = signed_in(UserFactory())

    answers = [subscribe(client, phone(str(n)).subscription).status_code for n in range(25)]

    assert answers[0] == 204
    assert answers[-1] == 429


def test_a_browser_that_renews_its_subscription_by_itself_is_followed_without_a_session() -> None:
    old, new = phone("old"), phone("new")
    push.subscribe(user=UserFactory(), **old.subscription)
    stranger = Client(enforce_csrf_checks=True)

    answer = stranger.post(f"{PAGE}phones/renewed/", new.subscription | {"old_endpoint": old.endpoint})

    assert answer.status_code == 204
    assert PushSubscription.objects.live().get().endpoint == new.endpoint


@pytest.mark.parametrize("old", ["https://push.example.com/guessed", "\0", "x" * 2_000, ""], ids=range(4))
def test_whoever_does_not_know_the_old_address_renews_nothing(old: str) -> None:
    push.subscribe(user=UserFactory(), **phone().subscription)

    answer = Client().post(f"{PAGE}phones/renewed/", phone("evil").subscription | {"old_endpoint": old})

    assert answer.status_code in (400, 404)
    assert PushSubscription.objects.live().get().endpoint == phone().endpoint


def test_the_service_worker_knows_where_to_say_so() -> None:
    first = Client().get("/sw.js").content.decode().splitlines()[0]
    about = json.loads(first.removeprefix("self.swapline = ").removesuffix(";"))

    assert about["renewed"] == reverse("booking:push_renewed")
    assert "fetch(self.swapline.renewed" in (BASE_DIR / "static/js/push-events.js").read_text()
    assert phone_renewed.csrf_exempt


def test_what_is_chosen_is_kept_and_the_rest_follows_the_usual() -> None:
    asha: User = UserFactory(name="Asha", email="asha@swapline.test")
    client = signed_in(asha)

    client.post(PAGE, {"way": ["email", "sms"], "tell": ["bay:sms", "fault:sms", "end:email", "money:email"]})

    assert list(NoticeChoice.objects.values_list("subject", "way", "wanted")) == [("receipt", "email", False)]


def test_ways_that_the_page_did_not_show_are_left_alone() -> None:
    asha: User = UserFactory(name="Asha", email="asha@swapline.test")

    signed_in(asha).post(PAGE, {"way": ["sms"], "tell": ["fault:sms"]})

    assert list(NoticeChoice.objects.values_list("subject", "way", "wanted")) == [("bay", "sms", False)]


def test_one_way_stays_for_what_must_be_told() -> None:
    asha: User = UserFactory(name="Asha")

    refused = signed_in(asha).post(PAGE, {"way": ["sms"], "tell": ["bay:sms"]}, follow=True)

    assert "Keep one way for when we fail you" in text(refused)
    assert not NoticeChoice.objects.exists()


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_nasty_choices_never_break_the_page(nasty: str) -> None:
    client = signed_in(UserFactory())

    assert client.post(PAGE, {"way": [nasty], "tell": [nasty]}).status_code == 302


def test_a_test_goes_by_each_way_that_is_on_and_not_too_often() -> None:
    asha: User = UserFactory(name="Asha", email="asha@swapline.test")
    client = signed_in(asha)

    answers = [text(client.post(f"{PAGE}test/", follow=True)) for _test in range(5)]

    assert "On its way" in answers[0]
    assert "a lot of tests" in answers[-1]
    assert set(Delivery.objects.values_list("way", flat=True)) == {"email", "sms"}


class TestAsking:
    QUESTION = "Shall we tell you before your time is up?"

    def test_after_the_first_booking_and_never_before(self) -> None:
        town = Town(packs=1)
        driver = town.driver("Asha")
        client = signed_in(driver)
        before = text(client.get("/booking/"))

        booking = town.books(driver)

        assert self.QUESTION not in before
        assert self.QUESTION in text(client.get(f"/b/{booking.public_id}/"))

    def test_not_when_it_is_over(self) -> None:
        town = Town(packs=1)
        driver = town.driver("Asha")
        booking = town.swaps(town.arrives(town.books(driver)))

        assert "Shall we tell you" not in text(signed_in(driver).get(f"/b/{booking.public_id}/"))

    def test_not_again_after_an_answer(self) -> None:
        town = Town(packs=1)
        driver = town.driver("Asha")
        booking = town.books(driver)
        client = signed_in(driver)

        client.post(f"{PAGE}not-now/")

        assert self.QUESTION not in text(client.get(f"/b/{booking.public_id}/"))
        assert notice_choices.has_answered(driver)

    def test_not_where_no_phone_can_be_told(self, settings: Settings) -> None:
        settings.VAPID_PRIVATE_KEY = ""
        town = Town(packs=1)
        driver = town.driver("Asha")
        booking = town.books(driver)
        client = signed_in(driver)

        assert "push.js" not in client.get(f"/b/{booking.public_id}/").content.decode()
        assert "not set up here yet" in text(client.get(PAGE))


class TestMailsLink:
    @pytest.fixture
    def asha(self) -> User:
        asha: User = WorkerFactory(name="Asha")
        return asha

    def link(self, driver: User) -> str:
        return reverse("booking:notices_off", args=[notice_sending.unsubscribe_token(driver)])

    def test_looking_at_it_ends_nothing(self, asha: User) -> None:
        page = Client().get(self.link(asha))

        assert heading(page) == "No more mail about your bookings?"
        assert not NoticeChoice.objects.exists()

    def test_a_mail_program_ends_it_with_one_post(self, asha: User) -> None:
        program = Client(enforce_csrf_checks=True)

        done = program.post(self.link(asha), {"List-Unsubscribe": "One-Click"})

        assert heading(done) == "We send you no more mail about bookings"
        signed_in(asha).post(f"{PAGE}test/")
        assert not Delivery.objects.exists()
        assert mail.outbox == []

    def test_a_link_in_an_old_mail_keeps_nothing_of_who_has_left(self, asha: User) -> None:
        link = self.link(asha)
        deletion.delete(person=asha)

        answer = Client().post(link)

        assert answer.status_code == 404
        assert not NoticeChoice.objects.exists()

    @pytest.mark.parametrize("token", ["x", "MQ:1abc:def", "a" * 3_000, "%00", "🔋"])
    def test_a_made_up_link_leads_nowhere(self, token: str) -> None:
        assert Client().post(f"/n/off/{token}/").status_code == 404
