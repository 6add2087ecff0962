"""The embedded services answer."""

import pytest
from django.conf import settings
from django.db import connection
from redis import Redis


@pytest.mark.django_db
def test_the_database_is_a_supported_postgresql() -> None:
    assert connection.cursor().connection.info.server_version >= 150000


def test_redis_answers() -> None:
    with Redis.from_url(settings.REDIS_URL) as redis:
        assert redis.ping()
