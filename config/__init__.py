"""How Swapline is put together: settings, addresses, servers, workers and the embedded services."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
