"""What every way to pay can be asked, and what it may answer. Nothing here knows a certain provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from payments.models import LedgerAccount, Payment, PaymentOperation
from payments.states import PaymentMode


@dataclass(frozen=True, slots=True)
class Succeeded:
    """It is done. `data` is kept with the operation (ids at the provider, for example)."""

    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """It was answered, and the answer is no; asking again under the same key would give the same."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, or none that can be trusted: it may have been done. Looked up before it is asked again."""

    why: str


Result = Succeeded | Refused | Unknown


class Provider(Protocol):
    """One way to pay. It never raises for what the outside does; it answers `Unknown`.

    `can_hold`: an authorisation sets money aside. `is_instant`: nothing outside is asked, the ledger alone decides, so
    an operation is one transaction. Asking twice under one operation's key has its effect once.
    """

    code: str
    mode: PaymentMode
    can_hold: bool
    is_instant: bool

    def source(self, payment: Payment) -> LedgerAccount:
        """The account that the money comes from, and goes back to."""
        ...

    def ask(self, operation: PaymentOperation, /) -> Result:
        """Authorise, capture, collect (charge without a hold), release, refund or top up, as its kind says."""
        ...

    def look_up(self, operation: PaymentOperation, /) -> Result | None:
        """What became of an operation whose answer was lost; None when it was never heard of."""
        ...


class Instant:
    """What the ledger decides by itself: the posting that follows either fits within the limit, or is the refusal."""

    is_instant = True

    def ask(self, _operation: PaymentOperation, /) -> Result:
        return Succeeded()

    def look_up(self, _operation: PaymentOperation, /) -> Result | None:
        return None
