"""Words and formats for people: money, times in a station's zone, durations, ranges, distances."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_timezone_gmt
from babel.numbers import format_currency, format_decimal, format_percent
from django.utils.html import format_html
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from booking.waits import Wait
from payments.presentation import dates, locale, month_in_full, spaced
from payments.presentation import day as day_of_year

# Latin letters are read by every voice.
LETTERS = {"th": re.compile("[\u0e00-\u0e7f]"), "zh-Hans": re.compile("[\u3400-\u9fff]")}
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


def share(part: float) -> str:
    """A share of one in whole percent: "81%", "81 %"."""
    return str(format_percent(part, "#,##0%", locale=locale()))


def kwh(energy_wh: int) -> str:
    return _("%(number)s kWh") % {"number": number(Decimal(energy_wh) / 1000, 1)}


def kilograms(grams: int) -> str:
    """Of an estimate: a tenth at most, rounded down, and none of it once there are ten kilograms."""
    if grams < 10_000:
        return _("%(number)s kg") % {"number": number(Decimal(grams // 100) / 10, 1)}
    return _("%(number)s kg") % {"number": number(Decimal(grams // 1_000), 0)}


def clock(at: datetime, zone: str) -> str:
    """ "14:32" by the station's clock."""
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M}"


def day(at: datetime, zone: str) -> str:
    """ "Mon 23 Nov" by the station's clock."""
    return str(format_date(at.astimezone(ZoneInfo(zone)), dates().weekday, locale=locale()))


def weekday(day: date) -> str:
    """The same for a day that has no hour."""
    return str(format_date(day, dates().weekday, locale=locale()))


def day_and_year(at: datetime, zone: str) -> str:
    """ "23 Nov 2026", for what may be years ago."""
    return day_of_year(at.astimezone(ZoneInfo(zone)).date())


def moment(at: datetime, zone: str) -> str:
    """ "23 November 2026, 14:32" by the station's clock."""
    return str(format_datetime(at.astimezone(ZoneInfo(zone)), dates().written_out, locale=locale()))


def offset(at: datetime, zone: str) -> str:
    """ "GMT+07:00", so that a clock on paper says whose it is."""
    return str(get_timezone_gmt(at.astimezone(ZoneInfo(zone)), "long", locale=locale()))


def month(at: datetime, zone: str) -> str:
    return month_in_full(at.astimezone(ZoneInfo(zone)))


def month_named(month: str) -> str:
    """ "November 2026" for "2026-11"."""
    return month_in_full(date(int(month[:4]), int(month[5:]), 1))


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


def compared(*, farther_minutes: int, sooner_minutes: int) -> str:
    """A station against the nearest one: "4 min farther, 15 min sooner"."""
    words = {"farther": minutes(60 * abs(farther_minutes)), "sooner": minutes(60 * abs(sooner_minutes))}
    if farther_minutes > 0:
        if sooner_minutes > 0:
            return _("%(farther)s farther, %(sooner)s sooner") % words
        if sooner_minutes < 0:
            return _("%(farther)s farther, %(sooner)s later") % words
        return _("%(farther)s farther, as soon") % words
    if sooner_minutes > 0:
        return _("as near, %(sooner)s sooner") % words
    if sooner_minutes < 0:
        return _("as near, %(sooner)s later") % words
    return _("as near, as soon")


def silence(quiet_minutes: int) -> str:
    """What stands beside a wait at a station that has not reported for long."""
    words = {"time": minutes(60 * quiet_minutes)}
    return _("The station has not reported for %(time)s; the wait may be wrong.") % words


def chance(share: float) -> str:
    """A chance in tenths of a hundred, never none and never sure: "90"."""
    return str(min(95, max(5, round(share * 20) * 5)))


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


def voiced(text: str) -> str:
    """A name of a place, marked where a voice for the page's language could not read its letters."""
    for tongue, letters in LETTERS.items():
        if letters.search(text) and not tongue.lower().startswith(get_language() or "en"):
            return format_html('<span lang="{}">{}</span>', tongue, text)
    return text


def spelled(code: str) -> str:
    """A code as it is read aloud: "4 K 7 P M 2"."""
    return " ".join(code)
