"""A push service and its phones for tests: a real server that takes what ours takes, and phones that can read it.

It is strict as the real ones are: a message must be sealed by RFC 8291, signed by RFC 8292, with a time to live.
"""

from __future__ import annotations

import json
import os
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pytest_django import Settings

from accounts import push_keys


@dataclass
class Taken:
    """One message as the service took it."""

    path: str
    headers: dict[str, str]
    body: bytes
    claims: dict[str, Any]


@dataclass
class PushService:
    """Answers what it is told to, first to last, and then 201. `hold` keeps an answer back until it is set."""

    url: str = ""
    public_key: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    hold: threading.Event | None = None
    asked: threading.Event = field(default_factory=threading.Event)

    def will_answer(self, status: int, **headers: str) -> None:
        self.answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}))

    def phone(self, name: str = "asha") -> Phone:
        return Phone(endpoint=f"{self.url}/push/{name}")


@dataclass
class Phone:
    """A browser's half of a subscription: it alone can read what is sent."""

    endpoint: str
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def subscription(self) -> dict[str, str]:
        return {"endpoint": self.endpoint, "p256dh": _text(self._public), "auth": _text(self.secret)}

    @property
    def _public(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def read(self, body: bytes) -> dict[str, str]:
        """Open one record of aes128gcm, as RFC 8188 and RFC 8291 say."""
        salt, length = body[:16], body[20]
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        shared = self.private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
        material = _derive(self.secret, b"WebPush: info\0" + self._public + theirs, shared, 32)
        key = _derive(salt, b"Content-Encoding: aes128gcm\0", material, 16)
        nonce = _derive(salt, b"Content-Encoding: nonce\0", material, 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None)
        assert padded.rstrip(b"\0")[-1:] == b"\x02", "the last record ends with 2"
        said: dict[str, str] = json.loads(padded.rstrip(b"\0")[:-1])
        return said


@contextmanager
def trusted(settings: Settings) -> Iterator[PushService]:
    """One that runs, with a new key of ours, and that may stand on this machine."""
    settings.VAPID_PRIVATE_KEY = push_keys.new_secret()
    settings.PUSH_MAY_BE_PRIVATE = True
    keys = push_keys.keys()
    assert keys is not None
    with running(keys.public) as service:
        yield service


@contextmanager
def running(public_key: str) -> Iterator[PushService]:
    service = PushService(public_key=public_key)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            claims = _claims(self.headers["Authorization"], service.public_key)
            refused = self.headers["TTL"] is None or self.headers["Content-Encoding"] != "aes128gcm" or claims is None
            if not refused:
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.taken.append(Taken(self.path, headers, body, claims or {}))
            service.asked.set()
            if service.hold is not None:
                service.hold.wait(20)
            status, more = service.answers.pop(0) if service.answers else (201, {})
            self.send_response(400 if refused else status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        service.url = f"http://127.0.0.1:{server.server_port}"
        yield service
        server.shutdown()
        thread.join()


def _claims(authorization: str | None, public_key: str) -> dict[str, Any] | None:
    """What the sender says of itself, where the signature is of the key that the phone was subscribed for."""
    token, _, key = (authorization or "").removeprefix("vapid t=").partition(", k=")
    if key != public_key:
        return None
    point = urlsafe_b64decode(key + "=" * (-len(key) % 4))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    try:
        return dict(jwt.decode(token, public, algorithms=["ES256"], options={"verify_aud": False}))
    except jwt.InvalidTokenError:
        return None


def _derive(salt: bytes, info: bytes, material: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(material)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
