"""What payments keeps about a person: told, in the way of a deletion, let go. The ledger stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import keeping
from accounts.keeping import Fate, Hindrance, Keeper, Row
from accounts.models import User
from payments import movements, preferences
from payments.models import AccountLimit, Payment, PaymentOperation
from payments.money import Money
from payments.presentation import money
from payments.states import AccountKind, PaymentState

MONEY_MOVES = (PaymentState.CAPTURING, PaymentState.RELEASING)


def tell(person: User) -> Iterator[tuple[str, Iterable[Row]]]:
    columns = (
        *("reference", "network__code", "method", "currency", "asked_minor", "authorised_minor", "captured_minor"),
        *("refunded_minor", "state", "reason", "created_at", "changed_at"),
    )
    yield "payments", Payment.objects.filter(payer=person).order_by("pk").values(*columns).iterator()
    yield "wallet_movements", _movements(person)
    yield (
        "wallet_orders",
        PaymentOperation.objects.filter(account__user=person)
        .order_by("pk")
        .values("account__network__code", "kind", "currency", "amount_minor", "state", "created_at"),
    )
    yield (
        "preferred_methods",
        person.preferred_methods.order_by("pk").values("network__code", "method", "chosen_at"),
    )


def hindrances(person: User) -> list[Hindrance]:
    found = []
    if Payment.objects.owed_by(fleet=None, payer=person).exists():
        found.append(Hindrance("unpaid_swap", _("A swap is not paid yet. Pay it first.")))
    operations = PaymentOperation.objects.under_way().filter(Q(payment__payer=person) | Q(account__user=person))
    if operations.exists() or Payment.objects.filter(payer=person, state__in=sorted(MONEY_MOVES)).exists():
        found.append(
            Hindrance("money_under_way", _("Money of yours is under way. That takes a minute; try again then."))
        )
    return found + [_money_left(limit) for limit in _wallets_with_money(person)]


def forget(person: User) -> None:
    preferences.forget_person(user=person)


def _movements(person: User) -> Iterator[Row]:
    for wallet in movements.wallets_of(person):
        for moved in movements.of_wallet(wallet):
            yield {
                "network": wallet.network.code,
                "kind": moved.kind,
                "amount_minor": moved.amount.amount_minor,
                "currency": moved.amount.currency,
                "at": moved.at,
                "booking": moved.reference,
            }


def _wallets_with_money(person: User) -> Iterable[AccountLimit]:
    return (
        AccountLimit.objects.select_related("account__network")
        .filter(account__user=person, account__kind=AccountKind.WALLET, balance_minor__gt=0)
        .order_by("account_id")
    )


def _money_left(limit: AccountLimit) -> Hindrance:
    amount = money(Money(limit.balance_minor, limit.account.currency))
    words = {"amount": amount, "network": limit.account.network.name}
    sentence = _(
        "%(amount)s are in your wallet of %(network)s. Use them up, or have them paid out at the counter of a staffed "
        "station or by the network's finance."
    )
    return Hindrance("money_left", sentence % words)


_BOOKS = "The books need it; it names a number that is nobody."
_WORK = "Work done for a network, not about the person."

FATES = {
    "payments.Payment.payer": Fate(told="payments", stays=_BOOKS),
    "payments.LedgerAccount.user": Fate(told="wallet_movements", stays=_BOOKS),
    "payments.PreferredMethod.user": Fate(told="preferred_methods"),
    "payments.PaymentOperation.by": Fate(untold=_WORK, stays=_BOOKS),
    "payments.Contract.by": Fate(untold=_WORK, stays=_BOOKS),
    "payments.Sale.split_by": Fate(untold=_WORK, stays=_BOOKS),
    "payments.Difference.settled_by": Fate(untold=_WORK, stays=_BOOKS),
    "payments.Statement.proposed_by": Fate(untold=_WORK, stays=_BOOKS),
    "payments.Statement.approved_by": Fate(untold=_WORK, stays=_BOOKS),
    "payments.Statement.paying_by": Fate(untold=_WORK, stays=_BOOKS),
    "payments.Statement.paid_by": Fate(untold=_WORK, stays=_BOOKS),
    "payments.Statement.closed_by": Fate(untold=_WORK, stays=_BOOKS),
}


def keep() -> None:
    keeping.register("payments", Keeper(tell=tell, hindrances=hindrances, forget=forget, fates=FATES))
