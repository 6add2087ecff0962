"""Whether a worker works."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """When the workers last did something. Written by a task, read by /readyz."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%H:%M:%S}"
