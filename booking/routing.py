"""Where sockets lead. config/asgi.py puts origin and session checks before them."""

from __future__ import annotations

from typing import Any

from django.urls import path

from booking.consumers import BoardConsumer, BookingConsumer

booking: Any = BookingConsumer.as_asgi()
board: Any = BoardConsumer.as_asgi()

# Typed as Any: path() is typed for views, and these are ASGI applications.
websocket_urlpatterns: list[Any] = [
    path("ws/bookings/<uuid:public_id>/", booking),
    path("ws/stations/<int:station_id>/board/", board),
]
