"""A push message reaches its phone and nobody else, and never an address inside our walls."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from pytest_django import Settings

from accounts import push_address, push_keys, web_push
from accounts.models import PushSubscription
from accounts.web_push import Answer, Message, Urgency
from tests.accounts.push_service import PushService, trusted

NOW = datetime(2026, 11, 26, 14, 2, tzinfo=UTC)


@pytest.fixture
def service(settings: Settings) -> Iterator[PushService]:
    settings.VAPID_SUBJECT = "mailto:operations@swapline.test"
    with trusted(settings) as server:
        yield server


def message(**changed: object) -> Message:
    values = {"payload": {"title": "留给你到 14:32"}, "topic": "t" * 32, "ttl_seconds": 90, "urgency": Urgency.HIGH}
    return Message(**(values | changed))  # type: ignore[arg-type]  # one test changes one of them


def send(service: PushService, **changed: object) -> web_push.Result:
    to = PushSubscription(**service.phone().subscription)
    return web_push.send(to=to, message=message(**changed), now=NOW)


def test_the_phone_can_read_it_and_the_service_knows_how_long_and_how_urgent(service: PushService) -> None:
    phone = service.phone()

    result = web_push.send(to=PushSubscription(**phone.subscription), message=message(), now=NOW)

    assert result.answer == Answer.SENT
    (taken,) = service.taken
    assert phone.read(taken.body) == {"title": "留给你到 14:32"}
    assert (taken.headers["ttl"], taken.headers["urgency"], taken.headers["topic"]) == ("90", "high", "t" * 32)
    assert taken.claims["aud"] == "http://127.0.0.1"
    assert taken.claims["sub"] == "mailto:operations@swapline.test"


def test_each_message_has_a_time_to_live_of_its_own(service: PushService) -> None:
    send(service, ttl_seconds=500)
    send(service, ttl_seconds=0)

    assert [taken.headers["ttl"] for taken in service.taken] == ["500", "0"]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, Answer.SENT),
        (201, Answer.SENT),
        (404, Answer.GONE),
        (410, Answer.GONE),
        (429, Answer.LATER),
        (500, Answer.LATER),
        (503, Answer.LATER),
        (400, Answer.REFUSED),
        (403, Answer.REFUSED),
        (413, Answer.REFUSED),
        (302, Answer.REFUSED),
    ],
)
def test_what_the_service_answers_is_understood(service: PushService, status: int, answer: Answer) -> None:
    service.will_answer(status)

    assert send(service).answer == answer


def test_a_redirection_is_not_followed(service: PushService) -> None:
    service.will_answer(307, Location=f"{service.url}/elsewhere")

    send(service)

    assert [taken.path for taken in service.taken] == ["/push/asha"]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("30", 30),
        ("999999999999", 3_600),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), 120),
        (format_datetime(NOW - timedelta(minutes=2), usegmt=True), 0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_the_service_says_when_to_come_back_and_is_believed_within_reason(
    service: PushService, said: str, seconds: int | None
) -> None:
    service.will_answer(429, Retry_After=said)

    assert send(service).retry_after == seconds


def test_a_service_that_does_not_listen_is_tried_later(service: PushService) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}/push/asha"
    to = PushSubscription(**(service.phone().subscription | {"endpoint": nobody}))

    assert web_push.send(to=to, message=message(), now=NOW).answer == Answer.LATER


def test_too_much_to_say_is_refused_before_anybody_is_asked(service: PushService) -> None:
    result = send(service, payload={"title": "x" * 3_001})

    assert (result.answer, service.taken) == (Answer.REFUSED, [])


INSIDE = [
    "http://push.example.com/x",
    "https://127.0.0.1/x",
    "https://[::1]/x",
    "https://10.0.0.7/x",
    "https://192.168.1.1/x",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::ffff:127.0.0.1]/x",
    "https://[fe80::1%25eth0]/x",
    "https://2130706433/x",
    "https://0x7f000001/x",
    "https://127.1/x",
    "https://localhost/x",
    "https://metadata.google.internal/x",
    "https://printer.local./x",
    "https://app.LOCALHOST/x",
    "https://redis:6379/x",
    "https://push.example.com:6379/x",
    "https://push.example.com:x/x",
    "https://user:word@push.example.com/x",
    "https://push.example.com\\@127.0.0.1/x",
    "file:///etc/passwd",
    "gopher://push.example.com/x",
    "//push.example.com/x",
    "push.example.com",
    "https://",
    "https://push.example.com/\x00",
    "https://push.example.com/a b",
    "https://push.example.com/" + "x" * 1_000,
    "https://пуш.example/x",
    "",
]


@pytest.mark.parametrize("endpoint", INSIDE)
def test_an_address_inside_our_walls_is_never_asked(endpoint: str) -> None:
    with pytest.raises(push_address.NotAPushAddress):
        push_address.check(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/dQw4w9WgXcQ:APA91b",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
        "https://web.push.apple.com/QGu",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAA",
    ],
)
def test_the_push_services_of_the_browsers_are(endpoint: str) -> None:
    push_address.check(endpoint)


@pytest.mark.parametrize("name", ["localhost.localdomain.", "ip6-localhost.example.invalid"])
def test_a_name_that_leads_inside_or_nowhere_is_found_out_when_it_is_looked_up(
    service: PushService, settings: Settings, name: str
) -> None:
    settings.PUSH_MAY_BE_PRIVATE = False
    to = PushSubscription(**(service.phone().subscription | {"endpoint": f"https://{name}/x"}))

    result = web_push.send(to=to, message=message(), now=NOW)

    assert result.answer in (Answer.ADDRESS_REFUSED, Answer.LATER)
    assert result.why in ("address_refused", "host_unknown")


def test_a_name_is_looked_up_once_and_asked_where_it_was_found(
    service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []
    look_up = socket.getaddrinfo

    def answers_differently_each_time(host: str, *rest: Any, **more: Any) -> Any:
        if host != "push.swapline.test":
            return look_up(host, *rest, **more)
        looked_up.append(host)
        return look_up("127.0.0.1" if len(looked_up) == 1 else "127.0.0.2", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answers_differently_each_time)
    named = service.phone().endpoint.replace("127.0.0.1", "push.swapline.test")
    to = PushSubscription(**(service.phone().subscription | {"endpoint": named}))

    result = web_push.send(to=to, message=message(), now=NOW)

    assert (result.answer, looked_up) == (Answer.SENT, ["push.swapline.test"])
    assert service.taken[0].headers["host"] == named.split("/")[2]


PRIVATE = (
    "127.0.0.1 10.1.2.3 172.16.0.1 192.168.0.1 169.254.1.1 0.0.0.0 100.64.0.1 224.0.0.1 ::1 :: fe80::1 fe80::1%eth0",
    "::127.0.0.1 ::ffff:0:127.0.0.1 fec0::1 5f00::1 3fff::1 192.0.0.8 192.88.99.1 2001::1",
    "fc00::1 ::ffff:10.0.0.1 ff02::1 64:ff9b::a00:1 2002:a00:1::1",
)


@pytest.mark.parametrize("address", " ".join(PRIVATE).split())
def test_no_private_address_may_be_asked(address: str) -> None:
    assert not push_address._may_be_asked(address)


@pytest.mark.parametrize("address", ["142.250.200.74", "2a00:1450:4003:80f::200a", "::ffff:142.250.200.74"])
def test_public_addresses_may(address: str) -> None:
    assert push_address._may_be_asked(address)


def test_a_new_key_is_one_line_that_can_be_read_again(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("make_vapid_key")

    settings.VAPID_PRIVATE_KEY = capsys.readouterr().out.strip()
    keys = push_keys.keys()
    assert keys is not None
    assert len(keys.public) == 87


@pytest.mark.parametrize(
    ("key", "subject", "found"),
    [
        ("", "", "swapline.W020"),
        ("not a key", "mailto:a@b.example", "swapline.E020"),
        ("AAAA", "mailto:a@b.example", None),
        ("AAAA", "", "swapline.E021"),
    ],
)
def test_the_deploy_check_says_what_keeps_phones_from_being_told(
    settings: Settings, key: str, subject: str, found: str | None
) -> None:
    settings.VAPID_PRIVATE_KEY = push_keys.new_secret() if key == "AAAA" else key
    settings.VAPID_SUBJECT = subject

    ids = {problem.id for problem in run_checks(include_deployment_checks=True)}

    assert ids & {"swapline.W020", "swapline.E020", "swapline.E021"} == ({found} if found else set())
