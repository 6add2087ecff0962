"""The payments app as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = _("Money")

    def ready(self) -> None:
        import payments.nudging  # noqa: F401  # connects its listener, once models are loaded
        from payments import personal

        personal.keep()
