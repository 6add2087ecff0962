"""Without Redis nothing is cached, nothing fails, and nobody waits."""

import time

import pytest
from django.conf import settings

from config.cache import ForgivingRedisCache


@pytest.fixture
def present() -> ForgivingRedisCache:
    return ForgivingRedisCache(settings.REDIS_URL, {"KEY_PREFIX": "test"})


@pytest.fixture
def absent() -> ForgivingRedisCache:
    return ForgivingRedisCache("redis://127.0.0.1:1/0", {})


def test_what_was_set_is_found_again(present: ForgivingRedisCache) -> None:
    present.set("station", "Cais do Sodré")
    present.set_many({"a": 1, "b": 2})

    assert present.get("station") == "Cais do Sodré"
    assert present.get_many(["a", "b", "c"]) == {"a": 1, "b": 2}
    assert present.incr("a") == 2
    assert present.add("a", 5) is False
    assert present.has_key("b")
    assert present.delete("b")


def test_without_redis_every_question_has_an_answer(absent: ForgivingRedisCache) -> None:
    absent.set("station", "Cais do Sodré")

    assert absent.get("station", "unknown") == "unknown"
    assert absent.get_many(["a"]) == {}
    assert absent.add("a", 1)
    assert absent.incr("a") == 1
    assert not absent.has_key("a")
    assert not absent.delete("a")
    assert absent.get_or_set("a", 7) == 7
    assert absent.set_many({"a": 1}) == ["a"]


def test_redis_is_asked_again_after_a_while(absent: ForgivingRedisCache, monkeypatch: pytest.MonkeyPatch) -> None:
    absent.get("station")
    absent._servers[:] = [settings.REDIS_URL]
    del absent._cache
    now = time.monotonic()

    absent.set("station", "too early")
    monkeypatch.setattr(time, "monotonic", lambda: now + 3)
    absent.set("station", "Alfama")

    assert absent.get("station") == "Alfama"
