"""Whoever answers in the server's place: a captive portal, or a proxy that says that there is maintenance."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"<!doctype html><html><body><h1>Back in an hour</h1></body></html>"


class Stranger:
    """Says the same friendly page to everything, with 200, until it `ends`."""

    def __init__(self, port: int) -> None:
        self.asked = asked = threading.Semaphore(0)

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(PAGE)))
                self.end_headers()
                self.wfile.write(PAGE)
                if self.path.endswith("/card/"):
                    asked.release()

            def log_message(self, *args: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Answer)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def ends(self) -> None:
        self._server.shutdown()
        self._server.server_close()
