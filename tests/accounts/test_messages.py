"""Text messages go through the provider of the settings; a provider that fails is said, not swallowed."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from accounts import sms


@dataclass
class Provider:
    """A provider's server on this machine: keeps what it was asked, answers what it is told to."""

    address: str = ""
    answer: int = 202
    asked: list[tuple[str | None, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    state = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.asked.append((self.headers["Authorization"], json.loads(body)))
            self.send_response(state.answer)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings.SMS_PROVIDER = "accounts.sms.HttpSms"
        settings.SMS_HTTP_URL = state.address = f"http://127.0.0.1:{server.server_port}/messages"
        settings.SMS_HTTP_TOKEN = "secret"
        yield state
        server.shutdown()
        thread.join()


def test_a_message_is_posted_with_the_token(provider: Provider) -> None:
    sms.send(to="+351912345678", text="ol\u00e1")

    assert provider.asked == [("Bearer secret", {"to": "+351912345678", "text": "olá"})]


@pytest.mark.parametrize("answer", [400, 401, 500, 503])
def test_a_provider_that_refuses_is_said(provider: Provider, answer: int) -> None:
    provider.answer = answer

    with pytest.raises(sms.MessageNotSent) as refused:
        sms.send(to="+351912345678", text="hello")

    assert refused.value.code == "message_not_sent"


def test_a_provider_that_is_away_is_said(settings: Settings) -> None:
    settings.SMS_PROVIDER = "accounts.sms.HttpSms"
    settings.SMS_HTTP_URL = "http://127.0.0.1:9/"
    settings.SMS_HTTP_TOKEN = ""

    with pytest.raises(sms.MessageNotSent):
        sms.send(to="+351912345678", text="hello")


@pytest.mark.parametrize(
    ("provider_path", "url", "problem"),
    [
        ("accounts.sms.ConsoleSms", "", "swapline.W010"),
        ("accounts.sms.HttpSms", "http://sms.example/", "swapline.E011"),
        ("accounts.sms.HttpSms", "https://sms.example/", None),
    ],
)
def test_production_is_warned_when_codes_would_not_arrive_or_be_overheard(
    settings: Settings, provider_path: str, url: str, problem: str | None
) -> None:
    settings.SMS_PROVIDER, settings.SMS_HTTP_URL = provider_path, url

    found = {found.id for found in run_checks(tags=["security"], include_deployment_checks=True)}

    assert found & {"swapline.W010", "swapline.E011"} == ({problem} if problem else set())


def test_a_provider_that_hangs_up_without_an_answer_may_have_sent_it(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings.SMS_PROVIDER = "accounts.sms.HttpSms"
        settings.SMS_HTTP_URL = f"http://127.0.0.1:{listening.getsockname()[1]}/messages"
        settings.SMS_HTTP_TOKEN = "secret"

        def hang_up() -> None:
            asked, _address = listening.accept()
            with asked:
                while not asked.recv(65_536).endswith(b"}"):
                    """The whole of it has to be read, or the other side never gets to waiting."""

        thread = threading.Thread(target=hang_up)
        thread.start()

        with pytest.raises(sms.PerhapsSent):
            sms.send(to="+351912345678", text="olá")

        thread.join()


def test_a_provider_that_nobody_could_ask_has_certainly_not(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/messages"
    settings.SMS_PROVIDER, settings.SMS_HTTP_URL = "accounts.sms.HttpSms", address

    with pytest.raises(sms.MessageNotSent) as refused:
        sms.send(to="+351912345678", text="olá")

    assert not isinstance(refused.value, sms.PerhapsSent)
