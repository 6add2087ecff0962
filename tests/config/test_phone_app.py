"""What the phone installs and keeps: the manifest, the service worker, the page without network, whose a page is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from pytest_django import Settings

from tests.factories.accounts import UserFactory
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db

PERSON = "Swapline-Person"
LARGEST_SCRIPT_BYTES = 40 * 1024


def worker_says(client: Client) -> dict[str, Any]:
    """What the worker is told about files and addresses."""
    first = client.get("/sw.js").content.decode().splitlines()[0]
    said: dict[str, Any] = json.loads(first.removeprefix("self.swapline = ").removesuffix(";"))
    return said


def source(address: str) -> Path:
    found = finders.find(address.removeprefix("/static/"))
    assert isinstance(found, str), address
    return Path(found)


def test_the_app_can_be_put_on_a_home_screen(client: Client) -> None:
    answer = client.get("/manifest.webmanifest")

    about = answer.json()
    assert answer.headers["Content-Type"] == "application/manifest+json"
    assert (about["id"], about["start_url"], about["scope"], about["display"]) == ("/", "/", "/", "standalone")
    assert {icon["purpose"] for icon in about["icons"]} == {"any", "maskable"}
    assert all(source(icon["src"]).exists() for icon in about["icons"])
    assert [shortcut["url"] for shortcut in about["shortcuts"]] == ["/booking/", "/"]


@pytest.mark.usefixtures("every_language")
def test_the_home_screen_speaks_the_language_of_who_looks(client: Client) -> None:
    about = client.get("/manifest.webmanifest", headers={"Accept-Language": "pt"}).json()

    assert about["lang"] == "pt"


def test_the_worker_is_never_kept_and_names_files_that_exist(client: Client) -> None:
    answer = client.get("/sw.js")

    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Type"] == "text/javascript"
    files = worker_says(client)["files"]
    assert len(files) == len(set(files))
    assert all(source(file).exists() for file in files)


def test_everything_that_the_booking_needs_without_network_is_kept(client: Client) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    client.force_login(asha.driver)
    page = client.get(f"/b/{asha.public_id}/").content.decode()

    named = set(re.findall(r'(?:src|href)="(/static/[^"#]+\.(?:css|js|svg))[#"]', page))

    assert named
    assert named <= set(worker_says(client)["files"])


def test_a_drivers_page_loads_at_most_forty_kilobytes_of_script(client: Client) -> None:
    scripts = [file for file in worker_says(client)["files"] if file.endswith(".js")]

    assert sum(len(brotli.compress(source(file).read_bytes())) for file in scripts) <= LARGEST_SCRIPT_BYTES


def test_a_page_says_whose_it_is_without_saying_who(client: Client) -> None:
    asha, bala = UserFactory(name="Asha"), UserFactory(name="Bala")
    words = []
    for person in (asha, asha, bala):
        client.force_login(person)
        words.append(client.get("/account/").headers[PERSON])
    client.logout()
    words.append(client.get("/account/", follow=True).headers[PERSON])

    assert words[0] == words[1]
    assert len(set(words)) == 3
    assert words[3] == "nobody"
    assert str(asha.pk) not in words


def test_the_page_without_network_has_nothing_of_anybody_in_it(client: Client) -> None:
    town = Town(packs=1, name="Canal Street")
    asha = town.books(town.driver("Asha")).driver
    client.force_login(asha)

    page = client.get("/offline/").content.decode()

    assert "There is no network here" in page
    assert not any(word in page for word in ("Asha", "Canal Street", "csrfmiddlewaretoken"))


def test_the_policy_lets_a_page_have_our_worker_and_manifest_alone(client: Client) -> None:
    policy = client.get("/offline/").headers["Content-Security-Policy"]

    assert "worker-src 'self'" in policy
    assert "manifest-src 'self'" in policy


def test_a_page_that_failed_does_not_ask_whose_it_was(client: Client, settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.config.failing_urls"
    client.raise_request_exception = False

    failed = client.get("/fails/")

    assert failed.status_code == 500
    assert PERSON not in failed.headers
