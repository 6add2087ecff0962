"""One open socket as the process sees it: whose it is, what it shows, and what it was told last."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from booking.socket_access import Right


class Phone:
    """A driver's phone with one booking, or a board at a station (`booking_id` is None).

    A phone on a weak network is told the newest only: while one message is on its way, later ones replace each other.
    """

    __slots__ = (
        "_busy",
        "_close",
        "_next",
        "_over",
        "_send",
        "board",
        "booking_id",
        "came_with",
        "language",
        "right",
        "version",
    )

    def __init__(
        self,
        *,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
        right: Right,
        booking_id: int | None,
        language: str,
        came_with: str = "",
    ) -> None:
        self._send = send
        self._close = close
        self.right = right
        self.booking_id = booking_id
        self.language = language
        self.version = -1
        self.came_with = came_with  # the shape of the card that its page had on connecting; empty when unknown
        self.board = ""  # the shape of the board that it was told last
        self._next: str | None = None
        self._busy = False
        self._over = False

    async def tell(self, text: str) -> None:
        self._next = text
        if self._busy or self._over:
            return
        self._busy = True
        try:
            while self._next is not None:
                text, self._next = self._next, None
                await self._send(text)
        except (OSError, RuntimeError):
            # The socket has closed meanwhile; its consumer hears of that by itself.
            self._next = None
        finally:
            self._busy = False

    async def beat(self, text: str) -> None:
        """Say that the connection is alive. While something else is on its way, that says it."""
        if not self._busy:
            await self.tell(text)

    async def end(self, code: int) -> None:
        """Close the socket, once; its consumer then takes the phone out of its room."""
        if self._over:
            return
        self._over, self._next = True, None
        with suppress(OSError, RuntimeError):
            await self._close(code)
