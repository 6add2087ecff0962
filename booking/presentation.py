"""Words and formats for people: money, times in a station's zone, durations, ranges, distances."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking.estimate import Wait
from payments.presentation import locale, spaced

METRES_SHOWN_BELOW = 1_000


def rate(per_kwh: str, currency: str) -> str:
    """A price per kilowatt-hour with all the digits that it has: half a cent counts."""
    digits = max(2, -int(Decimal(per_kwh).normalize().as_tuple().exponent))
    pattern = f"¤#,##0.{'0' * digits}"
    shown = format_currency(Decimal(per_kwh), currency, pattern, locale=locale(), currency_digits=False)
    return spaced(str(shown), currency)


def number(value: Decimal | float, digits: int = 1) -> str:
    return str(format_decimal(round(Decimal(value), digits), locale=locale()))


def percent(basis_points: int) -> str:
    """A rate of tax in basis points: 2300 is "23"."""
    return number(Decimal(basis_points) / 100, 2)


def kwh(energy_wh: int) -> str:
    return _("%(number)s kWh") % {"number": number(Decimal(energy_wh) / 1000, 1)}


def clock(at: datetime, zone: str) -> str:
    """ "14:32" by the station's clock."""
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M}"


def day(at: datetime, zone: str) -> str:
    """ "Mon 23 Nov" by the station's clock."""
    return str(format_date(at.astimezone(ZoneInfo(zone)), "EEE d MMM", locale=locale()))


def moment(at: datetime, zone: str) -> str:
    """ "23 November 2026, 14:32" by the station's clock."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{format_date(local, 'long', locale=locale())}, {format_time(local, 'HH:mm', locale=locale())}"


def month(at: datetime, zone: str) -> str:
    return str(format_date(at.astimezone(ZoneInfo(zone)), "LLLL y", locale=locale()))


def whole_minutes(seconds: float) -> int:
    """Minutes as they are promised: begun ones count, so that nobody is told less than it takes."""
    return math.ceil(max(0.0, seconds) / 60)


def minutes(seconds: float) -> str:
    """ "12 min", or "1 h 05 min" for a longer time."""
    hours, rest = divmod(whole_minutes(seconds), 60)
    if hours:
        return _("%(hours)d h %(minutes)02d min") % {"hours": hours, "minutes": rest}
    return _("%(minutes)d min") % {"minutes": rest}


def wait_range(wait: Wait) -> str:
    """The range of an estimate: "8–20 min", "up to 5 min", "1 h 30 min to 2 h 10 min"."""
    low, high = math.floor(wait.low_seconds / 60), whole_minutes(wait.high_seconds)
    if low == 0:
        return _("up to %(time)s") % {"time": minutes(wait.high_seconds)}
    if high >= 120:
        return _("%(low)s to %(high)s") % {"low": minutes(wait.low_seconds), "high": minutes(wait.high_seconds)}
    return _("%(low)d–%(high)d min") % {"low": low, "high": high}


def distance(metres: float) -> str:
    if metres < METRES_SHOWN_BELOW:
        return _("%(metres)d m") % {"metres": round(metres, -1)}
    kilometres = metres / 1000
    return _("%(number)s km") % {"number": number(kilometres, 1 if kilometres < 100 else 0)}


def ago(seconds: float) -> str:
    """How old something is, in one unit."""
    if seconds < 60:
        return _("%(seconds)d s ago") % {"seconds": max(0, int(seconds))}
    if seconds < 3600:
        return _("%(minutes)d min ago") % {"minutes": int(seconds // 60)}
    return _("%(hours)d h ago") % {"hours": int(seconds // 3600)}


def stopwatch(seconds: int) -> str:
    """ "4:12"."""
    return f"{seconds // 60}:{seconds % 60:02d}"


def packs(count: int) -> str:
    return ngettext("%(count)d pack", "%(count)d packs", count) % {"count": count}


def spelled(code: str) -> str:
    """A code as it is read aloud: "4 K 7 P M 2"."""
    return " ".join(code)
