"""What a fleet's manager chooses for a block: a station, who comes, from when, and how far apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _gettext
from django.utils.translation import gettext_lazy as _

from accounts.refusals import Refusal
from booking import placing
from booking.block_rules import AHEAD_AT_MOST, MINUTE, Trouble
from booking.blocks import CannotPlan
from booking.models import Assignment
from stations.models import Station

_WRITTEN = "%Y-%m-%dT%H:%M"
# Where a manager mends what cannot be planned.
_FIELDS = {
    Trouble.NOBODY: "who",
    Trouble.TOO_MANY: "who",
    Trouble.TWICE: "who",
    Trouble.PAST: "first_at",
    Trouble.TOO_FAR_AHEAD: "first_at",
    Trouble.TOO_CLOSE: "step",
}


class BlockForm(forms.Form):
    """The moment is one of the station's clock, whichever is chosen."""

    station = forms.TypedChoiceField(coerce=int, label=_("Station"))
    first_at = forms.DateTimeField(
        label=_("The first one joins at"),
        help_text=_("By the station’s clock, within 24 hours."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_WRITTEN),
        input_formats=[_WRITTEN],
        error_messages={"invalid": _("Write a day and a time.")},
    )
    step = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=int(AHEAD_AT_MOST.total_seconds() // MINUTE),
        label=_("Minutes between two vehicles"),
        help_text=_("Leave it empty for as close as the station serves them. You may widen it."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    who = forms.TypedMultipleChoiceField(
        coerce=int,
        label=_("Who comes, in this order"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one vehicle."),
            "invalid_choice": _("One of these is not of your fleet any more. Look at the list once more."),
        },
    )

    def __init__(
        self, *args: Any, stations: Sequence[Station], assignments: Iterable[Assignment], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.stations = {station.pk: station for station in stations}
        station, who = self.fields["station"], self.fields["who"]
        assert isinstance(station, forms.ChoiceField)
        assert isinstance(who, forms.ChoiceField)
        station.choices = [(one.pk, one.name) for one in stations]
        who.choices = [(one.pk, _named(one)) for one in assignments]

    def clean(self) -> dict[str, Any]:
        """The moment that was written, by the clock of the station that was chosen."""
        typed = super().clean() or {}
        first_at, station = typed.get("first_at"), self.stations.get(typed.get("station", 0))
        if first_at is not None and station is not None:
            typed["first_at"] = timezone.make_naive(first_at).replace(tzinfo=ZoneInfo(station.time_zone))
        return typed

    def refuse(self, refusal: Refusal) -> None:
        """Say the refusal at the field that has to be changed; of the whole form what none of them can mend."""
        field = _FIELDS[refusal.trouble] if isinstance(refusal, CannotPlan) else None
        if isinstance(refusal, placing.StationNotOpen | placing.ClassNotServed):
            field = "station"
        self.add_error(field, refusal.sentence)

    @property
    def chosen_station(self) -> Station:
        return self.stations[self.cleaned_data["station"]]

    @property
    def step_seconds(self) -> int | None:
        minutes: int | None = self.cleaned_data["step"]
        return None if minutes is None else minutes * MINUTE


def _named(assignment: Assignment) -> str:
    """ "AB-12-CD · Asha", and how many packs where it takes several."""
    vehicle, driver = assignment.vehicle, assignment.driver
    if vehicle.pack_count == 1:
        return f"{vehicle.plate} · {driver.get_short_name()}"
    return _gettext("%(plate)s · %(driver)s · %(count)d packs") % {
        "plate": vehicle.plate,
        "driver": driver.get_short_name(),
        "count": vehicle.pack_count,
    }
