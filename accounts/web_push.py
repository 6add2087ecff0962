"""Tells one phone one thing: sealed for it alone, signed by us, posted to the push service that its browser named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from webpush import WebPush, WebPushSubscription
from webpush.types import WebPushKeys

from accounts import push_address, push_keys
from accounts.models import PushSubscription

TIMEOUT_SECONDS = (3, 5)
LONGEST_PAYLOAD = 3_000
LONGEST_RETRY_AFTER = 3_600


class Urgency(StrEnum):
    """RFC 8030: how much of a sleeping phone's battery it is worth."""

    HIGH = "high"
    NORMAL = "normal"


class Answer(StrEnum):
    SENT = "sent"
    GONE = "gone"  # the browser has given this subscription up
    ADDRESS_REFUSED = "address_refused"  # we send nothing there: it is no push service's address
    REFUSED = "refused"  # this message, or this address, will never be taken
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Message:
    """`topic` replaces what the service has not delivered yet; after `ttl_seconds` it forgets the message."""

    payload: Mapping[str, str]
    topic: str
    ttl_seconds: int
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Result:
    """What the push service said. `retry_after` is in seconds, where it named a time."""

    answer: Answer
    why: str = ""
    retry_after: int | None = None


def send(*, to: PushSubscription, message: Message, now: datetime) -> Result:
    """Post it, and read the answer's status alone. Stands outside every transaction."""
    try:
        target = push_address.resolve(to.endpoint)
    except push_address.NotAPushAddress:
        return Result(Answer.ADDRESS_REFUSED, "address_refused")
    except push_address.HostUnknown:
        return Result(Answer.LATER, "host_unknown")
    try:
        body, headers = _sealed(to, message)
    except (ValueError, push_keys.BadKey):
        return Result(Answer.REFUSED, "cannot_be_sealed")
    try:
        with requests.Session() as session:
            # The environment's proxy or netrc has no business with an address that a stranger gave.
            session.trust_env = False
            session.mount("https://", _PinnedAdapter(target.address))
            session.mount("http://", _PinnedAdapter(target.address))
            with session.post(
                to.endpoint,
                data=body,
                headers=headers | {"Host": _host(target)},
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                stream=True,  # nobody reads the body, however long it is
            ) as response:
                return _read(response.status_code, response.headers.get("Retry-After", ""), now)
    except (requests.RequestException, OSError) as failure:
        return Result(Answer.LATER, type(failure).__name__)


class _PinnedAdapter(HTTPAdapter):
    """Connects to the address that was checked, with the name for the certificate and nothing looked up again."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__(max_retries=0)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        named = {"server_hostname": host["host"], "assert_hostname": host["host"]} if host["scheme"] == "https" else {}
        return {**host, "host": self._address}, {**pool, **named}


def _sealed(to: PushSubscription, message: Message) -> tuple[bytes, dict[str, str]]:
    """The library keeps the last time to live in itself, so each message has one of its own."""
    payload = json.dumps(dict(message.payload), ensure_ascii=False, separators=(",", ":")).encode()
    keys = push_keys.keys()
    if keys is None or len(payload) > LONGEST_PAYLOAD:
        raise ValueError("no keys, or too much to say")
    sealer = WebPush(
        private_key=keys.private_pem,
        public_key=keys.public_pem,
        subscriber=settings.VAPID_SUBJECT.removeprefix("mailto:"),
        ttl=max(0, message.ttl_seconds),
    )
    subscription = WebPushSubscription.model_validate(
        {"endpoint": to.endpoint, "keys": WebPushKeys(p256dh=to.p256dh, auth=to.auth).model_dump()}
    )
    sealed = sealer.get(payload, subscription)
    headers = dict(sealed.headers) | {
        "content-type": "application/octet-stream",
        "urgency": message.urgency.value,
        "topic": message.topic,
    }
    return sealed.encrypted, headers


def _host(target: push_address.Target) -> str:
    return target.host if target.port in (80, push_address.HTTPS_PORT) else f"{target.host}:{target.port}"


def _read(status: int, retry_after: str, now: datetime) -> Result:
    if 200 <= status < 300:
        return Result(Answer.SENT)
    if status in (404, 410):
        return Result(Answer.GONE, str(status))
    if status in (408, 425, 429) or status >= 500:
        return Result(Answer.LATER, str(status), _seconds(retry_after, now))
    return Result(Answer.REFUSED, str(status))


def _seconds(retry_after: str, now: datetime) -> int | None:
    """Seconds, or a date: both are allowed, and neither is believed beyond an hour."""
    if retry_after.isascii() and retry_after.isdigit():
        return min(int(retry_after[:9]), LONGEST_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max(0, int((at - now).total_seconds())), LONGEST_RETRY_AFTER)
