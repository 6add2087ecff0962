"""What finance types, checked for form; whether it is allowed is the writers' business."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Network
from payments.models import Contract
from payments.money import EXPONENTS, Money

LARGEST = Decimal(10) ** 12


class PeriodForm(forms.Form):
    """Up to which day statements are opened."""

    network = forms.ModelChoiceField(label=_("Network"), queryset=Network.objects.none(), empty_label=None)
    until = forms.DateField(
        label=_("Up to, not including"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, networks: list[Network], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        choice = self.fields["network"]
        assert isinstance(choice, forms.ModelChoiceField)
        choice.queryset = Network.objects.filter(pk__in=[network.pk for network in networks]).order_by("name")
        self.initial.setdefault("until", today.replace(day=1))
        if len(networks) == 1:
            self.initial.setdefault("network", networks[0])
            choice.widget = forms.HiddenInput()

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if not date(2000, 1, 1) <= until <= self.today:
            raise forms.ValidationError(gettext("A period ends before it is settled: choose today or an earlier day."))
        return until


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300)


class ReferenceForm(forms.Form):
    reference = forms.CharField(label=_("The bank's reference"), max_length=80)


class RefundForm(ReasonForm):
    amount = forms.DecimalField(label=_("Amount"), min_value=Decimal(0), max_value=LARGEST, localize=True)
    field_order = ("amount", "reason")

    def __init__(self, *args: Any, at_most: Money, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = at_most.currency
        self.initial.setdefault("amount", at_most.major)

    def clean_amount(self) -> Money:
        major: Decimal = self.cleaned_data["amount"]
        if major != round(major, EXPONENTS[self.currency]):
            raise forms.ValidationError(gettext("There is no coin that small in this currency."))
        return Money.from_major(major, self.currency)


class AssignForm(forms.Form):
    contract = forms.ModelChoiceField(label=_("Contract"), queryset=Contract.objects.none(), empty_label=None)

    def __init__(self, *args: Any, contracts: list[Contract], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["contract"]
        assert isinstance(choice, forms.ModelChoiceField)
        choice.queryset = Contract.objects.filter(pk__in=[contract.pk for contract in contracts]).select_related(
            "station_owner", "pack_owner"
        )


class BearerChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # takes its argument in the stubs alone
    def label_from_instance(self, obj: Contract) -> str:
        return f"{obj.get_difference_bearer_display()} · {obj}"


class BearerForm(AssignForm):
    """The contract that says who bears a difference, and who that is by each."""

    contract = BearerChoice(label=_("Contract"), queryset=Contract.objects.none(), empty_label=None)
