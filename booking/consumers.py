"""Sockets: a driver's own booking, and the board of a station that one is posted to. They tell and never write."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from accounts.models import User
from booking import socket_access, watching
from booking.phones import Phone
from booking.socket_access import Right

SIGN_IN, NOT_FOUND, TOO_TALKATIVE = 4401, 4404, 1008
# Our pages send nothing at all.
MESSAGES_ENDURED = 10


class _Live(AsyncWebsocketConsumer, ABC):
    # The fan-out is `watching`'s: a membership in a channel layer's group costs a Redis subscription per socket.
    channel_layer_alias = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.phone: Phone | None = None
        self.station_id = 0
        self.heard = 0

    async def connect(self) -> None:
        if not _is_our_page(self.scope):
            await self.close()  # before it is accepted: HTTP 403
            return
        await self.accept()
        user: Any = self.scope["user"]
        if not isinstance(user, User) or not user.is_active:
            await self.close(SIGN_IN)
            return
        found = await self.find(user)
        if found is None:
            await self.close(NOT_FOUND)
            return
        booking_id, self.station_id = found
        self.phone = Phone(
            send=self.send,
            close=self.close,
            right=Right(
                user_id=user.pk,
                session_key=self.scope["session"].session_key or "",
                session_hash=user.get_session_auth_hash(),
                posted_at=self.station_id if booking_id is None else None,
            ),
            booking_id=booking_id,
            language=_language(self.scope),
            came_with="" if booking_id is None else _asked(self.scope, "shape"),
        )
        watching.here().join(self.station_id, self.phone)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        self.heard += 1
        if self.heard > MESSAGES_ENDURED:
            await self.close(TOO_TALKATIVE)

    async def disconnect(self, code: int) -> None:
        if self.phone is not None:
            watching.here().leave(self.station_id, self.phone)
            self.phone = None

    @abstractmethod
    async def find(self, user: User) -> tuple[int | None, int] | None:
        """The booking (None for a board) and the station that this person may look at, or None."""


class BookingConsumer(_Live):
    """ws/bookings/<uuid>/ for the driver whose booking it is."""

    async def find(self, user: User) -> tuple[int | None, int] | None:
        public_id: UUID = self.scope["url_route"]["kwargs"]["public_id"]
        return await database_sync_to_async(socket_access.booking_for)(user, public_id)


class BoardConsumer(_Live):
    """ws/stations/<id>/board/ for staff who are posted there."""

    async def find(self, user: User) -> tuple[int | None, int] | None:
        asked: int = self.scope["url_route"]["kwargs"]["station_id"]
        station_id = await database_sync_to_async(socket_access.board_for)(user, asked)
        return None if station_id is None else (None, station_id)


def _is_our_page(scope: Any) -> bool:
    """Whether the page that opens this socket came from the very host and port that it connects to.

    Cookies do not tell ports apart, so a page of another program on the same host could use our driver's otherwise.
    """
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin-1")
    host = headers.get(b"host", b"").decode("latin-1")
    return origin in settings.CSRF_TRUSTED_ORIGINS or (bool(host) and urlsplit(origin).netloc.lower() == host.lower())


def _language(scope: Any) -> str:
    """The language that the page is shown in; the page says which (?lang=pt)."""
    asked = _asked(scope, "lang").lower()
    return asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def _asked(scope: Any, name: str) -> str:
    said: list[str] = parse_qs(scope.get("query_string", b"").decode("latin-1")).get(name, [""])
    return said[0]
