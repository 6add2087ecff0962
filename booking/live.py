"""Telling the phones that a station has changed. A nudge only: what they show comes from `queries`, with a version."""

from __future__ import annotations

from functools import cache

import redis
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

PREFIX = "swapline.station."


def publish(station_id: int) -> None:
    """Say that the station has a new version. Called after commit.

    When Redis is away the message is lost and nothing else: phones poll, and every reconnect starts with a snapshot.
    """
    try:
        _client().publish(f"{PREFIX}{station_id}", b"")
    except redis.RedisError as failure:
        log.warning("live_publish_failed", station_id=station_id, error=str(failure))


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5)
