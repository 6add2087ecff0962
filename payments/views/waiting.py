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
from payments import casework, intents, settlement
from payments.finance import operations_of
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
    operation = get_object_or_404(operations_of(person(request)), pk=operation_id, needs_person=True)
    return told(
        request,
        lambda: intents.try_again(operation=operation, by=person(request)),
        _("It is on its way again, under the same key."),
        reverse("payments:suspense"),
    )
