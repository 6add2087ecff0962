"""The API's page in a real browser, under our own policy for scripts and styles."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_the_apis_page_lists_its_addresses_and_the_browser_refuses_nothing(phones: Any) -> None:
    page = phones()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)

    page.goto("/api/v1/docs/")

    expect(page.get_by_text("/api/v1/stations/nearby/").first).to_be_visible()
    assert refused == []
