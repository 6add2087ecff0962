"""The Celery application: sweeps, and nudges that save a second of waiting."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("swapline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
