"""Prints a new key for push messages, to be kept as VAPID_PRIVATE_KEY."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from accounts import push_keys


class Command(BaseCommand):
    help = "Print a new VAPID_PRIVATE_KEY. Phones that are told by the one before must be asked again."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(push_keys.new_secret())
