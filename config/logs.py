"""How logs look: one JSON object per line for machines, coloured lines for a person at a console."""

import logging
from typing import Any

import structlog


def configuration(*, for_people: bool, level: str) -> dict[str, Any]:
    """Django's LOGGING; also sets structlog up, so that both ways of logging come out alike."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if for_people else "iso", utc=not for_people),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderers: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
        if for_people
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
            },
        },
        "filters": {"not_health": {"()": "config.logs.NotHealth"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # A sweep per second would drown everything else.
            "celery": {"level": "WARNING"},
            "django_structlog.celery": {"level": "WARNING"},
            "django.request": {"filters": ["not_health"]},
            # It tells of each sheet of style that it reads.
            "weasyprint": {"level": "WARNING"},
            # Its request lines are ours already, with more in them.
            "uvicorn.access": {"handlers": [], "propagate": False},
            "django.server": {"handlers": [], "propagate": False},
        },
    }


class NotHealth(logging.Filter):
    """Drops what /readyz answers every second while something is missing: whoever asks has the answer."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "/readyz" not in record.getMessage()
