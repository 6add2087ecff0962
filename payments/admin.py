"""The back office of money: rows are read here, and changed through their writers alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline

from accounts import access
from accounts.back_office import OperatorAdmin, ReadOnly
from accounts.models import Organisation, User
from accounts.refusals import Refusal
from payments import contracts, ledger, presentation, settlement, wallet
from payments.models import (
    AccountLimit,
    Bearer,
    Contract,
    Difference,
    LedgerAccount,
    Payment,
    PaymentOperation,
    Sale,
    SalePart,
    Statement,
    Transfer,
)
from payments.money import EXPONENTS, Money
from payments.splitting import BASIS_POINTS, Shares
from payments.states import AccountKind


class Rows(ReadOnly, TabularInline):  # type: ignore[misc]  # unfold ships no types
    """Rows of a writer, below what they belong to."""

    extra = 0
    show_change_link = True

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class OperationRows(Rows):
    model = PaymentOperation
    fields = readonly_fields = ("kind", "attempt", "state", "amount_minor", "currency", "due_at", "calls", "result")


class PaymentTransferRows(Rows):
    model = Transfer
    fk_name = "payment"
    fields = readonly_fields = ("kind", "stage", "debit", "credit", "amount_minor", "currency", "effective_at")


class PartRows(Rows):
    model = SalePart
    fields = readonly_fields = ("index", "pack_owner", "energy_wh", "contract")


class DifferenceRows(Rows):
    model = Difference
    fields = readonly_fields = (
        "failed_station",
        "failed_owner",
        "amount_minor",
        "contract",
        "settled_at",
        "settled_by",
    )


@admin.register(Payment)
class PaymentAdmin(ReadOnly, OperatorAdmin):
    list_display = ("reference", "network", "method", "state", "payer", "organisation", "captured_amount", "created_at")
    list_filter = ("state", "method", "network")
    search_fields = ("reference",)
    ordering = ("-created_at",)
    list_select_related = ("network", "payer", "organisation")
    inlines = (OperationRows, PaymentTransferRows)

    @admin.display(description=gettext_lazy("captured"), ordering="captured_minor")
    def captured_amount(self, payment: Payment) -> str:
        return presentation.money(payment.captured)


@admin.register(PaymentOperation)
class OperationAdmin(ReadOnly, OperatorAdmin):
    list_display = ("key", "kind", "state", "method", "amount_minor", "currency", "due_at", "calls", "needs_person")
    list_filter = ("state", "kind", "method", "needs_person", "network")
    search_fields = ("key",)
    ordering = ("-created_at",)


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ReadOnly, OperatorAdmin):
    list_display = ("__str__", "kind", "network", "currency")
    list_filter = ("kind", "currency", "network")
    list_select_related = ("network", "user", "organisation")
    fields = ("network", "kind", "currency", "user", "organisation", "method", "balance", "created_at")
    readonly_fields = ("balance",)

    @admin.display(description=gettext_lazy("balance, credits less debits"))
    def balance(self, account: LedgerAccount) -> str:
        return presentation.money(ledger.balance(account))


@admin.register(Transfer)
class TransferAdmin(ReadOnly, OperatorAdmin):
    list_display = ("key", "kind", "stage", "debit", "credit", "amount_minor", "currency", "effective_at")
    list_filter = ("kind", "stage", "currency", "network")
    search_fields = ("key",)
    ordering = ("-id",)
    list_select_related = ("debit__user", "debit__organisation", "credit__user", "credit__organisation", "network")


@admin.register(Sale)
class SaleAdmin(ReadOnly, OperatorAdmin):
    list_display = ("reference", "network", "station_owner", "gross_amount", "swapped_at", "paid_at", "split_at")
    list_filter = ("network", "currency")
    search_fields = ("reference",)
    ordering = ("-swapped_at",)
    list_select_related = ("network", "station_owner")
    inlines = (PartRows, DifferenceRows)

    @admin.display(description=gettext_lazy("price with tax"), ordering="gross_minor")
    def gross_amount(self, sale: Sale) -> str:
        return presentation.money(sale.gross)


@admin.register(Statement)
class StatementAdmin(ReadOnly, OperatorAdmin):
    """Steps are taken by finance; the writer refuses everybody else, superusers included."""

    list_display = ("__str__", "network", "state", "amount", "line_count", "proposed_by", "approved_by")
    list_filter = ("state", "currency", "network")
    ordering = ("-period_end",)
    list_select_related = ("network", "party", "proposed_by", "approved_by")
    actions = ("propose", "approve")

    @admin.display(description=gettext_lazy("amount"), ordering="total_minor")
    def amount(self, statement: Statement) -> str:
        return presentation.money(statement.total)

    @admin.action(description=gettext_lazy("Propose"))
    def propose(self, request: HttpRequest, statements: QuerySet[Statement]) -> None:
        self._each(request, statements, settlement.propose)

    @admin.action(description=gettext_lazy("Approve, as another person"))
    def approve(self, request: HttpRequest, statements: QuerySet[Statement]) -> None:
        self._each(request, statements, settlement.approve)

    def _each(self, request: HttpRequest, statements: QuerySet[Statement], step: Any) -> None:
        for statement in statements:
            try:
                step(statement=statement, by=_person(request))
            except Refusal as refusal:
                self.message_user(request, f"{statement}: {refusal.sentence}", messages.ERROR)


class ContractForm(forms.ModelForm):  # type: ignore[type-arg]  # takes its argument in the stubs alone
    class Meta:
        model = Contract
        fields = (
            "station_owner",
            "pack_owner",
            "station_owner_bp",
            "pack_owner_bp",
            "operator_bp",
            "difference_bearer",
            "time_zone",
            "valid_from",
        )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        shares = [typed.get(name) for name in ("station_owner_bp", "pack_owner_bp", "operator_bp")]
        if None not in shares and sum(cast(list[int], shares)) != BASIS_POINTS:
            raise forms.ValidationError(_("The three shares sum to 10,000 basis points."))
        station_owner, pack_owner = typed.get("station_owner"), typed.get("pack_owner")
        if station_owner and pack_owner and station_owner.network_id != pack_owner.network_id:
            raise forms.ValidationError(_("Both parties belong to one network."))
        return typed


class EndForm(forms.ModelForm):  # type: ignore[type-arg]  # takes its argument in the stubs alone
    valid_until = forms.SplitDateTimeField(
        label=gettext_lazy("Valid until"),
        widget=AdminSplitDateTime(),
        help_text=gettext_lazy("From then on it is over."),
    )

    class Meta:
        model = Contract
        fields = ("valid_until",)


@admin.register(Contract)
class ContractAdmin(OperatorAdmin):
    """A new row is a new version, which ends the one before; a row that exists can only be given an end."""

    list_display = ("__str__", "network", "difference_bearer", "valid_from", "valid_until")
    list_filter = ("difference_bearer", "network")
    ordering = ("station_owner", "pack_owner", "-version")
    list_select_related = ("network", "station_owner", "pack_owner")

    def get_form(self, request: HttpRequest, obj: Contract | None = None, **kwargs: Any) -> Any:
        return super().get_form(request, obj, form=EndForm if obj else ContractForm, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Contract | None = None) -> tuple[str, ...]:
        agreed = ContractForm.Meta.fields
        return (*agreed, "version", "by", "valid_until") if obj else agreed

    def get_readonly_fields(self, request: HttpRequest, obj: Contract | None = None) -> tuple[str, ...]:
        return (*ContractForm.Meta.fields, "version", "by") if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.remote_field.model is Organisation:
            kwargs["queryset"] = _own_organisations(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Contract, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        typed = form.cleaned_data
        if change:
            contracts.end(contract=obj, at=typed["valid_until"])
            return
        agreed = contracts.agree(
            station_owner=typed["station_owner"],
            pack_owner=typed["pack_owner"],
            shares=Shares(typed["station_owner_bp"], typed["pack_owner_bp"], typed["operator_bp"]),
            time_zone=typed["time_zone"],
            valid_from=typed["valid_from"],
            by=_person(request),
            difference_bearer=Bearer(typed["difference_bearer"]),
        )
        obj.pk = agreed.pk


class LimitForm(forms.ModelForm):  # type: ignore[type-arg]  # takes its argument in the stubs alone
    """A fleet's limit is set; a wallet is topped up, or paid out. In major units, as a person says it."""

    amount = forms.DecimalField(
        label=gettext_lazy("Limit, top-up or pay-out"), min_value=Decimal(0), max_value=Decimal(10) ** 9
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)

    class Meta:
        model = AccountLimit
        fields = ()


class SentAlready(Refusal):
    """The form was sent twice, by two quick clicks for example: money moves once."""

    code = "sent_already"


class WalletForm(LimitForm):
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    pay_out = forms.BooleanField(
        label=gettext_lazy("Pay this amount out of the wallet"),
        required=False,
        help_text=gettext_lazy("Only when the person has the money in hand, or the bank has been told."),
    )


class OpenCreditForm(LimitForm):
    fleet = forms.ModelChoiceField(label=gettext_lazy("Fleet"), queryset=Organisation.objects.none())
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), choices=[(code, code) for code in sorted(EXPONENTS)])
    field_order = ("fleet", "currency", "amount", "reason")


@admin.register(AccountLimit)
class AccountLimitAdmin(OperatorAdmin):
    """Wallets and fleets on account: what they have, what is held, what they may still spend."""

    network_path = "account__network"
    list_display = ("account", "balance_minor", "held_minor", "credit_limit_minor", "available_minor")
    list_filter = ("account__kind", "account__network", "account__currency")
    list_select_related = ("account__user", "account__organisation", "account__network")
    search_fields = ("account__user__name", "account__user__phone", "account__organisation__name")
    readonly_fields = ("account", "balance_minor", "held_minor", "credit_limit_minor", "available_minor")

    def get_form(self, request: HttpRequest, obj: AccountLimit | None = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, form=_form_for(obj), **kwargs)
        if obj is None:
            form.base_fields["fleet"].queryset = _own_organisations(request)
        return form

    def get_fields(self, request: HttpRequest, obj: AccountLimit | None = None) -> tuple[str, ...]:
        shown = ("account", "balance_minor", "held_minor", "credit_limit_minor", "available_minor")
        asked = ("amount", "pay_out", "reason", "key") if obj and obj.account.user_id else ("amount", "reason")
        return (*shown, *asked) if obj else OpenCreditForm.field_order

    def save_model(self, request: HttpRequest, obj: AccountLimit, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        typed = form.cleaned_data
        if not change:
            limit = Money.from_major(typed["amount"], typed["currency"])
            obj.pk = ledger.set_credit_limit(fleet=typed["fleet"], limit=limit).pk
            return
        account = obj.account
        amount = Money.from_major(typed["amount"], account.currency)
        if account.kind == AccountKind.WALLET and account.user is not None:
            move = wallet.pay_out if typed.get("pay_out") else wallet.top_up
            try:
                with transaction.atomic():
                    move(
                        user=account.user,
                        network=account.network,
                        amount=amount,
                        by=_person(request),
                        reason=typed["reason"],
                        key=f"office:{typed['key']}",
                    )
            except IntegrityError as clash:
                if "one_operation_per_key" not in str(clash):
                    raise
                raise SentAlready(
                    _("This was sent already, and is done once. Open the page again to do more.")
                ) from None
        elif account.organisation is not None:
            ledger.set_credit_limit(fleet=account.organisation, limit=amount)


def _form_for(limit: AccountLimit | None) -> type[LimitForm]:
    if limit is None:
        return OpenCreditForm
    return WalletForm if limit.account.user_id else LimitForm


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


def _own_organisations(request: HttpRequest) -> QuerySet[Organisation]:
    """Superusers choose among all, operators among their networks'."""
    organisations = Organisation.objects.select_related("network").order_by("name")
    if _person(request).is_superuser:
        return organisations
    return organisations.filter(network__in=access.networks_for_operator(request.user))
