"""How amounts, periods and instants are written for the person who reads them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_interval
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent, get_currency_symbol
from django.utils.translation import get_language

from payments.money import Money

# What Babel calls the languages that pages come in.
LOCALES = {"en": "en_GB", "pt": "pt_PT", "zh-hans": "zh_Hans_CN", "th": "th_TH"}


def locale() -> str:
    return LOCALES.get(get_language() or "en", "en_GB")


def money(amount: Money) -> str:
    """€14.20, 14,20 €, −€3.00: a real minus, which does not break from its amount."""
    shown = str(format_currency(amount.major, amount.currency, locale=locale()))
    return spaced(shown.replace("-", "−"), amount.currency)


def spaced(text: str, currency: str) -> str:
    """Letters do not run into the number: THB 120.00, not THB120.00."""
    symbol = get_currency_symbol(currency, locale=locale())
    return re.sub(rf"{symbol}(?=\d)", f"{symbol}\N{NO-BREAK SPACE}", text) if symbol.isalpha() else text


def short(amount: Money) -> str:
    """Above a bar, where there is room for four signs: 1.2K, 340."""
    return str(format_compact_decimal(round(amount.major), locale=locale(), fraction_digits=1))


def energy(energy_wh: int) -> str:
    return f"{format_decimal(Decimal(energy_wh) / 1_000, '#,##0.#', locale=locale())} kWh"


def tax_rate(basis_points: int) -> str:
    return str(format_percent(Decimal(basis_points) / 10_000, "#,##0.##%", locale=locale()))


def growth(now: int, before: int) -> str:
    """The change against an earlier figure, with its sign; empty where there is nothing to compare with."""
    if before <= 0:
        return ""
    return str(format_percent(Decimal(now - before) / before, "+#,##0.0%;-#,##0.0%", locale=locale())).replace("-", "−")


def period(start: date, end: date) -> str:
    """Half-open days: a whole month by its name, anything else from its first to its last day."""
    last = end - timedelta(days=1)
    if start.day == 1 and end.day == 1 and (start.year, start.month) == (last.year, last.month):
        return str(format_date(start, "LLLL y", locale=locale()))
    return str(format_interval(start, last, "yMMMd", locale=locale()))


def month(first_day: date) -> str:
    return str(format_date(first_day, "LLL yy", locale=locale()))


def day(at: date) -> str:
    return str(format_date(at, "medium", locale=locale()))


def moment(at: datetime, zone: str) -> str:
    return str(format_datetime(at.astimezone(ZoneInfo(zone)), "d MMM y, HH:mm", locale=locale()))
