"""What staff type and choose, often with gloves: few fields, lenient about spelling, strict about meaning."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from django import forms
from django.utils.translation import gettext_lazy as _

from stations.models import PackClass, validate_country

LONGEST_REASON = 200
BIGGEST_ID = 2**63 - 1

_AS_WRITTEN = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}


class CodeForm(forms.Form):
    """Six characters, or whatever a scanner types: an address that ends in them will do."""

    code = forms.CharField(
        max_length=300,
        label=_("Arrival code"),
        error_messages={"required": _("Type the six characters that the driver shows.")},
        widget=forms.TextInput(attrs=_AS_WRITTEN | {"enterkeyhint": "go"}),
    )

    def clean_code(self) -> str:
        typed: str = self.cleaned_data["code"]
        return unquote(typed).rstrip("/").replace("=", "/").rsplit("/", 1)[-1]


class ReasonForm(forms.Form):
    """Why: read by the next shift, by the driver concerned, and by whoever was overtaken."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        label=_("Why"),
        error_messages={"required": _("Write a few words, so that others can understand it.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class NoteForm(forms.Form):
    """A reason that may be left out."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        required=False,
        label=_("Why (you may leave this out)"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class StartForm(forms.Form):
    """Which bay; and why, when it is somebody else's turn or the money is not certain."""

    bay = forms.TypedChoiceField(
        coerce=int,
        label=_("Bay"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose the bay."),
            "invalid_choice": _("This bay is not free any more. Choose another."),
        },
    )
    reason = forms.CharField(
        max_length=LONGEST_REASON, required=False, label=_("Why"), widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, bays: Iterable[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["bay"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = list(bays)
        if len(field.choices) == 1:
            self.initial.setdefault("bay", field.choices[0][0])


class OldInForm(forms.Form):
    """The pack that comes out of the vehicle, as its label and its display say."""

    serial = forms.CharField(
        max_length=40, label=_("Serial number on the pack"), widget=forms.TextInput(attrs=_AS_WRITTEN)
    )
    soc = forms.DecimalField(
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        label=_("State of charge, %"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages=dict.fromkeys(
            ("min_value", "max_value", "max_digits", "max_decimal_places", "max_whole_digits", "invalid"),
            _("A pack has between 0 and 100 percent. Read it again on the display."),
        ),
    )
    soh = forms.DecimalField(
        min_value=1,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        initial=100,
        label=_("State of health, %"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages=dict.fromkeys(
            ("min_value", "max_value", "max_digits", "max_decimal_places", "max_whole_digits", "invalid"),
            _("A pack’s health is between 1 and 100 percent. Read it again on the display."),
        ),
    )
    slot = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        label=_("Into slot"),
        error_messages={"invalid_choice": _("This slot is not empty any more. Choose another.")},
    )

    def __init__(self, *args: Any, slots: Iterable[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["slot"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = list(slots)


class NewOutForm(forms.Form):
    """The pack that goes out: chosen by a tap, or typed by its serial number or its slot's."""

    pack = forms.IntegerField(min_value=1, max_value=BIGGEST_ID, required=False)
    typed = forms.CharField(
        max_length=40,
        required=False,
        label=_("Serial number, or number of the slot"),
        widget=forms.TextInput(attrs=_AS_WRITTEN),
    )


class WalkInForm(forms.Form):
    """A vehicle that has come without a booking."""

    plate = forms.CharField(
        max_length=30,
        label=_("Plate"),
        help_text=_("Spaces and dashes do not matter."),
        widget=forms.TextInput(attrs=_AS_WRITTEN),
    )
    country = forms.CharField(
        max_length=2,
        label=_("Country"),
        widget=forms.TextInput(attrs=_AS_WRITTEN),
    )
    pack_class = forms.ModelChoiceField(
        PackClass.objects.none(), to_field_name="code", label=_("Pack"), empty_label=None, widget=forms.RadioSelect
    )
    packs = forms.TypedChoiceField(
        coerce=int, choices=[(n, n) for n in range(1, 5)], initial=1, label=_("How many packs")
    )
    method = forms.ChoiceField(label=_("Paid"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, classes: Iterable[int], methods: Iterable[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        by_class, by_method = self.fields["pack_class"], self.fields["method"]
        assert isinstance(by_class, forms.ModelChoiceField)
        assert isinstance(by_method, forms.ChoiceField)
        by_class.queryset = PackClass.objects.filter(pk__in=list(classes)).order_by("-nominal_wh")
        by_method.choices = list(methods)

    def clean_country(self) -> str:
        country = self.cleaned_data["country"].upper()
        validate_country(country)
        return str(country)
