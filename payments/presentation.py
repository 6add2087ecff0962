"""How amounts, periods and instants are written for the person who reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_interval, format_skeleton
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent, get_currency_symbol
from django.utils.translation import get_language

from payments.money import Money

# What Babel calls the languages that pages come in.
LOCALES = {"en": "en_GB", "pt": "pt_PT", "zh-hans": "zh_Hans_CN", "th": "th_TH"}


@dataclass(frozen=True)
class Dates:
    """The order and the joints of a date: one pattern for all languages reads "23 11月" in Chinese."""

    weekday: str  # Mon 23 Nov
    written_out: str  # 23 November 2026, 14:32
    short: str  # 23 Nov 2026, 14:32
    month_on_a_chart: str  # Nov 26


DATES = {
    "en_GB": Dates("EEE d MMM", "d MMMM y, HH:mm", "d MMM y, HH:mm", "LLL yy"),
    "pt_PT": Dates("EEEEEE, d 'de' MMM", "d 'de' MMMM 'de' y, HH:mm", "dd/MM/y, HH:mm", "LLL yy"),
    "zh_Hans_CN": Dates("M月d日EEE", "y年M月d日 HH:mm", "y年M月d日 HH:mm", "yy年M月"),
    "th_TH": Dates("EEE d MMM", "d MMMM y HH:mm", "d MMM y HH:mm", "LLL yy"),
}


def locale() -> str:
    return LOCALES.get(get_language() or "en", "en_GB")


def dates() -> Dates:
    return DATES[locale()]


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
        return month_in_full(start)
    return str(format_interval(start, last, "yMMMd", locale=locale()))


def month_in_full(day: date) -> str:
    """As a heading: Portuguese months are small inside a sentence only."""
    written = str(format_skeleton("yMMMM", day, locale=locale()))
    return written[:1].upper() + written[1:]


def month(first_day: date) -> str:
    return str(format_date(first_day, dates().month_on_a_chart, locale=locale()))


def day(at: date) -> str:
    return str(format_date(at, "medium", locale=locale()))


def moment(at: datetime, zone: str) -> str:
    return str(format_datetime(at.astimezone(ZoneInfo(zone)), dates().short, locale=locale()))
