"""Machines learn whether a process lives and whether everything is there that it needs."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client
from pytest_django import Settings

from booking import heartbeat
from booking.models import Heartbeat


def test_alive_needs_no_database(client: Client) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"alive\n")


@pytest.mark.django_db
def test_ready_says_how_old_the_workers_last_sign_of_life_is(client: Client) -> None:
    heartbeat.beat()

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["missing"] == []
    assert 0 <= answer.json()["heartbeat_age_seconds"] < 5


@pytest.mark.django_db
def test_before_the_first_sign_of_life_the_worker_is_missing(client: Client) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["missing"]) == (503, ["worker"])


@pytest.mark.django_db
def test_a_worker_that_has_gone_silent_is_missing(client: Client) -> None:
    heartbeat.beat()
    Heartbeat.objects.update(at=Now() - timedelta(seconds=11))

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["missing"]) == (503, ["worker"])


@pytest.mark.django_db
def test_redis_out_of_reach_is_missing(client: Client, settings: Settings) -> None:
    heartbeat.beat()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["missing"]) == (503, ["redis"])


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_nothing_may_be_posted_there(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405


def test_a_balancer_may_ask_by_address_and_by_plain_http(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/healthz", HTTP_HOST="10.0.0.7").status_code == 200
