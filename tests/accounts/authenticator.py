"""A phone that keeps passkeys, as the standard wants it: ES256 keys, attestation "none", a count that rises."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_encode

HOST = "localhost"
ORIGIN = "http://localhost"
PRESENT, VERIFIED, HAS_CREDENTIAL = 0x01, 0x04, 0x40


class Phone:
    """Answers the options of a page. `verifies=False`: it asks for no finger, face or PIN."""

    def __init__(self, *, origin: str = ORIGIN, verifies: bool = True, counts: bool = True) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._id = os.urandom(16)
        self._user = b""
        self._origin = origin
        self._verified = VERIFIED if verifies else 0
        self._counts = counts
        self.uses = 0

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        publics = options["publicKey"]
        self._user = publics["user"]["id"].encode()
        public_key = cbor.encode(ES256.from_cryptography_key(self._key.public_key()))
        credential = bytes(16) + struct.pack(">H", len(self._id)) + self._id + public_key
        data = self._data(publics["rp"]["id"], HAS_CREDENTIAL) + credential
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer("webauthn.create", publics["challenge"], {"attestationObject": websafe_encode(attestation)})

    def use(self, options: dict[str, Any]) -> dict[str, Any]:
        publics = options["publicKey"]
        self.uses += self._counts
        data = self._data(publics["rpId"], 0)
        told = self._told("webauthn.get", publics["challenge"])
        signature = self._key.sign(data + hashlib.sha256(told).digest(), ec.ECDSA(hashes.SHA256()))
        given = {"authenticatorData": websafe_encode(data), "signature": websafe_encode(signature)}
        return self._answer("webauthn.get", publics["challenge"], given | {"userHandle": self._user.decode()})

    def _data(self, host: str, flags: int) -> bytes:
        flags |= PRESENT | self._verified
        return hashlib.sha256(host.encode()).digest() + struct.pack(">BI", flags, self.uses)

    def _told(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self._origin}).encode()

    def _answer(self, kind: str, challenge: str, given: dict[str, str]) -> dict[str, Any]:
        name = websafe_encode(self._id)
        response = {"clientDataJSON": websafe_encode(self._told(kind, challenge))} | given
        return {"id": name, "rawId": name, "type": "public-key", "response": response}


def browser() -> Client:
    """On a host that has a name, as passkeys need it."""
    return Client(headers={"host": HOST, "user-agent": "Mozilla/5.0 (Linux; Android 15) Chrome/142"})


def add(client: Client, phone: Phone, **more: str) -> Any:
    options = client.post("/account/sign-in/passkeys/options/", headers={"accept": "application/json"}).json()
    return client.post("/account/sign-in/passkeys/", {"credential": json.dumps(phone.create(options)), **more})


def sign_in(client: Client, phone: Phone, **more: str) -> Any:
    options = client.post("/sign-in/passkey/options/").json()
    return client.post("/sign-in/passkey/", {"credential": json.dumps(phone.use(options)), **more})
