"""Money as rows: payments and what is asked of their methods, the ledger, contracts, sales and statements."""

from __future__ import annotations

from datetime import datetime

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User
from payments.money import Money
from payments.states import (
    OPERATIONS_UNDER_WAY,
    POSTED_STAGES,
    AccountKind,
    OperationKind,
    OperationState,
    PaymentMode,
    PaymentState,
    StatementState,
    TransferKind,
    TransferStage,
)

BASIS_POINTS = 10_000
UNDER_WAY = sorted(OPERATIONS_UNDER_WAY)
APPROVED_OR_LATER = sorted(
    [
        StatementState.APPROVED,
        StatementState.PAYING,
        StatementState.PAID,
        StatementState.FAILED,
        StatementState.CLOSED,
    ]
)


class PaymentQuerySet(models.QuerySet["Payment"]):
    def owed(self) -> PaymentQuerySet:
        """A swap happened and its money is not here."""
        return self.filter(state=PaymentState.OWED)

    def owed_by(self, *, fleet: Organisation | None, payer: User | None) -> PaymentQuerySet:
        """What is on a fleet's account is the fleet's to pay, whoever drove; everything else is the payer's own."""
        if fleet is not None:
            return self.owed().filter(organisation=fleet, mode=PaymentMode.ACCOUNT)
        return self.owed().filter(payer=payer).exclude(mode=PaymentMode.ACCOUNT) if payer is not None else self.none()


class Payment(models.Model):
    """The money of one booking, from authorisation to refund. Written by `checkout` alone."""

    network = models.ForeignKey("accounts.Network", models.PROTECT, related_name="payments")
    reference = models.UUIDField(unique=True, help_text=_("The public id of the booking it pays for."))
    method = models.CharField(max_length=20)
    mode = models.CharField(max_length=10, choices=PaymentMode.choices())
    payer = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="payments")
    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, null=True, blank=True, related_name="payments"
    )
    currency = models.CharField(max_length=3)
    asked_minor = models.BigIntegerField(help_text=_("The most that it can cost."))
    authorised_minor = models.BigIntegerField(default=0)
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    state = models.CharField(max_length=20, choices=PaymentState.choices(), default=PaymentState.AUTHORISING)
    reason_code = models.CharField(max_length=60, blank=True, help_text=_("Why it was refused or let go."))
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    objects = PaymentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(asked_minor__gte=0, authorised_minor__gte=0, captured_minor__gte=0, refunded_minor__gte=0),
                name="payment_amounts_are_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__lte=F("captured_minor")), name="no_more_is_refunded_than_was_captured"
            ),
            models.CheckConstraint(
                condition=~Q(state=PaymentState.RELEASED) | Q(captured_minor=0), name="released_money_was_not_captured"
            ),
            models.CheckConstraint(
                condition=~Q(mode=PaymentMode.WALLET) | Q(payer__isnull=False), name="wallet_payment_has_a_payer"
            ),
            models.CheckConstraint(
                condition=~Q(mode=PaymentMode.ACCOUNT) | Q(organisation__isnull=False),
                name="account_payment_has_an_organisation",
            ),
        ]
        indexes = [
            models.Index(fields=["network", "changed_at"], name="payment_owed", condition=Q(state=PaymentState.OWED)),
            models.Index(fields=["payer", "network"], name="payment_owed_by_payer", condition=Q(state="owed")),
            models.Index(fields=["organisation"], name="payment_owed_by_fleet", condition=Q(state="owed")),
        ]

    def __str__(self) -> str:
        return f"{self.reference} · {self.state}"

    @property
    def asked(self) -> Money:
        return Money(self.asked_minor, self.currency)

    @property
    def authorised(self) -> Money:
        return Money(self.authorised_minor, self.currency)

    @property
    def captured(self) -> Money:
        return Money(self.captured_minor, self.currency)

    @property
    def refunded(self) -> Money:
        return Money(self.refunded_minor, self.currency)


class OperationQuerySet(models.QuerySet["PaymentOperation"]):
    def under_way(self) -> OperationQuerySet:
        return self.filter(state__in=UNDER_WAY)

    def due(self) -> OperationQuerySet:
        """To be carried out now, by the database's clock. A call that never came back is due when its lease ends."""
        return self.under_way().filter(due_at__lte=Now())


class PaymentOperation(models.Model):
    """An intention: what is to be asked of a method, under which key, and what came of it. Written by `operations`."""

    network = models.ForeignKey("accounts.Network", models.PROTECT, related_name="+")
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, blank=True, related_name="operations")
    account = models.ForeignKey(
        "LedgerAccount", models.PROTECT, null=True, blank=True, related_name="+", help_text=_("The wallet.")
    )
    kind = models.CharField(max_length=20, choices=OperationKind.choices())
    attempt = models.PositiveSmallIntegerField(default=1)
    key = models.CharField(max_length=80, help_text=_("What makes asking twice the same as asking once."))
    method = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    state = models.CharField(max_length=20, choices=OperationState.choices(), default=OperationState.PLANNED)
    due_at = models.DateTimeField(db_default=Now(), null=True, blank=True)
    calls = models.PositiveIntegerField(default=0)
    first_called_at = models.DateTimeField(null=True, blank=True)
    needs_person = models.BooleanField(default=False, help_text=_("No longer retried: somebody has to look at it."))
    result = models.JSONField(default=dict, blank=True)
    by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = OperationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], name="one_operation_per_key"),
            models.UniqueConstraint(
                fields=["payment", "kind"],
                condition=Q(state__in=UNDER_WAY),
                name="one_operation_of_a_kind_under_way_per_payment",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="operation_amount_is_not_negative"),
            models.CheckConstraint(
                condition=Q(payment__isnull=False, account__isnull=True, kind__in=["authorise", "capture", "collect"])
                | Q(payment__isnull=False, account__isnull=True, kind__in=["refund", "release"])
                | Q(payment__isnull=True, account__isnull=False, kind__in=["pay_out", "top_up"]),
                name="operation_is_for_a_payment_or_a_wallet",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=UNDER_WAY) | Q(due_at__isnull=False) | Q(needs_person=True),
                name="operation_under_way_has_a_due_time_or_a_person",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="operation_under_way_by_due", condition=Q(state__in=UNDER_WAY)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} · {self.key} · {self.state}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class PreferredMethod(models.Model):
    """What a driver pays with first in a network. Written by `preferences` alone."""

    network = models.ForeignKey("accounts.Network", models.CASCADE, related_name="+")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="preferred_methods")
    method = models.CharField(max_length=20)
    chosen_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "network"], name="one_preferred_method_per_network")]

    def __str__(self) -> str:
        return f"{self.user} · {self.network} · {self.method}"


class LedgerAccount(models.Model):
    """Where money is counted. Opened by `ledger`, never changed. Balances are sums of transfers."""

    network = models.ForeignKey("accounts.Network", models.PROTECT, related_name="ledger_accounts")
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=20, choices=AccountKind.choices())
    user = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="ledger_accounts")
    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, null=True, blank=True, related_name="ledger_accounts"
    )
    method = models.CharField(max_length=20, blank=True, help_text=_("Clearing accounts: with which provider."))
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["network", "currency", "kind", "user", "organisation", "method"],
                nulls_distinct=False,
                name="one_ledger_account_per_purpose",
            ),
            # What transfers refer to: a transfer can only join accounts of its own currency and network.
            models.UniqueConstraint(fields=["id", "currency", "network"], name="ledger_account_identity"),
            models.CheckConstraint(
                condition=Q(kind=AccountKind.WALLET, user__isnull=False, organisation__isnull=True)
                | Q(kind__in=["cash", "payable", "receivable"], user__isnull=True, organisation__isnull=False)
                | Q(kind__in=["clearing", "operator", "suspense", "tax"], user__isnull=True, organisation__isnull=True),
                name="ledger_account_has_the_owner_of_its_kind",
            ),
        ]

    def __str__(self) -> str:
        owner = self.user or self.organisation or self.method or self.network
        return f"{self.kind} · {owner} · {self.currency}"


class AccountLimit(models.Model):
    """The row that is locked before a wallet or a fleet's credit is drawn on.

    The balances are kept by a trigger on transfers, seen from the holder: what they have less what they spent.
    """

    account = models.OneToOneField(LedgerAccount, models.PROTECT, primary_key=True, related_name="limit")
    credit_limit_minor = models.BigIntegerField(default=0)
    balance_minor = models.BigIntegerField(default=0)
    held_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(balance_minor__gte=F("held_minor") - F("credit_limit_minor")),
                name="nobody_spends_beyond_their_limit",
            ),
            models.CheckConstraint(condition=Q(held_minor__gte=0), name="holds_are_not_negative"),
            models.CheckConstraint(condition=Q(credit_limit_minor__gte=0), name="credit_limit_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.account} · {self.available_minor}"

    @property
    def available_minor(self) -> int:
        return self.balance_minor + self.credit_limit_minor - self.held_minor


class TransferQuerySet(models.QuerySet["Transfer"]):
    def posted(self) -> TransferQuerySet:
        """Money that has moved; a hold has not."""
        return self.filter(stage__in=sorted(POSTED_STAGES))


class Transfer(models.Model):
    """An amount from one account to another. Never changed; a mistake is answered by another row."""

    network = models.ForeignKey("accounts.Network", models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    # The database holds these two by (id, currency, network) instead: see migration 0002.
    debit = models.ForeignKey(LedgerAccount, models.PROTECT, related_name="debits", db_constraint=False)
    credit = models.ForeignKey(LedgerAccount, models.PROTECT, related_name="credits", db_constraint=False)
    amount_minor = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=TransferKind.choices())
    stage = models.CharField(max_length=10, choices=TransferStage.choices(), default=TransferStage.SINGLE)
    pending = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="resolutions")
    key = models.CharField(max_length=120)
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, blank=True, related_name="transfers")
    sale = models.ForeignKey("Sale", models.PROTECT, null=True, blank=True, related_name="transfers")
    statement = models.ForeignKey("Statement", models.PROTECT, null=True, blank=True, related_name="settlements")
    effective_at = models.DateTimeField(db_default=Now(), help_text=_("The period it belongs to."))
    created_at = models.DateTimeField(db_default=Now())

    objects = TransferQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], name="one_posting_per_key"),
            models.UniqueConstraint(
                fields=["pending"], condition=Q(pending__isnull=False), name="one_resolution_per_hold"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="transfer_amount_is_positive"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="transfer_joins_two_accounts"),
            models.CheckConstraint(
                condition=Q(stage__in=["post", "void"], pending__isnull=False)
                | Q(stage__in=["pending", "single"], pending__isnull=True),
                name="only_a_resolution_names_a_hold",
            ),
        ]
        indexes = [
            models.Index(fields=["debit", "effective_at"], name="transfer_by_debit"),
            models.Index(fields=["credit", "effective_at"], name="transfer_by_credit"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} · {self.amount_minor} {self.currency}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class ContractQuerySet(models.QuerySet["Contract"]):
    def valid_at(self, instant: datetime) -> ContractQuerySet:
        return self.filter(Q(valid_until=None) | Q(valid_until__gt=instant), valid_from__lte=instant)

    def that_counts(
        self, *, network_id: int, station_owner_id: int, pack_owner_id: int | None, at: datetime
    ) -> Contract | None:
        """For a swap at this instant: a pack owner's own before the one for the packs of everybody."""
        found = self.valid_at(at).filter(network=network_id, station_owner=station_owner_id)
        fits = found.filter(Q(pack_owner=pack_owner_id) | Q(pack_owner=None))
        return fits.order_by(F("pack_owner").asc(nulls_last=True)).first()


class Bearer(models.TextChoices):
    """Who makes up the difference when a driver had to move because a station failed (rule 7)."""

    OWNER = "owner", _("the owner of the station that failed")
    OPERATOR = "operator", _("the operator")


class Contract(models.Model):
    """How the net of a swap is shared. A change is a new version: the old one ends, the new one begins."""

    network = models.ForeignKey("accounts.Network", models.PROTECT, related_name="contracts")
    station_owner = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="contracts_as_station_owner"
    )
    pack_owner = models.ForeignKey(
        "accounts.Organisation",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="contracts_as_pack_owner",
        help_text=_("Empty: for the packs of every owner that has no contract of its own here."),
    )
    version = models.PositiveIntegerField(default=1)
    station_owner_bp = models.PositiveIntegerField()
    pack_owner_bp = models.PositiveIntegerField()
    operator_bp = models.PositiveIntegerField()
    difference_bearer = models.CharField(
        max_length=10,
        choices=Bearer.choices,
        default=Bearer.OWNER,
        help_text=_(
            "Who makes up the difference when a station of this owner fails and its driver swaps at a dearer one."
        ),
    )
    time_zone = models.CharField(max_length=40)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    objects = ContractQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["network", "station_owner", "pack_owner", "version"],
                nulls_distinct=False,
                name="one_contract_per_version",
            ),
            models.CheckConstraint(
                condition=Q(station_owner_bp=BASIS_POINTS - F("pack_owner_bp") - F("operator_bp")),
                name="contract_shares_sum_to_10000",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="contract_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        shares = " / ".join(f"{bp / 100:g}" for bp in (self.station_owner_bp, self.pack_owner_bp, self.operator_bp))
        packs = self.pack_owner or _("packs of every owner")
        return f"{self.station_owner} · {packs} · v{self.version} ({shares} %)"


class Sale(models.Model):
    """A finished swap as money sees it. Written by `checkout`; `split_at` by `settlement`."""

    network = models.ForeignKey("accounts.Network", models.PROTECT, related_name="sales")
    reference = models.UUIDField(unique=True, help_text=_("The public id of the booking that was completed."))
    payment = models.OneToOneField(Payment, models.PROTECT, related_name="sale")
    currency = models.CharField(max_length=3)
    gross_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    tax_rate_bp = models.PositiveIntegerField(validators=[MaxValueValidator(BASIS_POINTS)])
    station_owner = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="sales")
    description = models.CharField(max_length=200, blank=True)
    swapped_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True, help_text=_("When all of it was here."))
    split_at = models.DateTimeField(null=True, blank=True, help_text=_("Empty while its net waits in suspense."))
    split_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, blank=True, related_name="+", help_text=_("Who ended its suspense.")
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(gross_minor=F("tax_minor") + F("net_minor")), name="sale_adds_up"),
            models.CheckConstraint(
                condition=Q(gross_minor__gte=0, tax_minor__gte=0, net_minor__gte=0), name="sale_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(split_at__isnull=True) | Q(paid_at__isnull=False), name="only_paid_sales_are_split"
            ),
        ]
        indexes = [
            models.Index(fields=["network", "swapped_at"], name="sale_by_network"),
            models.Index(
                fields=["network", "swapped_at"],
                name="sale_in_suspense",
                condition=Q(paid_at__isnull=False, split_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} · {self.gross_minor} {self.currency}"

    @property
    def gross(self) -> Money:
        return Money(self.gross_minor, self.currency)


class SalePart(models.Model):
    """One pack that went out: whose it was, and its weight in the split. Its contract is set when the net is split."""

    sale = models.ForeignKey(Sale, models.PROTECT, related_name="parts")
    index = models.PositiveSmallIntegerField()
    pack_owner = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    energy_wh = models.PositiveIntegerField()
    contract = models.ForeignKey(Contract, models.PROTECT, null=True, blank=True, related_name="parts")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sale", "index"], name="one_part_per_index")]

    def __str__(self) -> str:
        return f"{self.sale_id}/{self.index} · {self.pack_owner}"


class DifferenceQuerySet(models.QuerySet["Difference"]):
    def waiting(self) -> DifferenceQuerySet:
        """The swap is paid and shared, and no contract says who bears its difference."""
        return self.filter(settled_at=None, sale__split_at__isnull=False)


class Difference(models.Model):
    """What a sale's parties have less because its driver moved there from a station that failed (rule 7).

    `amount_minor` is without tax. Written by `differences` alone; it is posted once a contract says who bears it.
    """

    sale = models.OneToOneField(Sale, models.PROTECT, related_name="difference")
    failed_owner = models.ForeignKey(Organisation, models.PROTECT, related_name="differences")
    failed_station = models.CharField(max_length=200)
    full_gross_minor = models.BigIntegerField(help_text=_("What the swap comes to by the price of its own station."))
    amount_minor = models.BigIntegerField()
    contract = models.ForeignKey(Contract, models.PROTECT, null=True, blank=True, related_name="differences")
    settled_at = models.DateTimeField(null=True, blank=True, help_text=_("Empty until a contract says who bears it."))
    settled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", help_text=_("Who ended its wait.")
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = DifferenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="difference_is_positive"),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, contract__isnull=True)
                | Q(settled_at__isnull=False, contract__isnull=False),
                name="settled_difference_names_its_contract",
            ),
        ]
        indexes = [models.Index(fields=["sale"], name="difference_waiting", condition=Q(settled_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.failed_station} · {self.amount_minor}"

    @property
    def full(self) -> Money:
        return Money(self.full_gross_minor, self.sale.currency)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.sale.currency)


class Statement(models.Model):
    """What one party is owed (or owes, below zero) for one currency up to a cut-off. Written by `settlement` alone."""

    network = models.ForeignKey("accounts.Network", models.PROTECT, related_name="statements")
    party = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="statements")
    currency = models.CharField(max_length=3)
    period_start = models.DateField()
    period_end = models.DateField(help_text=_("The first day that no longer belongs to it."))
    time_zone = models.CharField(max_length=40)
    cut_off_at = models.DateTimeField()
    state = models.CharField(max_length=20, choices=StatementState.choices(), default=StatementState.OPEN)
    total_minor = models.BigIntegerField(default=0)
    line_count = models.PositiveIntegerField(default=0)
    lines_sha256 = models.CharField(max_length=64, blank=True)
    proposed_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    proposed_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    paying_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    paying_at = models.DateTimeField(null=True, blank=True)
    paid_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    paid_at = models.DateTimeField(null=True, blank=True)
    paid_reference = models.CharField(max_length=80, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=300, blank=True)
    closed_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["party", "currency", "period_end"], name="one_statement_per_period"),
            models.CheckConstraint(
                condition=Q(period_start__lt=F("period_end")), name="statement_period_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("proposed_by")),
                name="statement_is_approved_by_another_person",
            ),
            models.CheckConstraint(
                condition=Q(state=StatementState.OPEN)
                | Q(proposed_by__isnull=False, proposed_at__isnull=False, lines_sha256__gt=""),
                name="statement_beyond_open_was_proposed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=APPROVED_OR_LATER) | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="statement_to_be_paid_was_approved",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["closed", "paid"]) | Q(paid_at__isnull=False, paid_reference__gt=""),
                name="paid_statement_has_a_reference",
            ),
        ]
        indexes = [models.Index(fields=["network", "state"], name="statement_by_state")]

    def __str__(self) -> str:
        return f"{self.party} · {self.currency} · {self.period_start} – {self.period_end}"

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)


class StatementLine(models.Model):
    """One transfer on one statement, as it counts for the party: above zero is owed to them. Frozen once proposed."""

    statement = models.ForeignKey(Statement, models.PROTECT, related_name="lines")
    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["transfer"], name="one_statement_per_transfer")]

    def __str__(self) -> str:
        return f"{self.statement_id} · {self.transfer_id} · {self.amount_minor}"
