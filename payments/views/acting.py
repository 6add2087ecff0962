"""What the finance pages share: who is asking, how an act is confirmed, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.functional import Promise

from accounts import access
from accounts.models import User
from accounts.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Question:
    """Asked before money moves: what happens, on what, and the word on the button."""

    title: str | Promise
    text: str | Promise
    button: str | Promise
    is_final: bool = False


def person(request: HttpRequest) -> User:
    """Who is asking; the pages' guard has seen to it that they are signed in."""
    return access.person_of(request)


def told(request: HttpRequest, act: Callable[[], object], done: str | Promise, back: str) -> HttpResponseRedirect:
    """Do it, and say what came of it on the page that one goes back to."""
    try:
        act()
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, str(done))
    return redirect(back)


def ask(
    request: HttpRequest, question: Question, *, subject: str, back: str, section: str, form: forms.Form | None = None
) -> HttpResponse:
    """The page that asks before it is done. It works without script, and nothing happens until its button."""
    context = {"question": question, "subject": subject, "back": back, "section": section, "form": form}
    return render(request, "payments/confirm.html", context, status=422 if form is not None and form.errors else 200)
