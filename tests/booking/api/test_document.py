"""The API answers as its own document says, whatever is sent to it: schemathesis invents the requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import Role
from tests.factories.accounts import MembershipFactory
from tests.factories.booking import Town
from tests.factories.stations import PostFactory

pytestmark = pytest.mark.django_db

PROVEN = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def _in_this_transaction(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A request leaves the test's connection open, and no limit answers in place of what is asked."""
    monkeypatch.setattr(SimpleRateThrottle, "allow_request", lambda throttle, request, view: True)
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("_in_this_transaction")
def test_every_answer_is_one_that_the_document_announces() -> None:
    town = Town(packs=2)
    asha = town.driver("Asha")
    PostFactory(
        station=town.station,
        membership=MembershipFactory(user=asha, organisation=town.station.owner, role=Role.STAFF),
    )
    ours = {"station_id": town.station.pk, "public_id": str(town.books(asha).public_id)}
    token = {"Authorization": f"Token {Token.objects.create(user=asha).key}"}
    document = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", get_wsgi_application())

    for operation in document.get_all_operations():
        _ask(operation.ok(), ours, token)


def _ask(operation: schemathesis.APIOperation, ours: dict[str, object], token: dict[str, str]) -> None:
    """A handful of requests that the document allows, about the booking that there is."""

    @settings(
        max_examples=8,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        for name in ours.keys() & (case.path_parameters or {}).keys():
            case.path_parameters[name] = ours[name]
        case.call_and_validate(headers=token, checks=PROVEN)

    ask()


def test_an_address_that_does_not_exist_is_told_to_a_program() -> None:
    answer = APIClient().get("/api/v1/statements/-1/")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found"


def test_a_body_without_a_bottom_is_refused() -> None:
    asha = Town().driver("Asha")
    client = APIClient()
    client.force_authenticate(asha)

    answer = client.post("/api/v1/bookings/", "[" * 50_000, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
