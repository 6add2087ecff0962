"""Where a person is signed in: seen, named, and ended from elsewhere."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts import push, user_agents
from accounts.adapter import Adapter
from accounts.models import Device, PushSubscription, User
from accounts.user_agents import Agent
from tests.accounts.push_service import Phone
from tests.booking.driving import signed_in, text
from tests.factories.accounts import UserFactory

ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1 Version/17.5 Safari/604.1"
WECHAT = f"{ANDROID} MicroMessenger/8.0.49"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"


@pytest.mark.parametrize(
    ("user_agent", "agent"),
    [
        (ANDROID, Agent("Chrome", "Android")),
        (IPHONE, Agent("Safari", "iPhone")),
        (WECHAT, Agent("WeChat", "Android")),
        (EDGE, Agent("Edge", "Windows")),
        (FIREFOX, Agent("Firefox", "Linux")),
        ("curl/8", Agent("", "")),
        ("", Agent("", "")),
    ],
)
def test_a_browser_is_called_what_its_owner_calls_it(user_agent: str, agent: Agent) -> None:
    assert user_agents.read(user_agent) == agent


def test_a_phone_is_named_in_one_line_or_not_at_all() -> None:
    assert [str(user_agents.read(agent)) for agent in (ANDROID, "")] == ["Chrome · Android", ""]


def on(driver: User, user_agent: str) -> Client:
    client = signed_in(driver)
    client.defaults["HTTP_USER_AGENT"] = user_agent
    client.get(reverse("devices"))
    return client


@pytest.mark.django_db
def test_a_person_sees_where_they_are_signed_in_this_one_first() -> None:
    asha: User = UserFactory()
    phone = on(asha, ANDROID)
    on(asha, EDGE)

    page = phone.get(reverse("devices"))

    assert [card.agent.browser for card in page.context["devices"]] == ["Chrome", "Edge"]
    assert "Chrome on Android This one" in text(page)
    assert Device.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("user_agent", ["", "x" * 5_000, "a\0b", "<script>"])
def test_a_browser_that_says_nonsense_is_listed_all_the_same(user_agent: str) -> None:
    page = on(UserFactory(), user_agent).get(reverse("devices"))

    assert "A browser that does not say which" in text(page)


@pytest.mark.django_db
def test_devices_of_one_kind_are_signed_out_by_names_of_their_own() -> None:
    asha: User = UserFactory()
    phone = on(asha, ANDROID)
    for _device in range(3):
        on(asha, EDGE)

    page = phone.get(reverse("devices")).content.decode()

    names = re.findall(r">Sign out<span class=\"unseen\"> (.*?)</span>", page)
    assert len(names) == len(set(names)) == 3


@pytest.mark.django_db
def test_one_device_is_signed_out_and_the_others_are_not() -> None:
    asha: User = UserFactory()
    phone, laptop, tablet = on(asha, ANDROID), on(asha, EDGE), on(asha, IPHONE)
    lost = Device.objects.get(user_agent=EDGE)

    phone.post(reverse("sign_out_device", args=[lost.pk]))

    assert [c.get(reverse("devices")).status_code for c in (phone, laptop, tablet)] == [200, 302, 200]


@pytest.mark.django_db
def test_another_persons_device_is_not_there_to_sign_out() -> None:
    bala: User = UserFactory()
    on(bala, ANDROID)

    answer = signed_in(UserFactory()).post(reverse("sign_out_device", args=[Device.objects.get(user=bala).pk]))

    assert answer.status_code == 404
    assert Device.objects.filter(user=bala).exists()


@pytest.mark.django_db
def test_all_others_are_signed_out_even_those_never_noted() -> None:
    asha: User = UserFactory()
    phone = on(asha, ANDROID)
    never_noted = signed_in(asha)

    phone.post(reverse("sign_out_others"))

    assert phone.get(reverse("devices")).status_code == 200
    assert never_noted.get(reverse("devices")).status_code == 302


def told_on(client: Client, user: User, endpoint: str) -> PushSubscription:
    """The phone says yes to being told."""
    client.post(reverse("booking:push_subscribe"), Phone(endpoint=endpoint).subscription)
    return PushSubscription.objects.get(user=user, endpoint=endpoint)


@pytest.mark.django_db
def test_a_phone_that_is_signed_out_from_elsewhere_is_told_no_more() -> None:
    asha: User = UserFactory()
    laptop, lost, tablet = on(asha, EDGE), on(asha, ANDROID), on(asha, IPHONE)
    told_there = told_on(lost, asha, "https://push.example/lost")
    told_on(tablet, asha, "https://push.example/tablet")

    laptop.post(reverse("sign_out_device", args=[Device.objects.get(user_agent=ANDROID).pk]))

    assert [one.endpoint for one in PushSubscription.objects.live()] == ["https://push.example/tablet"]
    told_there.refresh_from_db()
    assert told_there.end_reason == "signed_out"


@pytest.mark.django_db
def test_when_all_others_are_signed_out_only_the_phone_at_hand_is_told_on() -> None:
    asha, bala = UserFactory(), UserFactory()
    phone, lost = on(asha, ANDROID), on(asha, IPHONE)
    told_on(phone, asha, "https://push.example/at-hand")
    told_on(lost, asha, "https://push.example/lost")
    told_on(on(bala, ANDROID), bala, "https://push.example/bala")

    phone.post(reverse("sign_out_others"))

    told = set(PushSubscription.objects.live().values_list("endpoint", flat=True))
    assert told == {"https://push.example/at-hand", "https://push.example/bala"}


@pytest.mark.django_db
def test_signing_out_takes_the_device_off_the_list() -> None:
    asha: User = UserFactory()
    phone = on(asha, ANDROID)

    phone.post(reverse("account_logout"))

    assert not Device.objects.exists()


@pytest.mark.django_db
def test_a_sign_in_that_has_run_out_is_not_listed_and_soon_forgotten() -> None:
    asha: User = UserFactory()
    on(asha, EDGE)
    Session.objects.all().delete()

    page = on(asha, ANDROID).get(reverse("devices"))

    assert [card.agent.browser for card in page.context["devices"]] == ["Chrome"]
    assert Device.objects.count() == 1


@pytest.mark.django_db
def test_a_visit_is_not_written_down_at_every_page() -> None:
    client = on(UserFactory(), ANDROID)
    seen = Device.objects.get().seen_at

    client.get(reverse("devices"))

    assert Device.objects.get().seen_at == seen


# --- Day and night --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_chosen_without_script_stand_on_the_page_before_it_is_drawn(client: Client, theme: str) -> None:
    page = client.post(reverse("set_theme"), {"theme": theme, "next": reverse("look")}, follow=True)

    assert f'data-theme="{theme}"' in page.content.decode().partition("<head>")[0]


@pytest.mark.django_db
def test_the_phones_own_colours_come_back_when_they_are_chosen(client: Client) -> None:
    client.post(reverse("set_theme"), {"theme": "dark"})

    page = client.post(reverse("set_theme"), {"theme": "", "next": reverse("look")}, follow=True)

    assert "data-theme=" not in page.content.decode().partition("<head>")[0]


@pytest.mark.django_db
@pytest.mark.parametrize("theme", ["pink", '"><script>', "\0"])
def test_no_other_colours_can_be_chosen(client: Client, theme: str) -> None:
    client.post(reverse("set_theme"), {"theme": theme})
    client.cookies["theme"] = theme

    assert "data-theme=" not in client.get(reverse("look")).content.decode().partition("<head>")[0]


@pytest.mark.django_db
def test_whoever_signs_in_over_somebody_else_ends_what_that_session_told_its_phone() -> None:
    asha, bala = UserFactory(name="Asha"), UserFactory(name="Bala")
    told = push.subscribe(user=asha, **Phone("https://push.example.com/x").subscription)
    phone = on(asha, ANDROID)
    session = phone.session
    session[push.SESSION_KEY] = told.pk
    request = RequestFactory().post("/sign-in/code/")
    request.session, request.user = session, asha

    Adapter(request).login(request, bala)

    told.refresh_from_db()
    assert (told.end_reason, request.user) == (PushSubscription.End.SIGNED_OUT, bala)
    assert not Device.objects.filter(user=asha).exists()
