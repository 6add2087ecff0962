"""`{{ card.total|money }}`, `{{ at|moment:card.time_zone }}`."""

from __future__ import annotations

from datetime import datetime

from django import template

from payments import presentation
from payments.money import Money

register = template.Library()


@register.filter
def money(amount: Money) -> str:
    return presentation.money(amount)


@register.filter
def minus(amount: Money) -> str:
    """The class of a figure below zero."""
    return "is-minus" if amount.amount_minor < 0 else ""


@register.filter
def moment(at: datetime | None, zone: str) -> str:
    return presentation.moment(at, zone) if at else ""


@register.filter
def tax_rate(basis_points: int) -> str:
    return presentation.tax_rate(basis_points)
