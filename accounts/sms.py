"""Sends text messages through the provider that SMS_PROVIDER names."""

from __future__ import annotations

import json
import logging
from http.client import HTTPException
from typing import ClassVar, Protocol
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.refusals import Refusal

TIMEOUT_SECONDS = 8

logger = logging.getLogger("accounts.sms")


class MessageNotSent(Refusal):
    code: ClassVar[str] = "message_not_sent"


class PerhapsSent(MessageNotSent):
    """The provider was asked and did not answer: it may have sent it. Who must not say a thing twice stops here."""


class SmsProvider(Protocol):
    """What a provider can do. `send` raises MessageNotSent, or PerhapsSent where nobody knows; `to` is E.164."""

    def send(self, *, to: str, text: str) -> None: ...


class ConsoleSms:
    """Writes messages to the console, for a laptop and the demo."""

    def send(self, *, to: str, text: str) -> None:
        logger.info("SMS to %s: %s", to, text)


class HttpSms:
    """Posts {"to": ..., "text": ...} as JSON to SMS_HTTP_URL with SMS_HTTP_TOKEN as bearer; any 2xx is a success."""

    def send(self, *, to: str, text: str) -> None:
        request = Request(  # noqa: S310 - the address is the operator's own setting, and https is checked at start
            settings.SMS_HTTP_URL,
            data=json.dumps({"to": to, "text": text}).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {settings.SMS_HTTP_TOKEN}"},
            method="POST",
        )
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310 - as above
                return
        except HTTPError as refused:
            # It carries the open answer, which nobody reads.
            refused.close()
            failure, kind = str(refused), MessageNotSent
        except URLError as away:
            failure, kind = str(away), MessageNotSent
        except (OSError, HTTPException) as silent:
            failure, kind = str(silent), PerhapsSent
        # The number is personal, so the log names the failure alone.
        logger.warning("The SMS provider did not take a message: %s", failure)
        raise kind(_("We could not send the message just now. Try again in a minute."))


def send(*, to: str, text: str) -> None:
    """Raises MessageNotSent, of which PerhapsSent is one."""
    provider: SmsProvider = import_string(settings.SMS_PROVIDER)()
    provider.send(to=to, text=text)
