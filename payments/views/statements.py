"""Statements: the list by state, one statement with its lines, each step with its question, revenue, export."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.guards import finance_required
from accounts.models import User
from accounts.refusals import Refusal
from payments import casework, exporting, finance, presentation, settlement
from payments.forms import PeriodForm, ReasonForm, ReferenceForm
from payments.models import Statement
from payments.states import StatementState
from payments.views.acting import Question, ask, person, told

QUESTIONS: dict[str, Question] = {
    "collect": Question(
        _("Collect the latest lines?"),
        _("Takes every posted line up to the cut-off that is on no statement yet. Nothing is frozen."),
        _("Collect"),
    ),
    "propose": Question(
        _("Propose this statement?"),
        _("Its lines are collected a last time and then frozen. Another person has to approve it."),
        _("Propose"),
    ),
    "approve": Question(
        _("Approve this statement?"),
        _("You say that it may be paid as it stands. This cannot be taken back."),
        _("Approve"),
        is_final=True,
    ),
    "pay": Question(
        _("Is the payment ordered at the bank?"),
        _("Swapline moves no money at your bank. Mark it here once the order is given."),
        _("It is ordered"),
    ),
    "mark_paid": Question(
        _("Has the money arrived?"),
        _("The party's accounts are settled in the ledger. This cannot be taken back."),
        _("Mark as paid"),
        is_final=True,
    ),
    "fail": Question(
        _("Did the bank send it back?"),
        _("The statement keeps its lines and can be paid again."),
        _("It failed"),
    ),
    "close": Question(_("Close this statement?"), _("Nothing more happens to it."), _("Close")),
}
DONE = {
    "collect": _("The latest lines are on it."),
    "propose": _("Proposed. Another person approves it now."),
    "approve": _("Approved. It can be paid."),
    "pay": _("Marked as being paid."),
    "mark_paid": _("Paid, and settled in the ledger."),
    "fail": _("Marked as failed. It can be paid again."),
    "close": _("Closed."),
}
ASKS_FOR: dict[str, type[forms.Form]] = {"mark_paid": ReferenceForm, "fail": ReasonForm}


@finance_required
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", StatementState.PROPOSED)
    if state not in set(StatementState):
        raise Http404
    overview = finance.overview(person(request), state)
    form = PeriodForm(networks=overview.networks, today=timezone.localdate())
    return _listing(request, overview, state, form)


@finance_required
@require_POST
def open_period(request: HttpRequest) -> HttpResponse:
    overview = finance.overview(person(request), StatementState.OPEN)
    form = PeriodForm(request.POST, networks=overview.networks, today=timezone.localdate())
    if not form.is_valid():
        return _listing(request, overview, StatementState.OPEN, form, status=422)
    try:
        opened = settlement.open_statements(
            network=form.cleaned_data["network"], until=form.cleaned_data["until"], by=person(request)
        )
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    else:
        said = ngettext("%(count)s statement is open.", "%(count)s statements are open.", len(opened))
        messages.success(request, said % {"count": len(opened)})
    return redirect(f"{reverse('payments:statements')}?state={StatementState.OPEN}")


@finance_required
@require_GET
def detail(request: HttpRequest, statement_id: int) -> HttpResponse:
    statement = get_object_or_404(finance.statements_of(person(request)), pk=statement_id)
    page = Paginator(finance.statement_lines(statement), finance.LINES_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "card": finance.statement_card(statement, person(request)),
        "lines": finance.line_rows(list(page), statement.currency),
        "page": page,
        "section": "statements",
    }
    return render(request, "payments/statement.html", context)


@finance_required
@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, statement_id: int, step: str) -> HttpResponse:
    """One step of a statement: GET asks, POST does."""
    statement = get_object_or_404(finance.statements_of(person(request)), pk=statement_id)
    if step not in QUESTIONS:
        raise Http404
    back = reverse("payments:statement", args=[statement.pk])
    form_class = ASKS_FOR.get(step)
    form = None if form_class is None else form_class(request.POST if request.method == "POST" else None)
    if request.method == "POST" and (form is None or form.is_valid()):
        return told(request, _writer(step, statement, person(request), form), DONE[step], back)
    period = presentation.period(statement.period_start, statement.period_end)
    subject = f"{statement.party.name}, {period}: {presentation.money(statement.total)}"
    return ask(request, QUESTIONS[step], subject=subject, back=back, section="statements", form=form)


@finance_required
@require_GET
def export(request: HttpRequest, statement_id: int) -> HttpResponseBase:
    statement = get_object_or_404(finance.statements_of(person(request)), pk=statement_id)
    name = f"{slugify(statement.party.name)}-{statement.currency}-{statement.period_start}-{statement.period_end}.csv"
    return StreamingHttpResponse(
        exporting.statement_csv(statement),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@finance_required
@require_GET
def revenue(request: HttpRequest) -> HttpResponse:
    found = finance.revenue(person(request), timezone.localdate())
    context = {"revenue": found, "section": "revenue"}
    return render(request, "payments/revenue.html", context)


def _listing(
    request: HttpRequest, overview: finance.Overview, state: str, form: PeriodForm, status: int = 200
) -> HttpResponse:
    context = {
        "overview": overview,
        "unanswered": casework.operations_for_a_person(person(request)).count(),
        "state": state,
        "form": form,
        "section": "statements",
    }
    return render(request, "payments/statements.html", context, status=status)


def _writer(step: str, statement: Statement, by: User, form: forms.Form | None) -> Callable[[], Statement]:
    typed = form.cleaned_data if form is not None else {}
    writers: dict[str, Callable[[], Statement]] = {
        "collect": lambda: settlement.collect(statement=statement),
        "propose": lambda: settlement.propose(statement=statement, by=by),
        "approve": lambda: settlement.approve(statement=statement, by=by),
        "pay": lambda: settlement.pay(statement=statement, by=by),
        "mark_paid": lambda: settlement.mark_paid(statement=statement, by=by, reference=typed["reference"]),
        "fail": lambda: settlement.fail(statement=statement, by=by, reason=typed["reason"]),
        "close": lambda: settlement.close(statement=statement, by=by),
    }
    return writers[step]
