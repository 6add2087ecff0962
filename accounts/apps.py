"""The accounts app as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People and parties")

    def ready(self) -> None:
        # Importing them connects them.
        from accounts import checks, personal, receivers  # noqa: F401 - importing registers them

        personal.keep()
