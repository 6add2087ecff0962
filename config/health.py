"""Two answers for machines: is this process alive, and is everything there that it needs?"""

from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.backoff import NoBackoff
from redis.retry import Retry

from booking import heartbeat

# Workers write a heartbeat every second; after this long somebody should look.
OLDEST_HEARTBEAT_SECONDS = 10.0


class HealthMiddleware:
    """Answers first of all: a balancer asks by plain HTTP, by address instead of name, and every second."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if view := {"/healthz": alive, "/readyz": ready}.get(request.path_info):
            return view(request)
        return self.get_response(request)


@require_safe
@never_cache
def alive(request: HttpRequest) -> HttpResponse:
    """Answers as long as the process does: restarting it would not bring back a database."""
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when database, Redis and workers are there, else 503 and which of them is missing."""
    missing = []
    heartbeat_age_seconds = None
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        heartbeat_age_seconds = heartbeat.age_seconds()
    except DatabaseError:
        missing.append("database")
    if not _redis_answers():
        missing.append("redis")
    if heartbeat_age_seconds is None or heartbeat_age_seconds > OLDEST_HEARTBEAT_SECONDS:
        missing.append("worker")
    answer = {"ready": not missing, "missing": missing, "heartbeat_age_seconds": heartbeat_age_seconds}
    return JsonResponse(answer, status=503 if missing else 200)


def _redis_answers() -> bool:
    once = Retry(NoBackoff(), 0)
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=once) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
