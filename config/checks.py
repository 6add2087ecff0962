"""What must be true before Swapline starts, said in words a person can act on."""

import importlib
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.db import connections

from booking import map_tiles

OLDEST_POSTGRESQL = 15
ROUTERS = ("osrm+http://", "osrm+https://", "valhalla+http://", "valhalla+https://")


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


@register(Tags.compatibility, deploy=True)
def receipts_can_be_pdfs(*, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Only when deploying: the import takes a second, and pages do without it."""
    try:
        importlib.import_module("booking.typesetting")
    except (ImportError, OSError):
        return [
            Caution(
                "Receipts cannot be made as PDFs: WeasyPrint does not find the system's Pango.",
                hint="Install it (Debian: libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0), or do without: the "
                "receipt's page prints well.",
                id="swapline.W004",
            )
        ]
    return []


@register(Tags.security)
def there_is_a_secret_key(*, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    # Read past Django's own refusal, which would end the checks instead of joining their list.
    if settings._wrapped.SECRET_KEY or settings.LAPTOP:  # type: ignore[misc]  # no public way to see an empty one
        return []
    return [Error("SECRET_KEY is not set.", hint="Give it 50 random characters or more.", id="swapline.E003")]


@register
def the_map_can_be_drawn(*, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    try:
        tiles = map_tiles.configured()
    except map_tiles.BadTiles as wrong:
        return [Error(str(wrong), hint="docs/operating.md, “A map with streets”.", id="swapline.E030")]
    problems: list[CheckMessage] = []
    if tiles.archive is not None and not tiles.archive.is_file():
        problems.append(Error(f"MAP_TILES: there is no file {tiles.archive}.", id="swapline.E031"))
    if map_tiles.asks_the_public_server(tiles):
        problems.append(
            Caution(
                "MAP_TILES is OpenStreetMap's public tile server, which is not for services like this one.",
                hint="Serve an extract of your own: docs/operating.md, “A map with streets”.",
                id="swapline.W030",
            )
        )
    if tiles.origin.startswith("http://") and settings.HTTPS:
        problems.append(Caution("MAP_TILES is not HTTPS: browsers refuse it on our HTTPS pages.", id="swapline.W031"))
    return problems


@register(Tags.security)
def the_router_is_one_that_we_speak_with(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    if not settings.ROUTING or settings.ROUTING.startswith(ROUTERS):
        return []
    hint = "Write osrm+https://… or valhalla+https://…, or leave it out."
    return [Error("ROUTING names no router that Swapline can ask.", hint=hint, id="swapline.E004")]


@register(Tags.security, deploy=True)
def positions_travel_encrypted(*, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    asked = {"ROUTING": settings.ROUTING.partition("+")[2], "GEOCODER_URL": settings.GEOCODER_URL}
    return [
        Caution(f"{name} is asked without encryption: it learns where drivers are.", id="swapline.W002")
        for name, url in asked.items()
        if url.startswith("http://")
    ]
