"""What waits for a person: swaps without a contract, swaps that are owed, operations that nobody answered."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.access import networks_for_finance
from accounts.guards import finance_required
from accounts.models import User
from payments import casework, checkout, intents, settlement
from payments.models import PaymentOperation
from payments.views.acting import person, told


@finance_required
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    context = {"cases": casework.cases(person(request)), "section": "suspense"}
    return render(request, "payments/waiting.html", context)


@finance_required
@require_POST
def work_off(request: HttpRequest) -> HttpResponse:
    """Split every waiting swap that a contract covers by now."""
    done = 0
    for network in networks_for_finance(person(request)):
        done += len(settlement.work_off_suspense(network=network, by=person(request)))
    messages.success(request, ngettext("%(n)s swap was split.", "%(n)s swaps were split.", done) % {"n": done})
    return redirect("payments:suspense")


@finance_required
@require_POST
def try_again(request: HttpRequest, operation_id: int) -> HttpResponse:
    operation = get_object_or_404(casework.operations_for_a_person(person(request)), pk=operation_id)
    if operation.needs_person:
        act, done = _with_its_key, _("It is on its way again, under the same key.")
    else:
        act, done = _anew, _("It is asked for again.")
    return told(request, lambda: act(operation, person(request)), done, reverse("payments:suspense"))


def _with_its_key(operation: PaymentOperation, by: User) -> None:
    intents.try_again(operation=operation, by=by)


def _anew(operation: PaymentOperation, by: User) -> None:
    """A refusal is final for its key, so a release that was refused is asked for under a new one."""
    if operation.payment is not None:
        checkout.release(payment=operation.payment, reason=f"{operation.payment.reason} ({by})")
