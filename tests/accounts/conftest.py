"""What tests of sign-in rely on: messages are kept, limits are fresh."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from pytest_django import Settings

from tests.accounts.fakes import RecordedSms


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def sms(settings: Settings) -> list[tuple[str, str]]:
    settings.SMS_PROVIDER = "tests.accounts.fakes.RecordedSms"
    RecordedSms.sent.clear()
    return RecordedSms.sent
