"""What drivers type and choose, read carefully: anything may come from outside."""

from __future__ import annotations

from typing import Any

from babel import Locale
from django import forms
from django.utils.translation import gettext_lazy as _

from booking.placing_keys import LONGEST_KEY
from payments.presentation import locale
from payments.queries import MethodChoice
from stations.models import PackClass


class PositionForm(forms.Form):
    """Where a device says that it is. Django refuses what is no number; the earth's edges are `geo`'s business."""

    lat = forms.FloatField()
    lon = forms.FloatField()


class FindForm(forms.Form):
    """A search. Everything is optional, and what cannot be read is left out rather than refused."""

    q = forms.CharField(max_length=120, required=False, label=_("Where are you?"))
    lat = forms.FloatField(required=False)
    lon = forms.FloatField(required=False)
    city = forms.SlugField(max_length=20, required=False)
    fits = forms.SlugField(max_length=20, required=False)
    open = forms.BooleanField(required=False)
    staffed = forms.BooleanField(required=False)


class ReserveForm(forms.Form):
    """The one tap that reserves: for which vehicle, how many packs, paid how. The key makes two taps one."""

    vehicle = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    packs = forms.TypedChoiceField(coerce=int)
    method = forms.ChoiceField()
    key = forms.CharField(max_length=LONGEST_KEY)
    tariff = forms.IntegerField(min_value=1, max_value=2**63 - 1)

    def __init__(self, *args: Any, methods: list[MethodChoice], most_packs: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counts = self.fields["packs"]
        assert isinstance(counts, forms.TypedChoiceField)
        counts.choices = [(count, count) for count in range(1, most_packs + 1)]
        by = self.fields["method"]
        assert isinstance(by, forms.ChoiceField)
        by.choices = [(method.code, method.label) for method in methods]
        by.error_messages["required"] = _("Choose how to pay.")


class HereForm(forms.Form):
    """ "I'm here", by position or by the poster's code."""

    lat = forms.FloatField(required=False)
    lon = forms.FloatField(required=False)
    poster = forms.CharField(max_length=40, required=False, label=_("Code on the station’s poster"))


class FewerForm(forms.Form):
    packs = forms.IntegerField(min_value=1, max_value=4)


class DisputeForm(forms.Form):
    words = forms.CharField(
        max_length=500,
        label=_("What happened?"),
        help_text=_("A sentence is enough. An operator reads it."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class NameForm(forms.Form):
    name = forms.CharField(
        max_length=120,
        required=False,
        label=_("Your name"),
        help_text=_("What staff call you at the bay."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class VehicleForm(forms.Form):
    """A vehicle is its country and plate, and the packs that it takes."""

    plate = forms.CharField(
        max_length=30,
        label=_("Plate"),
        help_text=_("As it stands on the vehicle. Spaces and dashes do not matter."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    country = forms.ChoiceField(label=_("Country of the plate"))
    pack_class = forms.ModelChoiceField(
        PackClass.objects.order_by("-nominal_wh"),
        to_field_name="code",
        label=_("Pack"),
        empty_label=None,
        widget=forms.RadioSelect,
    )
    pack_count = forms.TypedChoiceField(
        coerce=int, choices=[(n, n) for n in range(1, 5)], initial=1, label=_("How many packs it takes")
    )

    def __init__(self, *args: Any, near: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        countries = self.fields["country"]
        assert isinstance(countries, forms.ChoiceField)
        countries.choices = _countries()
        self.initial.setdefault("country", near)


class TopUpForm(forms.Form):
    """The demo's money machine."""

    network = forms.SlugField(max_length=20)
    key = forms.CharField(max_length=LONGEST_KEY)


def _countries() -> list[tuple[str, str]]:
    """Countries in the person's language; what CLDR counts beside them (regions, unknown) has no plates."""
    names = Locale.parse(locale()).territories
    countries = [(code, name) for code, name in names.items() if len(code) == 2 and code.isalpha()]
    return sorted(((code, name) for code, name in countries if code not in _NO_COUNTRY), key=lambda pair: pair[1])


_NO_COUNTRY = {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}
