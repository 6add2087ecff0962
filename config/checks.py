"""What must be true before Swapline starts, said in words a person can act on."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

OLDEST_POSTGRESQL = 15


@register(Tags.database)
def postgresql_is_recent_enough(
    *, databases: Sequence[str] | None = None, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        connection.ensure_connection()
        version = connection.connection.info.server_version // 10_000
        if version < OLDEST_POSTGRESQL:
            problems.append(
                Error(
                    f"PostgreSQL {version} is too old: Swapline needs {OLDEST_POSTGRESQL} or later.",
                    hint="Upgrade the server, or leave DATABASE_URL out and let Swapline start its own.",
                    id="swapline.E001",
                )
            )
    return problems


@register(Tags.security)
def there_is_a_secret_key(*, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    # Read past Django's own refusal, which would end the checks instead of joining their list.
    if settings._wrapped.SECRET_KEY or settings.LAPTOP:  # type: ignore[misc]  # no public way to see an empty one
        return []
    return [Error("SECRET_KEY is not set.", hint="Give it 50 random characters or more.", id="swapline.E003")]
