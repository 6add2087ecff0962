"""One Redis subscription per process: hears which station has changed, and comes back by itself when Redis does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

import structlog
from django.conf import settings
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from booking.live import ACCESS, STATION

log = structlog.get_logger(__name__)

FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 3.0
# How long a connection may be silent before it is asked whether it is still there.
SILENCE_SECONDS = 5.0


async def hear(
    *, station_changed: Callable[[int], None], access_changed: Callable[[], None], listening: Callable[[], None]
) -> None:
    """Listen until cancelled. `listening` is called whenever a subscription begins: what came before it was missed."""
    failures = 0
    while True:
        client = Redis.from_url(
            settings.REDIS_URL,
            socket_connect_timeout=2,
            socket_timeout=2 * SILENCE_SECONDS,
            # A reconnect must be ours: redis-py's own would go unnoticed, and so would what was missed meanwhile.
            retry=Retry(NoBackoff(), 0),
        )
        try:
            async with client, client.pubsub(ignore_subscribe_messages=True) as messages:
                await messages.psubscribe(f"{STATION}*")
                await messages.subscribe(ACCESS)
                await messages.ping()
                failures = 0
                listening()
                await _listen(messages, station_changed, access_changed)
        except (RedisError, OSError) as failure:
            if not failures:
                log.warning("live_messages_away", error=str(failure))
            failures += 1
        # Full jitter: all processes of the house have lost the same Redis at the same moment.
        await asyncio.sleep(random.uniform(0, longest_wait_seconds(failures)))  # noqa: S311 - no secret


def longest_wait_seconds(failures: int) -> float:
    """Twice as long with each failure, up to a bound that is soon reached: no power of thousands is worked out."""
    return min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(failures, 10))


async def _listen(messages: PubSub, station_changed: Callable[[int], None], access_changed: Callable[[], None]) -> None:
    while True:
        message = await messages.get_message(timeout=SILENCE_SECONDS)
        if message is None:
            await messages.ping()
            continue
        channel = message.get("channel") or b""
        if channel == ACCESS.encode():
            access_changed()
        elif channel.startswith(STATION.encode()):
            with suppress(ValueError):
                station_changed(int(channel.removeprefix(STATION.encode())))
