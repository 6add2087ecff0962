"""One swap as money sees it: its figures, its transfers, and what finance may do about it."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.guards import finance_required
from payments import casework, checkout, presentation, settlement
from payments.finance import sales_of
from payments.forms import AssignForm, BearerForm, ReasonForm, RefundForm
from payments.models import Sale
from payments.money import Money
from payments.views.acting import Question, ask, person, told

ASSIGN = Question(
    _("Split by this contract?"),
    _("The net leaves suspense and goes to the parties of the contract. A mistake is answered by another row."),
    _("Split"),
    is_final=True,
)
BEARER = Question(
    _("Let this contract say who bears the difference?"),
    _("Whoever it names pays the parties of this swap what they lose by it. A mistake is answered by another row."),
    _("Settle the difference"),
    is_final=True,
)
REFUND = Question(
    _("Refund this swap?"),
    _("The amount goes back the way it came. Tax and shares are taken back in proportion."),
    _("Refund"),
    is_final=True,
)
COLLECT = Question(
    _("Try to collect it again?"), _("The same way to pay is asked once more for what is owed."), _("Collect")
)
WRITE_OFF = Question(
    _("Write this swap off?"),
    _("The operator bears what is owed: the parties get their shares, and the driver can book again."),
    _("Write off"),
    is_final=True,
)


@finance_required
@require_GET
def detail(request: HttpRequest, reference: UUID) -> HttpResponse:
    sale = _sale(request, reference)
    context = {"card": casework.sale_card(sale), "section": "suspense" if sale.split_at is None else "statements"}
    return render(request, "payments/sale.html", context)


@finance_required
@require_http_methods(["GET", "POST"])
def assign(request: HttpRequest, reference: UUID) -> HttpResponse:
    """Name the contract that a swap waits for: to split it by, or to say who bears its difference."""
    sale = _sale(request, reference)
    if sale.paid_at is None:
        raise Http404
    return _split(request, sale) if sale.split_at is None else _settle_difference(request, sale)


@finance_required
@require_http_methods(["GET", "POST"])
def refund(request: HttpRequest, reference: UUID) -> HttpResponse:
    sale = _sale(request, reference)
    payment = sale.payment
    left = Money(payment.captured_minor - payment.refunded_minor, sale.currency)
    form = RefundForm(request.POST or None, at_most=left)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        return told(
            request,
            lambda: checkout.refund(
                payment=payment, amount=typed["amount"], by=person(request), reason=typed["reason"]
            ),
            _("The refund is on its way."),
            _address(sale),
        )
    return ask(request, REFUND, subject=_subject(sale), back=_address(sale), section="statements", form=form)


@finance_required
@require_http_methods(["GET", "POST"])
def collect(request: HttpRequest, reference: UUID) -> HttpResponse:
    sale = _sale(request, reference)
    if request.method == "POST":
        return told(
            request,
            lambda: checkout.collect_again(payment=sale.payment, by=person(request)),
            _("Asked again. If it is refused, the swap comes back to the list."),
            _address(sale),
        )
    return ask(request, COLLECT, subject=_subject(sale), back=_address(sale), section="suspense")


@finance_required
@require_http_methods(["GET", "POST"])
def write_off(request: HttpRequest, reference: UUID) -> HttpResponse:
    sale = _sale(request, reference)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return told(
            request,
            lambda: checkout.write_off(payment=sale.payment, by=person(request), reason=form.cleaned_data["reason"]),
            _("Written off: the operator bears it."),
            _address(sale),
        )
    return ask(request, WRITE_OFF, subject=_subject(sale), back=_address(sale), section="suspense", form=form)


def _split(request: HttpRequest, sale: Sale) -> HttpResponse:
    contracts = casework.contracts_that_fit(sale)
    if not contracts:
        raise Http404
    form = AssignForm(request.POST or None, contracts=contracts)
    if request.method == "POST" and form.is_valid():
        contract = form.cleaned_data["contract"]
        return told(
            request,
            lambda: settlement.assign_contract(sale=sale, contract=contract, by=person(request)),
            _("Split: the shares are with the parties."),
            _address(sale),
        )
    return ask(request, ASSIGN, subject=_subject(sale), back=_address(sale), section="suspense", form=form)


def _settle_difference(request: HttpRequest, sale: Sale) -> HttpResponse:
    waiting = casework.waiting_difference(sale)
    contracts = casework.contracts_that_name_a_bearer(waiting) if waiting is not None else []
    if not contracts:
        raise Http404
    form = BearerForm(request.POST or None, contracts=contracts)
    if request.method == "POST" and form.is_valid():
        contract = form.cleaned_data["contract"]
        return told(
            request,
            lambda: settlement.assign_bearer(sale=sale, contract=contract, by=person(request)),
            _("Settled: what the parties had less is with them."),
            _address(sale),
        )
    return ask(request, BEARER, subject=_subject(sale), back=_address(sale), section="suspense", form=form)


def _sale(request: HttpRequest, reference: UUID) -> Sale:
    """A swap of a network in which the person is finance; any other does not exist for them."""
    return get_object_or_404(sales_of(person(request)).select_related("payment"), reference=reference)


def _address(sale: Sale) -> str:
    return reverse("payments:sale", args=[sale.reference])


def _subject(sale: Sale) -> str:
    at = presentation.moment(sale.swapped_at, sale.network.time_zone)
    return f"{sale.station_owner.name}, {at}: {presentation.money(sale.gross)}"
