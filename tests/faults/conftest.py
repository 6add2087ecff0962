"""A house that can be set on fire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from booking import live
from tests.faults.house import House, opened


@pytest.fixture
def house(transactional_db: None, settings: LazySettings, tmp_path: Path) -> Iterator[House]:
    """Its processes see the rows of this test, and what this test writes is told through its Redis."""
    with opened(tmp_path) as running:
        settings.REDIS_URL = running.services.redis_url
        live._sender.cache_clear()
        try:
            yield running
        finally:
            live._sender.cache_clear()
