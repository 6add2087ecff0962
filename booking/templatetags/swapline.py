"""The formats of `presentation` as template filters."""

from __future__ import annotations

from django import template

from booking import presentation
from payments.presentation import money

register = template.Library()

register.filter("money", money)
register.filter("share", presentation.share)
register.filter("kwh", presentation.kwh)
register.filter("kilograms", presentation.kilograms)
register.filter("clock", presentation.clock)
register.filter("offset", presentation.offset)
register.filter("day", presentation.day)
register.filter("day_and_year", presentation.day_and_year)
register.filter("moment", presentation.moment)
register.filter("month", presentation.month)
register.filter("whole_minutes", presentation.whole_minutes)
register.filter("minutes", presentation.minutes)
register.filter("wait_range", presentation.wait_range)
register.filter("silence", presentation.silence)
register.filter("chance", presentation.chance)
register.filter("distance", presentation.distance)
register.filter("ago", presentation.ago)
register.filter("stopwatch", presentation.stopwatch)
register.filter("packs", presentation.packs)
register.filter("spelled", presentation.spelled)
register.filter("voiced", presentation.voiced)
register.filter("tax_percent", presentation.percent)
register.filter("rate", presentation.rate)
