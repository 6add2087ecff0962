"""The ledger: one key, one posting; a hold resolved once; nobody beyond their limit; rows for ever."""

import contextlib
import threading
from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Network, Organisation, User
from payments import ledger, operations, queries
from payments.models import AccountLimit, LedgerAccount, Payment, Transfer
from payments.money import Money
from payments.states import AccountKind, TransferKind
from tests.factories import payments as money

EUR = "EUR"


def account(network: Network, kind: AccountKind, **owner: object) -> LedgerAccount:
    return ledger.account(network=network, kind=kind, currency=network.currency, **owner)  # type: ignore[arg-type]  # owners by name


@pytest.fixture
def asha(network: Network) -> User:
    return money.driver_with_wallet(network, 10_000, "Asha")


@pytest.fixture
def wallet(network: Network, asha: User) -> LedgerAccount:
    return account(network, AccountKind.WALLET, user=asha)


@pytest.fixture
def suspense(network: Network) -> LedgerAccount:
    return account(network, AccountKind.SUSPENSE)


@pytest.fixture
def payment(network: Network, asha: User) -> Payment:
    return money.opened(network, payer=asha)


def post(debit: LedgerAccount, credit: LedgerAccount, minor: int, key: str = "") -> Transfer:
    return ledger.post(
        debit=debit,
        credit=credit,
        amount=Money(minor, debit.currency),
        kind=TransferKind.COLLECT,
        key=key or uuid4().hex,
    )


def hold(debit: LedgerAccount, credit: LedgerAccount, minor: int, payment: Payment) -> Transfer:
    return ledger.hold(
        debit=debit, credit=credit, amount=Money(minor, debit.currency), key=uuid4().hex, payment=payment
    )


@pytest.mark.django_db
def test_one_key_posts_once(wallet: LedgerAccount, suspense: LedgerAccount) -> None:
    first = post(wallet, suspense, 9_000, "swap-1")

    again = post(wallet, suspense, 9_000, "swap-1")

    assert again.pk == first.pk
    assert ledger.balance(wallet) == Money(1_000, EUR)


@pytest.mark.django_db
def test_a_key_used_for_another_amount_is_a_mistake(wallet: LedgerAccount, suspense: LedgerAccount) -> None:
    post(wallet, suspense, 100, "swap-1")

    with pytest.raises(ledger.KeyUsedForAnotherTransfer):
        post(wallet, suspense, 200, "swap-1")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "again",
    [
        lambda held: ledger.keep(hold=held, amount=Money(1_000, EUR), key="second"),
        lambda held: ledger.let_go(hold=held, key="second"),
    ],
    ids=["kept again", "let go afterwards"],
)
def test_a_hold_is_resolved_once(
    wallet: LedgerAccount, suspense: LedgerAccount, payment: Payment, again: Callable[[Transfer], Transfer]
) -> None:
    held = hold(wallet, suspense, 3_000, payment)
    ledger.keep(hold=held, amount=Money(2_000, EUR), key="first")

    with pytest.raises(ledger.HoldAlreadyResolved):
        again(held)


@pytest.mark.django_db
def test_no_more_is_kept_than_was_held(wallet: LedgerAccount, suspense: LedgerAccount, payment: Payment) -> None:
    held = hold(wallet, suspense, 3_000, payment)

    with pytest.raises(IntegrityError, match="does not resolve the hold"), transaction.atomic():
        ledger.keep(hold=held, amount=Money(3_001, EUR), key="too much")


@pytest.mark.django_db
def test_a_credit_limit_is_not_lowered_below_what_is_in_use(network: Network) -> None:
    fleet = money.fleet_with_credit(network, 5_000)
    money.authorised(money.opened(network, fleet=fleet, minor=4_000))

    with pytest.raises(ledger.FleetLimitReached):
        ledger.set_credit_limit(fleet=fleet, limit=Money(3_999, EUR))


# --- What the database itself holds -------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payments_transfer SET amount_minor = 1",
        "DELETE FROM payments_transfer",
        "UPDATE payments_ledgeraccount SET currency = 'THB'",
    ],
)
def test_a_posted_row_is_neither_changed_nor_deleted(wallet: LedgerAccount, change: str) -> None:
    with (
        pytest.raises(IntegrityError, match="a mistake is answered by another row"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["payments_transfer", "payments_statementline"])
def test_the_ledger_cannot_be_truncated(wallet: LedgerAccount, table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        # The tests' database runs without this one trigger, so that tables can be emptied between tests.
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_no_truncate")

        with pytest.raises(IntegrityError, match=f"TRUNCATE of {table} is refused"), transaction.atomic():
            cursor.execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "attempt",
    [
        "ALTER TABLE payments_transfer DISABLE TRIGGER payments_transfer_forever",
        "ALTER TABLE payments_transfer DISABLE TRIGGER ALL",
        "DROP TRIGGER payments_transfer_forever ON payments_transfer",
        "TRUNCATE payments_transfer CASCADE",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION payments_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    ],
)
def test_the_applications_role_cannot_switch_the_protection_off(network: Network, attempt: str) -> None:
    parameters = connection.get_connection_params()
    with (
        psycopg.connect(
            host=parameters["host"], port=parameters.get("port"), dbname=parameters["dbname"], user="swapline"
        ) as as_application,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        as_application.execute(attempt)


@pytest.mark.django_db
def test_a_transfer_never_joins_two_currencies_or_two_networks(
    network: Network, wallet: LedgerAccount, suspense: LedgerAccount
) -> None:
    bangkok = money.network_with_operator("bangkok", "THB", "Asia/Bangkok")
    porto = money.network_with_operator("porto", "EUR")

    for other in (account(bangkok, AccountKind.SUSPENSE), account(porto, AccountKind.SUSPENSE)):
        with pytest.raises(IntegrityError, match="transfer_fits_its_credit_account"), transaction.atomic():
            post(wallet, other, 100)


@pytest.mark.django_db
@pytest.mark.parametrize(("minor", "constraint"), [(0, "amount_is_positive"), (-5, "amount_is_positive")])
def test_nothing_and_less_than_nothing_cannot_be_posted(
    suspense: LedgerAccount, network: Network, minor: int, constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        post(suspense, account(network, AccountKind.TAX), minor)


@pytest.mark.django_db
def test_the_database_refuses_to_spend_beyond_a_wallet_even_when_the_code_forgets_to_look(
    network: Network, wallet: LedgerAccount, suspense: LedgerAccount
) -> None:
    with pytest.raises(IntegrityError, match="nobody_spends_beyond_their_limit"), transaction.atomic():
        Transfer.objects.create(
            network=network,
            currency=EUR,
            debit=wallet,
            credit=suspense,
            amount_minor=10_001,
            kind=TransferKind.COLLECT,
            key="forgetful",
        )


@pytest.mark.django_db
def test_nobody_chooses_when_a_row_was_written(wallet: LedgerAccount, suspense: LedgerAccount) -> None:
    before = timezone.now()

    Transfer.objects.create(
        network=wallet.network,
        currency=EUR,
        debit=wallet,
        credit=suspense,
        amount_minor=1,
        kind=TransferKind.COLLECT,
        key="backdated",
        created_at=money.LONG_AGO,
    )

    assert Transfer.objects.get(key="backdated").created_at >= before


# --- Any sequence of postings -------------------------------------------------------------------------------

moves = st.lists(st.tuples(st.sampled_from(["hold", "keep", "let go", "post", "top up"]), st.integers(1, 6_000)))


@pytest.mark.django_db
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves)
def test_whatever_happens_to_a_wallet_books_balance_and_it_is_never_overdrawn(
    network: Network, asha: User, wallet: LedgerAccount, suspense: LedgerAccount, steps: list[tuple[str, int]]
) -> None:
    payment = money.opened(network, payer=asha)
    open_holds: list[Transfer] = []
    spent = ledger.balance(suspense).amount_minor

    for what, minor in steps:
        available = AccountLimit.objects.get(account=wallet).available_minor
        try:
            spent += _move(what, minor, wallet, suspense, payment, open_holds)
        except ledger.BalanceTooLow:
            assert minor > available

    limit = AccountLimit.objects.get(account=wallet)
    assert limit.balance_minor == ledger.balance(wallet).amount_minor
    assert limit.held_minor == sum(held.amount_minor for held in open_holds)
    assert limit.available_minor >= 0
    assert ledger.balance(suspense).amount_minor == spent
    for held in open_holds:
        ledger.let_go(hold=held, key=uuid4().hex)


def _move(
    what: str, minor: int, wallet: LedgerAccount, suspense: LedgerAccount, payment: Payment, holds: list[Transfer]
) -> int:
    """What has been spent by it."""
    if what == "hold":
        holds.append(hold(wallet, suspense, minor, payment))
    elif what == "post":
        post(wallet, suspense, minor)
        return minor
    elif what == "top up":
        post(account(wallet.network, AccountKind.CLEARING, method="bank"), wallet, minor)
    elif holds and what == "keep":
        held = holds.pop()
        return ledger.keep(hold=held, amount=Money(min(minor, held.amount_minor), EUR), key=uuid4().hex).amount_minor
    elif holds:
        ledger.let_go(hold=holds.pop(), key=uuid4().hex)
    return 0


# --- Two at once ----------------------------------------------------------------------------------------------


def _at_once(*acts: Callable[[], object]) -> None:
    def run(act: Callable[[], object]) -> None:
        try:
            act()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("nobody_is_nudged")
def test_two_bookings_at_once_cannot_spend_one_balance(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    asha = money.driver_with_wallet(network, 3_000, "Asha")
    payments = _two_phones(network, asha)
    _hold_the_gap_open(monkeypatch)

    _at_once(*[lambda payment=payment: operations.carry_out_for(payment) for payment in payments])

    states = sorted(Payment.objects.values_list("state", flat=True))
    assert states == ["authorised", "refused"]
    assert queries.wallet_available(user=asha, network=network) == Money(0, EUR)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("nobody_is_nudged")
def test_without_the_lock_on_the_limit_the_second_booking_fails_only_at_the_databases_last_line(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    asha = money.driver_with_wallet(network, 3_000, "Asha")
    payments = _two_phones(network, asha)
    failures: list[str] = []
    _hold_the_gap_open(monkeypatch, with_lock=False)

    def carry_out(payment: Payment) -> None:
        try:
            operations.carry_out_for(payment)
        except IntegrityError as error:
            failures.append(str(error))

    _at_once(*[lambda payment=payment: carry_out(payment) for payment in payments])

    assert len(failures) == 1
    assert "nobody_spends_beyond_their_limit" in failures[0]


def _two_phones(network: Network, driver: User) -> list[Payment]:
    # Opened before the race: who opens an account first holds up the other, and there would be no race.
    account(network, AccountKind.SUSPENSE)
    return [money.opened(network, payer=driver, minor=3_000) for _phone in range(2)]


def _hold_the_gap_open(monkeypatch: pytest.MonkeyPatch, *, with_lock: bool = True) -> None:
    """Between the look at the limit and the posting, wait until both are there; with the lock, they never are."""
    both = threading.Barrier(2)
    look = ledger.lock

    def slow_look(accounts: list[LedgerAccount]) -> list[AccountLimit]:
        limits = look(accounts) if with_lock else list(AccountLimit.objects.filter(account__in=accounts))
        if limits:
            with contextlib.suppress(threading.BrokenBarrierError):
                both.wait(0.5 if with_lock else 10)
        return limits

    monkeypatch.setattr(ledger, "lock", slow_look)


@pytest.mark.django_db
def test_an_account_is_opened_once(network: Network, canal: Organisation) -> None:
    first = account(network, AccountKind.PAYABLE, organisation=canal)

    assert account(network, AccountKind.PAYABLE, organisation=canal) == first
