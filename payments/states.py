"""The states of money, and the steps it may take. Plain values: nothing of Django here."""

from __future__ import annotations

from enum import StrEnum


class Choices(StrEnum):
    """A StrEnum that a model field can list."""

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(member.value, member.value.replace("_", " ")) for member in cls]


class PaymentMode(Choices):
    """What a method can do: hold elsewhere (cards), a balance kept here, credit, or coins in a till."""

    HOLD = "hold"
    WALLET = "wallet"
    ACCOUNT = "account"
    CASH = "cash"


class PaymentState(Choices):
    """Where one booking's money is.

    releasing: no longer wanted, and not yet known to be free. owed: the swap happened and the money is not here (a
    person is shown it, and it blocks the payer's next booking). written_off: the operator bears it.
    """

    AUTHORISING = "authorising"
    AUTHORISED = "authorised"
    REFUSED = "refused"
    CAPTURING = "capturing"
    CAPTURED = "captured"
    RELEASING = "releasing"
    RELEASED = "released"
    OWED = "owed"
    WRITTEN_OFF = "written_off"


class PaymentStep(Choices):
    """ask_*: wanted by booking or by a person, an operation row is left. The others: what an operation found out."""

    AUTHORISED = "authorised"
    REFUSED = "refused"
    ASK_CAPTURE = "ask_capture"
    CAPTURED = "captured"
    CAPTURE_REFUSED = "capture_refused"
    ASK_RELEASE = "ask_release"
    RELEASED = "released"
    ASK_REFUND = "ask_refund"
    ASK_COLLECT = "ask_collect"
    WRITE_OFF = "write_off"


PAYMENT_STEPS: dict[tuple[PaymentState, PaymentStep], PaymentState] = {
    (PaymentState.AUTHORISING, PaymentStep.AUTHORISED): PaymentState.AUTHORISED,
    (PaymentState.AUTHORISING, PaymentStep.REFUSED): PaymentState.REFUSED,
    (PaymentState.AUTHORISING, PaymentStep.ASK_RELEASE): PaymentState.RELEASING,
    # Staff may start a swap with a written reason before the money is sure; then the sale is collected afterwards.
    (PaymentState.AUTHORISING, PaymentStep.ASK_CAPTURE): PaymentState.CAPTURING,
    (PaymentState.REFUSED, PaymentStep.ASK_CAPTURE): PaymentState.CAPTURING,
    (PaymentState.AUTHORISED, PaymentStep.ASK_CAPTURE): PaymentState.CAPTURING,
    (PaymentState.AUTHORISED, PaymentStep.ASK_RELEASE): PaymentState.RELEASING,
    # The hold was found or refused after nobody wanted it any more: it is let go, not kept.
    (PaymentState.RELEASING, PaymentStep.AUTHORISED): PaymentState.RELEASING,
    (PaymentState.RELEASING, PaymentStep.REFUSED): PaymentState.RELEASED,
    (PaymentState.RELEASING, PaymentStep.RELEASED): PaymentState.RELEASED,
    (PaymentState.CAPTURING, PaymentStep.AUTHORISED): PaymentState.CAPTURING,
    (PaymentState.CAPTURING, PaymentStep.REFUSED): PaymentState.CAPTURING,
    (PaymentState.CAPTURING, PaymentStep.CAPTURED): PaymentState.CAPTURED,
    (PaymentState.CAPTURING, PaymentStep.CAPTURE_REFUSED): PaymentState.OWED,
    (PaymentState.OWED, PaymentStep.ASK_COLLECT): PaymentState.CAPTURING,
    (PaymentState.OWED, PaymentStep.WRITE_OFF): PaymentState.WRITTEN_OFF,
    (PaymentState.CAPTURED, PaymentStep.ASK_REFUND): PaymentState.CAPTURED,
}


class OperationKind(Choices):
    """What is asked of a method. collect: charge what a hold did not cover, after the swap."""

    AUTHORISE = "authorise"
    CAPTURE = "capture"
    COLLECT = "collect"
    RELEASE = "release"
    REFUND = "refund"
    TOP_UP = "top_up"
    PAY_OUT = "pay_out"


class OperationState(Choices):
    PLANNED = "planned"
    CALLING = "calling"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    # Called off before anybody was called.
    DROPPED = "dropped"


class OperationStep(Choices):
    CALL = "call"
    SUCCEED = "succeed"
    REFUSE = "refuse"
    LOSE = "lose"
    DROP = "drop"


OPERATION_STEPS: dict[tuple[OperationState, OperationStep], OperationState] = {
    (OperationState.PLANNED, OperationStep.CALL): OperationState.CALLING,
    (OperationState.PLANNED, OperationStep.DROP): OperationState.DROPPED,
    # A worker died during the call, or its answer was lost: ask again, with the same key.
    (OperationState.CALLING, OperationStep.CALL): OperationState.CALLING,
    (OperationState.UNKNOWN, OperationStep.CALL): OperationState.CALLING,
    (OperationState.CALLING, OperationStep.SUCCEED): OperationState.SUCCEEDED,
    (OperationState.CALLING, OperationStep.REFUSE): OperationState.REFUSED,
    (OperationState.CALLING, OperationStep.LOSE): OperationState.UNKNOWN,
}

OPERATIONS_UNDER_WAY = (OperationState.PLANNED, OperationState.CALLING, OperationState.UNKNOWN)


class AccountKind(Choices):
    """Whose money an account counts.

    wallet: owed to a driver. receivable: owed by a fleet. payable: owed to a party. cash: owed by the station that
    took it. tax: owed to the state. suspense: received, and not yet split. operator: ours. clearing: at a provider or
    a bank.
    """

    WALLET = "wallet"
    RECEIVABLE = "receivable"
    PAYABLE = "payable"
    CASH = "cash"
    TAX = "tax"
    SUSPENSE = "suspense"
    OPERATOR = "operator"
    CLEARING = "clearing"


LIMITED_ACCOUNTS = (AccountKind.WALLET, AccountKind.RECEIVABLE)
PARTY_ACCOUNTS = (AccountKind.PAYABLE, AccountKind.RECEIVABLE, AccountKind.CASH)


class TransferStage(Choices):
    """single: at once. pending: a hold. post and void: a hold kept (in whole or in part) or let go, once."""

    SINGLE = "single"
    PENDING = "pending"
    POST = "post"
    VOID = "void"


POSTED_STAGES = (TransferStage.SINGLE, TransferStage.POST)


class TransferKind(Choices):
    HOLD = "hold"
    CAPTURE = "capture"
    COLLECT = "collect"
    RELEASE = "release"
    TAX = "tax"
    SHARE = "share"
    REFUND = "refund"
    TAX_BACK = "tax_back"
    SHARE_BACK = "share_back"
    TOP_UP = "top_up"
    PAY_OUT = "pay_out"
    WRITE_OFF = "write_off"
    SETTLEMENT = "settlement"
    # A station failed and its driver swapped at a dearer one: what is owed for it, and what the parties there get.
    DIFFERENCE = "difference"
    COMPENSATION = "compensation"
    DIFFERENCE_BACK = "difference_back"
    COMPENSATION_BACK = "compensation_back"


DIFFERENCE_KINDS = (
    TransferKind.DIFFERENCE,
    TransferKind.COMPENSATION,
    TransferKind.DIFFERENCE_BACK,
    TransferKind.COMPENSATION_BACK,
)


class StatementState(Choices):
    OPEN = "open"
    PROPOSED = "proposed"
    APPROVED = "approved"
    PAYING = "paying"
    PAID = "paid"
    FAILED = "failed"
    CLOSED = "closed"


class StatementStep(Choices):
    COLLECT = "collect"
    PROPOSE = "propose"
    APPROVE = "approve"
    PAY = "pay"
    MARK_PAID = "mark_paid"
    FAIL = "fail"
    CLOSE = "close"


STATEMENT_STEPS: dict[tuple[StatementState, StatementStep], StatementState] = {
    (StatementState.OPEN, StatementStep.COLLECT): StatementState.OPEN,
    (StatementState.OPEN, StatementStep.PROPOSE): StatementState.PROPOSED,
    (StatementState.PROPOSED, StatementStep.APPROVE): StatementState.APPROVED,
    (StatementState.APPROVED, StatementStep.PAY): StatementState.PAYING,
    (StatementState.PAYING, StatementStep.MARK_PAID): StatementState.PAID,
    (StatementState.PAYING, StatementStep.FAIL): StatementState.FAILED,
    # The bank sent it back: the same frozen statement is paid again, its lines are never collected twice.
    (StatementState.FAILED, StatementStep.PAY): StatementState.PAYING,
    (StatementState.PAID, StatementStep.CLOSE): StatementState.CLOSED,
}


def payment_after(state: str, step: PaymentStep) -> PaymentState | None:
    return PAYMENT_STEPS.get((PaymentState(state), step))


def operation_after(state: str, step: OperationStep) -> OperationState | None:
    return OPERATION_STEPS.get((OperationState(state), step))


def statement_after(state: str, step: StatementStep) -> StatementState | None:
    return STATEMENT_STEPS.get((StatementState(state), step))
