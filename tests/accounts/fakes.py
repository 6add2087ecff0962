"""Stand-ins for the outside world of accounts."""

from __future__ import annotations

import re

from accounts.sms import MessageNotSent


class RecordedSms:
    """Keeps messages instead of sending them."""

    sent: list[tuple[str, str]] = []

    def send(self, *, to: str, text: str) -> None:
        self.sent.append((to, text))


class BrokenSms:
    def send(self, *, to: str, text: str) -> None:
        raise MessageNotSent("The line is down.")


def code_in(text: str) -> str:
    found = re.search(r"\b(\d{6})\b", text)
    assert found, text
    return found[1]
