"""Telling the processes that hold sockets what has changed. A nudge only: what phones see is built by `watching`."""

from __future__ import annotations

import time
from functools import cache

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

log = structlog.get_logger(__name__)

STATION = "swapline.station."
ACCESS = "swapline.access"
PATIENCE_SECONDS = 0.5
AWAY_SECONDS = 1.0


def publish(station_id: int) -> None:
    """Say that the station has a new version. Called after commit.

    When Redis is away the message is lost and nothing else: phones poll, and every reconnect starts with a snapshot.
    """
    _sender().send(f"{STATION}{station_id}")


def publish_access() -> None:
    """Say that somebody signed out, was blocked or lost a role: sockets are looked through at once. After commit."""
    _sender().send(ACCESS)


def answers() -> bool:
    """Whether Redis is there, asked quickly and not again for a second after it was not."""
    return _sender().answers()


class _Sender:
    """Sends without ever holding up the one who has just committed."""

    def __init__(self) -> None:
        self._client = redis.Redis.from_url(
            settings.REDIS_URL,
            socket_connect_timeout=PATIENCE_SECONDS,
            socket_timeout=PATIENCE_SECONDS,
            # redis-py would try again for seconds, while a driver waits for an answer that is committed already.
            retry=Retry(NoBackoff(), 0),
        )
        self._away_until = 0.0

    def send(self, channel: str) -> None:
        if time.monotonic() < self._away_until:
            return
        try:
            self._client.publish(channel, b"")
        except redis.RedisError as failure:
            self._away_until = time.monotonic() + AWAY_SECONDS
            log.warning("live_message_lost", channel=channel, error=str(failure))

    def answers(self) -> bool:
        if time.monotonic() < self._away_until:
            return False
        try:
            self._client.ping()
        except redis.RedisError:
            self._away_until = time.monotonic() + AWAY_SECONDS
            return False
        return True


@cache
def _sender() -> _Sender:
    return _Sender()
