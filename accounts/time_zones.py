"""Which names of time zones are accepted where people enter them."""

from __future__ import annotations

import functools
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Reading them all takes long, and they do not change while a process runs.
_known = functools.cache(available_timezones)


def validate_time_zone(value: str) -> None:
    if value not in _known():
        raise ValidationError(_("That is no time zone such as Europe/Lisbon."))
