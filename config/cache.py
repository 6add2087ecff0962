"""The cache: Redis, and for as long as it is away nothing is cached and nothing fails."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

AWAY_SECONDS = 2.0
PATIENCE_SECONDS = 0.5

Answer = TypeVar("Answer")


class ForgivingRedisCache(RedisCache):
    """A cache holds only what can be made again, so its loss must cost time and not an answer.

    After a failure Redis is left alone for two seconds: otherwise every request would wait for the timeout.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        # redis-py would try three times, waiting longer and longer, while a person looks at an empty page.
        patience = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
        super().__init__(server, params | {"OPTIONS": patience | {"retry": Retry(NoBackoff(), 0)}})
        self._away_until = 0.0

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._ask(True, super().add, key, value, timeout, version)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._ask(default, super().get, key, default, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._ask(None, super().set, key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._ask(False, super().touch, key, timeout, version)

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._ask(False, super().delete, key, version)

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        return self._ask({}, super().get_many, keys, version)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return self._ask(False, super().has_key, key, version)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return self._ask(delta, super().incr, key, delta, version)

    def set_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        return self._ask(list(data), super().set_many, data, timeout, version)

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        self._ask(None, super().delete_many, keys, version)

    def _ask(self, otherwise: Answer, question: Callable[..., Answer], *arguments: Any) -> Answer:
        if time.monotonic() < self._away_until:
            return otherwise
        try:
            return question(*arguments)
        except RedisError:
            self._away_until = time.monotonic() + AWAY_SECONDS
            return otherwise
