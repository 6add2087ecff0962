"""The key by which push services know who sends (VAPID): one secret per installation, as one line of text."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.conf import settings

SECRET_BYTES = 32


class BadKey(ValueError):
    """What is given as the key is none."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The pair as the library wants it, and the public half as a browser wants it."""

    private_pem: bytes
    public_pem: bytes
    public: str


def new_secret() -> str:
    """A new key, in the spelling of `VAPID_PRIVATE_KEY`: 32 bytes, base64url."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return _encode(number.to_bytes(SECRET_BYTES, "big"))


def keys() -> Keys | None:
    """The installation's keys; None where push is not set up. Raises BadKey."""
    return _read(settings.VAPID_PRIVATE_KEY) if settings.VAPID_PRIVATE_KEY else None


def is_on() -> bool:
    """Whether phones can be told at all here."""
    return bool(settings.VAPID_PRIVATE_KEY and settings.VAPID_SUBJECT)


@lru_cache(maxsize=4)
def _read(secret: str) -> Keys:
    try:
        raw = urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
        if len(raw) != SECRET_BYTES:
            raise BadKey("VAPID_PRIVATE_KEY is not 32 bytes long.")
        private = ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())
    except ValueError as wrong:
        raise BadKey("VAPID_PRIVATE_KEY is not a key.") from wrong
    public = private.public_key()
    return Keys(
        private_pem=private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        public_pem=public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public=_encode(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)),
    )


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
