"""A way between a phone and the server that can swallow everything without a word, as a car park under ground does."""

from __future__ import annotations

import contextlib
import socket
import threading

CHUNK = 65_536


class Tunnel:
    """While it is closed, nothing gets through: what was sent is lost, and its connection stays dead afterwards.

    A connection that is begun meanwhile waits, as one does whose first packet is sent again and again.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._open = threading.Event()
        self._open.set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def closes(self) -> None:
        self._open.clear()

    def opens(self) -> None:
        self._open.set()

    def ends(self) -> None:
        self._open.set()
        self._listening.close()
        for end in self._ends:
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                phone, _address = self._listening.accept()
                self._ends.append(phone)
                self._open.wait()
                self._join(phone)

    def _join(self, phone: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._port))
        self._ends.append(server)
        for one, other in ((phone, server), (server, phone)):
            threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while heard := one.recv(CHUNK):
                if not self._open.is_set():
                    return
                other.sendall(heard)
            # The end of a connection is said again and again, too.
            self._open.wait()
            other.shutdown(socket.SHUT_WR)
