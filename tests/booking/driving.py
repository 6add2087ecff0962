"""A driver's browser for tests: signed in, and quick to read."""

from __future__ import annotations

import html
import re
from typing import Any

from django.http import HttpResponse
from django.test import Client

from accounts.models import User

LISBON = {"lat": "38.7300", "lon": "-9.1400"}


def signed_in(driver: User) -> Client:
    client = Client()
    client.force_login(driver, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text(response: Any) -> str:
    """What a person reads on the page: no tags, no doubled spaces."""
    body = re.sub(r"<(script|style|template).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def heading(response: Any) -> str:
    """The answer of the page."""
    (answer,) = re.findall(r"<h1.*?</h1>", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer)).split())


def field(response: HttpResponse, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    assert found is not None, f"no field {name}"
    return found[1]
