"""What finance sees: statements and each of their steps, a swap as money sees it, what waits, revenue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from django.urls import reverse

from accounts.models import Organisation, User
from payments import checkout, operations, settlement
from payments.models import Bearer, PaymentOperation, Sale, Statement
from payments.money import Money
from payments.states import StatementState
from payments.views import statements
from tests.factories import payments as money
from tests.factories.accounts import MembershipFactory
from tests.gallery.showing import Gallery, Seen
from tests.gallery.towns import completed, town

GALLERY = Gallery()


def _finance(page: str) -> Seen:
    place = town()
    completed(place)
    return Seen(f"/finance/{page}", money.finance_of(place.station.network, "Fatima"))


@GALLERY.shows("payments:statements")
def finance_statements() -> Seen:
    return _finance("")


@GALLERY.shows("payments:suspense")
def finance_suspense() -> Seen:
    return _finance("suspense/")


@GALLERY.shows("payments:revenue")
def finance_revenue() -> Seen:
    return _finance("revenue/")


class Books:
    """A network whose finance people are Fatima, who proposes, and Gonçalo, who approves."""

    def __init__(self) -> None:
        self.network = money.network_with_operator()
        self.canal: Organisation = money.party(self.network, "Canal Street")
        self.bank: Organisation = money.party(self.network, "Battery Bank")
        self.fatima: User = money.finance_of(self.network, "Fatima")
        self.goncalo: User = money.finance_of(self.network, "Gonçalo")

    def sells(self, minor: int = 2_460, month: int = 10) -> Sale:
        swapped_at = datetime(2026, month, 14, 9, 30, tzinfo=UTC)
        return money.paid_sale(self.network, self.canal, self.bank, minor=minor, swapped_at=swapped_at)

    def split_sale(self) -> Sale:
        money.contract_for(self.canal)
        return self.sells()

    def sale_after_a_move(self, bearer: Bearer | None = Bearer.OWNER) -> Sale:
        """Its driver came from a station that failed, at a lower price. Without a bearer its difference waits."""
        rossio = money.party(self.network, "Rossio Lda")
        money.contract_for(self.canal)
        if bearer is not None:
            money.contract_for(rossio, bearer=bearer)
        moved = money.moved_from(rossio, full_minor=3_690)
        return money.paid_sale(self.network, self.canal, self.bank, moved=moved)

    def sale_whose_difference_waits(self) -> Sale:
        sale = self.sale_after_a_move(None)
        money.contract_for(sale.difference.failed_owner, valid_from=datetime(2026, 11, 1, tzinfo=UTC))
        return sale

    def statement_of_a_station_that_failed(self) -> Statement:
        sale = self.sale_after_a_move()
        settlement.open_statements(network=self.network, until=date(2026, 11, 1), by=self.fatima)
        return Statement.objects.get(party=sale.difference.failed_owner)

    def owed_sale(self) -> Sale:
        bala = money.driver_with_wallet(self.network, 2_000, "Bala")
        held = money.authorised(money.opened(self.network, payer=bala, minor=2_000))
        return money.captured(held, money.terms(self.canal, self.bank)).sale

    def statement(self) -> Statement:
        self.split_sale()
        settlement.open_statements(network=self.network, until=date(2026, 11, 1), by=self.fatima)
        return Statement.objects.get(party=self.canal)

    def proposed(self) -> Statement:
        return settlement.propose(statement=self.statement(), by=self.fatima)

    def being_paid(self) -> Statement:
        approved = settlement.approve(statement=self.proposed(), by=self.goncalo)
        return settlement.pay(statement=approved, by=self.fatima)

    def paid(self) -> Statement:
        return settlement.mark_paid(statement=self.being_paid(), by=self.fatima, reference="SEPA 7")


def _statement_when(come: Callable[[Books], Statement]) -> Callable[[], Seen]:
    def arrange() -> Seen:
        books = Books()
        return Seen(reverse("payments:statement", args=[come(books).pk]), books.goncalo)

    return arrange


def _statements_when(state: StatementState, come: Callable[[Books], Statement]) -> Callable[[], Seen]:
    def arrange() -> Seen:
        books = Books()
        come(books)
        return Seen(f"/finance/?state={state}", books.goncalo)

    return arrange


def _asks(step: str, come: Callable[[Books], Statement]) -> Callable[[], Seen]:
    def arrange() -> Seen:
        books = Books()
        return Seen(reverse("payments:statement_step", args=[come(books).pk, step]), books.goncalo)

    return arrange


# How far a statement has come when finance takes this step. A step that is not here has no screen, and fails.
_BEFORE: dict[str, Callable[[Books], Statement]] = {
    "collect": Books.statement,
    "propose": Books.statement,
    "approve": Books.proposed,
    "pay": Books.proposed,
    "mark_paid": Books.being_paid,
    "fail": Books.being_paid,
    "close": Books.paid,
}
for _step in statements.QUESTIONS:
    GALLERY.hang(f"finance_asks_{_step}", "payments:statement_step", _asks(_step, _BEFORE[_step]))
for _come in (
    Books.statement,
    Books.statement_of_a_station_that_failed,
    Books.proposed,
    Books.being_paid,
    Books.paid,
):
    GALLERY.hang(f"finance_statement_{_come.__name__}", "payments:statement", _statement_when(_come))
GALLERY.hang(
    "finance_statements_proposed",
    "payments:statements",
    _statements_when(StatementState.PROPOSED, Books.proposed),
)
GALLERY.hang("finance_statements_paid", "payments:statements", _statements_when(StatementState.PAID, Books.paid))


@GALLERY.shows("payments:statement")
def finance_statement_failed() -> Seen:
    books = Books()
    failed = settlement.fail(statement=books.being_paid(), by=books.fatima, reason="The account at the bank is closed.")
    return Seen(reverse("payments:statement", args=[failed.pk]), books.goncalo)


# --- One swap ---


def _sale_when(page: str, come: Callable[[Books], Sale]) -> Callable[[], Seen]:
    def arrange() -> Seen:
        books = Books()
        return Seen(reverse(page, args=[come(books).reference]), books.fatima)

    return arrange


for _sale in (
    Books.sells,
    Books.split_sale,
    Books.sale_after_a_move,
    Books.sale_whose_difference_waits,
    Books.owed_sale,
):
    GALLERY.hang(f"finance_swap_{_sale.__name__}", "payments:sale", _sale_when("payments:sale", _sale))
for _name, _sale in (("refund", Books.split_sale), ("collect", Books.owed_sale), ("write_off", Books.owed_sale)):
    GALLERY.hang(f"finance_asks_of_swap_{_name}", f"payments:{_name}", _sale_when(f"payments:{_name}", _sale))


@GALLERY.shows("payments:sale")
def finance_swap_refunded() -> Seen:
    books = Books()
    sale = books.split_sale()
    checkout.refund(payment=sale.payment, amount=Money(1_000, "EUR"), by=books.fatima, reason="The pack was weak.")
    operations.carry_out_for(sale.payment)
    return Seen(reverse("payments:sale", args=[sale.reference]), books.fatima)


@GALLERY.shows("payments:assign")
def finance_asks_of_swap_assign() -> Seen:
    books = Books()
    sale = books.sells(month=9)
    money.contract_for(books.canal, valid_from=datetime(2026, 10, 1, tzinfo=UTC))
    return Seen(reverse("payments:assign", args=[sale.reference]), books.fatima)


@GALLERY.shows("payments:sale")
def finance_swap_after_a_move_refunded() -> Seen:
    books = Books()
    sale = books.sale_after_a_move(Bearer.OPERATOR)
    checkout.refund(payment=sale.payment, amount=Money(1_000, "EUR"), by=books.fatima, reason="The pack was weak.")
    operations.carry_out_for(sale.payment)
    return Seen(reverse("payments:sale", args=[sale.reference]), books.fatima)


@GALLERY.shows("payments:assign")
def finance_asks_of_swap_who_bears_its_difference() -> Seen:
    books = Books()
    sale = books.sale_whose_difference_waits()
    return Seen(reverse("payments:assign", args=[sale.reference]), books.fatima)


# --- All of them ---


@GALLERY.shows("payments:suspense")
def finance_suspense_of_every_kind() -> Seen:
    books = Books()
    books.sells(month=9)
    books.sale_whose_difference_waits()
    books.owed_sale()
    stuck = money.opened(books.network, payer=money.driver_with_wallet(books.network, name="Chitra"))
    PaymentOperation.objects.filter(payment=stuck).update(state="unknown", due_at=None, needs_person=True)
    return Seen("/finance/suspense/", books.fatima)


@GALLERY.shows("payments:revenue")
def finance_revenue_of_two_currencies() -> Seen:
    books = Books()
    money.contract_for(books.canal)
    for month, minor in enumerate((12_300, 8_610, 17_220, 24_600, 20_910), start=6):
        books.sells(minor, month)
    bangkok = money.network_with_operator("bangkok", "THB", "Asia/Bangkok")
    MembershipFactory(user=books.fatima, organisation=bangkok.organisations.get(), role="finance")
    silom = money.party(bangkok, "Silom")
    money.paid_sale(bangkok, silom, silom, minor=50_000)
    return Seen("/finance/revenue/", books.fatima)
