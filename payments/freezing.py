"""What a proposed statement's hash is taken over: one canonical line per transfer. No personal data is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime


@dataclass(frozen=True, slots=True)
class FrozenHead:
    party_id: int
    currency: str
    period_start: date
    period_end: date
    cut_off_at: datetime


@dataclass(frozen=True, slots=True)
class FrozenLine:
    transfer_id: int
    key: str
    debit_id: int
    credit_id: int
    transfer_minor: int
    kind: str
    effective_at: datetime
    amount_minor: int


def sha256_of(head: FrozenHead, lines: Iterable[FrozenLine]) -> str:
    """Lines by transfer id, instants in UTC to the microsecond: the same rows give the same hash everywhere."""
    digest = hashlib.sha256(_line(head.party_id, head.currency, head.period_start, head.period_end, head.cut_off_at))
    for line in sorted(lines, key=lambda line: line.transfer_id):
        digest.update(
            _line(
                line.transfer_id,
                line.key,
                line.debit_id,
                line.credit_id,
                line.transfer_minor,
                line.kind,
                line.effective_at,
                line.amount_minor,
            )
        )
    return digest.hexdigest()


def _line(*fields: object) -> bytes:
    return ("|".join(_text(field) for field in fields) + "\n").encode()


def _text(field: object) -> str:
    if isinstance(field, datetime):
        return field.astimezone(UTC).isoformat(timespec="microseconds")
    return str(field)
