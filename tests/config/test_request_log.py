"""Logs keep no positions and no secrets."""

from typing import Any

import pytest


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "secret", "told"),
    [
        ("/?lat=38.7223&lon=-9.1393", "38.7223", "GET /"),
        ("/h/a-posters-token/", "a-posters-token", "GET /h/"),
        (
            "/api/v1/stations/nearby/?latitude=38.7223",
            "38.7223",
            "GET /api/v1/stations/nearby/",
        ),
    ],
)
def test_a_request_is_logged_by_its_route(
    client: Any, caplog: pytest.LogCaptureFixture, address: str, secret: str, told: str
) -> None:
    caplog.set_level("INFO")

    client.get(address)

    finished = [r.getMessage() for r in caplog.records if "request_finished" in r.getMessage()]
    assert finished
    assert all(told in line for line in finished)
    assert secret not in "".join(r.getMessage() for r in caplog.records if r.name.startswith("django_structlog"))
