"""What states, methods and refusals are called on screen."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PAYMENT_STATES: dict[str, Promise] = {
    "authorising": _("being authorised"),
    "authorised": _("authorised"),
    "refused": _("refused"),
    "capturing": _("being collected"),
    "captured": _("paid"),
    "releasing": _("being released"),
    "released": _("released"),
    "owed": _("owed"),
    "written_off": _("written off"),
}

STATEMENT_STATES: dict[str, Promise] = {
    "open": _("open"),
    "proposed": _("proposed"),
    "approved": _("approved"),
    "paying": _("being paid"),
    "paid": _("paid"),
    "failed": _("failed"),
    "closed": _("closed"),
}

METHODS: dict[str, Promise] = {
    "wallet": _("Wallet"),
    "account": _("On account"),
    "cash": _("Cash"),
}

OPERATIONS: dict[str, Promise] = {
    "authorise": _("authorise"),
    "capture": _("capture"),
    "collect": _("collect"),
    "release": _("release"),
    "refund": _("refund"),
    "top_up": _("top up"),
    "pay_out": _("pay out"),
}

TRANSFERS: dict[str, Promise] = {
    "hold": _("hold"),
    "capture": _("payment"),
    "collect": _("payment, collected later"),
    "release": _("hold released"),
    "tax": _("tax"),
    "share": _("share"),
    "refund": _("refund"),
    "tax_back": _("tax, given back"),
    "share_back": _("share, given back"),
    "top_up": _("top-up"),
    "pay_out": _("paid out"),
    "write_off": _("written off"),
    "settlement": _("settlement of a statement"),
    "difference": _("difference: a station failed, and its driver moved"),
    "compensation": _("compensation: a driver moved here at a lower price"),
    "difference_back": _("difference, given back"),
    "compensation_back": _("compensation, given back"),
}

ACCOUNTS: dict[str, Promise] = {
    "wallet": _("Wallet of %(owner)s"),
    "receivable": _("Owed by %(owner)s"),
    "payable": _("Owed to %(owner)s"),
    "cash": _("Cash at %(owner)s"),
    "tax": _("Tax"),
    "suspense": _("Suspense"),
    "operator": _("Operator"),
    "clearing": _("Clearing: %(owner)s"),
}

# The same sentence whoever asked first, a worker or a page, and in the language of whoever reads it.
REFUSALS: dict[str, Promise] = {
    "balance_too_low": _("There is not enough in the wallet."),
    "fleet_limit_reached": _("The fleet's credit limit is reached."),
    "written_off": _("The operator bears this swap."),
}


def refusal_sentence(code: str, otherwise: str) -> str:
    return str(REFUSALS.get(code, otherwise))
