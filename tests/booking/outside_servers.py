"""Small real servers that speak as OSRM, Valhalla and Nominatim do, and fail when a test wants them to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

# Given instead of an answer: nobody answers until the test is over.
SILENCE = object()


class Outside:
    """One server. `answer` makes the body of each answer from what was asked; `status` goes with it."""

    def __init__(self, answer: Callable[[Outside, str, dict[str, Any]], Any]) -> None:
        self.answer = answer
        self.status = 200
        self.asked: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.over = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                split = urlsplit(self.path)
                self._answer(split.path, {name: values[0] for name, values in parse_qs(split.query).items()})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(self.path, json.loads(body))

            def _answer(self, path: str, question: dict[str, Any]) -> None:
                outside.asked.append((path, question, dict(self.headers)))
                answer = outside.answer(outside, path, question)
                if answer is SILENCE:
                    outside.over.wait(30)
                    return
                body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(outside.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                pass

        return Handler


@contextmanager
def serving(answer: Callable[[Outside, str, dict[str, Any]], Any]) -> Iterator[Outside]:
    outside = Outside(answer)
    thread = threading.Thread(target=outside.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield outside
    finally:
        outside.over.set()
        outside.http.shutdown()
        outside.http.server_close()
        thread.join()


def osrm_table(seconds: Callable[[int], float | None]) -> Callable[[Outside, str, dict[str, Any]], Any]:
    """A table from the first place to all others, as OSRM 5 gives it; `seconds` by the number of the destination."""

    def answer(_outside: Outside, path: str, question: dict[str, Any]) -> Any:
        assert path.startswith("/table/v1/driving/")
        count = len(path.rpartition("/")[2].split(";"))
        assert question["sources"] == "0"
        assert question["destinations"] == ";".join(str(number) for number in range(1, count))
        return {"code": "Ok", "durations": [[seconds(number) for number in range(count - 1)]], "sources": [{}]}

    return answer


def valhalla_matrix(seconds: Callable[[int], float | None]) -> Callable[[Outside, str, dict[str, Any]], Any]:
    """A row of a matrix, as Valhalla 3 gives it."""

    def answer(_outside: Outside, path: str, question: dict[str, Any]) -> Any:
        assert path == "/sources_to_targets"
        assert question["costing"] == "auto"
        assert len(question["sources"]) == 1
        cells = [
            {"distance": 1.0, "time": seconds(number), "from_index": 0, "to_index": number}
            for number in range(len(question["targets"]))
        ]
        return {"sources_to_targets": [cells], "units": "kilometers"}

    return answer
