"""A strict card company outside: it remembers keys, keeps its books in a file, and can be made to fail at any moment.

It stands in for every outside provider; the contract tests that the wallet passes are what it must pass as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from payments import ledger
from payments.models import LedgerAccount, Payment, PaymentOperation
from payments.providers.base import Refused, Result, Succeeded, Unknown
from payments.states import AccountKind, OperationKind, PaymentMode


class Mistake(AssertionError):
    """We asked for something that a real company would answer with a programming error."""


class Lost(ConnectionError):
    """The line went dead."""


def _nothing() -> None:
    pass


@dataclass
class Card:
    """The company's own books: what it did under which key. Refuses what does not add up."""

    path: Path
    funds: int = 10_000
    before: Callable[[], None] = field(default=_nothing)
    after: Callable[[], None] = field(default=_nothing)

    @property
    def books(self) -> dict[str, Any]:
        return json.loads(self.path.read_text()) if self.path.exists() else {"answers": {}, "holds": {}, "effects": []}

    def do(self, *, key: str, kind: str, hold: str, amount: int) -> dict[str, str]:
        self.before()
        books = self.books
        asked = {"kind": kind, "hold": hold, "amount": amount}
        known = books["answers"].get(key)
        if known is None:
            known = {"asked": asked, "answer": self._decide(books, **asked)}
            books["answers"][key] = known
            if known["answer"]["status"] == "done":
                books["effects"].append(f"{kind} {amount}")
            self.path.write_text(json.dumps(books))
        if known["asked"] != asked:
            raise Mistake(f"the key {key} was used for {known['asked']}")
        self.after()
        return known["answer"]

    def find(self, key: str) -> dict[str, str] | None:
        known = self.books["answers"].get(key)
        return known["answer"] if known else None

    def lose(self, when: str) -> None:
        """The next call is lost: before it arrives, or its answer on the way back."""

        def lose_once() -> None:
            setattr(self, when, _nothing)
            raise Lost

        setattr(self, when, lose_once)

    def _decide(self, books: dict[str, Any], *, kind: str, hold: str, amount: int) -> dict[str, str]:
        holds = books["holds"]
        if kind in {"authorise", "collect"}:
            free = self.funds - sum(h["held"] + h["taken"] - h["given_back"] for h in holds.values())
            if amount > free:
                return {"status": "declined", "code": "card_declined", "sentence": "The card was declined."}
            entry = holds.setdefault(hold, {"held": 0, "taken": 0, "given_back": 0})
            entry["held" if kind == "authorise" else "taken"] += amount
            return {"status": "done"}
        entry = holds[hold]
        if kind == "capture":
            if not 0 <= amount <= entry["held"]:
                return {"status": "declined", "code": "hold_lapsed", "sentence": "The hold has lapsed."}
            entry["taken"], entry["held"] = entry["taken"] + amount, 0
        elif kind == "release":
            entry["held"] = 0
        elif kind == "refund":
            if not 0 < amount <= entry["taken"] - entry["given_back"]:
                raise Mistake("more is refunded than was taken")
            entry["given_back"] += amount
        else:
            raise Mistake(f"unknown request {kind}")
        return {"status": "done"}

    def lapse_holds(self) -> None:
        books = self.books
        for entry in books["holds"].values():
            entry["held"] = 0
        self.path.write_text(json.dumps(books))


@dataclass
class CardProvider:
    """What stands between us and the company: every silence is `Unknown`, nothing is raised."""

    card: Card
    code: str = "card"
    mode: PaymentMode = PaymentMode.HOLD
    can_hold: bool = True
    is_instant: bool = False

    def source(self, payment: Payment) -> LedgerAccount:
        return ledger.account(
            network=payment.network, kind=AccountKind.CLEARING, currency=payment.currency, method=self.code
        )

    def ask(self, operation: PaymentOperation, /) -> Result:
        try:
            answer = self.card.do(
                key=operation.key,
                kind=operation.kind,
                hold=str(operation.payment.reference if operation.payment else operation.account_id),
                amount=0 if operation.kind == OperationKind.RELEASE else operation.amount_minor,
            )
        except Lost:
            return Unknown("no answer")
        return _result(answer)

    def look_up(self, operation: PaymentOperation, /) -> Result | None:
        answer = self.card.find(operation.key)
        return None if answer is None else _result(answer)


def _result(answer: dict[str, str]) -> Result:
    if answer["status"] == "done":
        return Succeeded({"status": "done"})
    return Refused(answer["code"], answer["sentence"])
