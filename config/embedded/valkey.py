"""Valkey (Redis's protocol) in a place of ours. It saves nothing: it holds only what can be made again."""

import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from config.embedded import binaries, processes
from config.embedded.place import Place

# One numbered database for the application, and one for each process of a test session.
DATABASES = 64


@dataclass(frozen=True)
class Valkey:
    """A server for one place."""

    place: Place

    @property
    def socket(self) -> Path:
        return self.place.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server, ending a predecessor that was left running."""
        processes.end_predecessors({"valkey-server"}, folder=self.place.folder, how=signal.SIGTERM)
        self.socket.unlink(missing_ok=True)
        options: list[str | Path] = [
            "--port",
            "0",
            "--unixsocketperm",
            "700",
            "--save",
            "",
            "--databases",
            str(DATABASES),
        ]
        options += ["--unixsocket", self.socket, "--dir", self.place.folder]
        server = processes.start(self.place, [binaries.valkey_server(), *options], name="valkey")
        processes.await_answer(self.place, server, self.socket.exists, name="valkey")
        return server
