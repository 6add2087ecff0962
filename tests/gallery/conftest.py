"""What a whole module of screens shares: the server, and the phone. Each screen's rows are its own and go with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser
from pytest_django.plugin import DjangoDbBlocker

from tests.gallery.judging import judge
from tests.gallery.looking import opened
from tests.gallery.showing import Screen
from tests.journeys.conftest import Server


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Server]:
    with django_db_blocker.unblock():
        running = Server()
        yield running
        running.stop()


@pytest.fixture(scope="module")
def faults_of(site: Server, chromium: Browser) -> Iterator[Callable[[Screen], list[str]]]:
    """`faults_of(screen)`: what is wrong with it."""
    phone = opened(chromium, site.url)
    yield lambda screen: judge(phone, chromium, site.url, screen)
    phone.close()
