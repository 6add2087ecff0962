"""The booking app as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingConfig(AppConfig):
    name = "booking"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        import booking.receivers  # noqa: F401  # connects them, once models are loaded
        from booking import personal

        personal.keep()
