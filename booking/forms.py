"""What drivers type and choose, read carefully: anything may come from outside."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from babel import Locale
from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.push_address import LONGEST as LONGEST_ADDRESS
from booking import plates
from booking.conduct import LONGEST_DISPUTE
from booking.feedback import LONGEST_WORDS
from booking.finding import Wish
from booking.models import ReportKind
from booking.placing_keys import LONGEST_KEY
from booking.states import State
from booking.vehicles import LONGEST_MODEL
from payments import top_ups
from payments.money import Money
from payments.presentation import locale, money
from payments.queries import MethodChoice
from stations import geo
from stations.models import Amenity, PackClass


class PositionForm(forms.Form):
    """Where a device says that it is. Django refuses what is no number; the earth's edges are `geo`'s business."""

    lat = forms.FloatField()
    lon = forms.FloatField()

    def place(self) -> geo.Place:
        """The place, or geo's refusal. What is no number at all is no place either."""
        if not self.is_valid():
            raise geo.BadCoordinates(gettext("We could not see where you are."))
        return geo.place(latitude=self.cleaned_data["lat"], longitude=self.cleaned_data["lon"])


class OfferForm(forms.Form):
    """Which offer is answered: the one that was on the screen."""

    offer = forms.IntegerField(min_value=1, max_value=2**63 - 1)


def answered_offer(typed: QueryDict) -> int:
    """The offer that an answer is to, or 0: what cannot be read is no offer of anybody."""
    form = OfferForm(typed)
    return form.cleaned_data["offer"] if form.is_valid() else 0


class FindForm(forms.Form):
    """A search. Everything is optional, and what cannot be read is left out rather than refused."""

    q = forms.CharField(max_length=120, required=False, label=_("Where are you?"))
    lat = forms.FloatField(required=False)
    lon = forms.FloatField(required=False)
    acc = forms.FloatField(required=False)  # how sure the device is of its position, in metres
    city = forms.SlugField(max_length=20, required=False)
    fits = forms.SlugField(max_length=20, required=False)
    open = forms.BooleanField(required=False)
    staffed = forms.BooleanField(required=False)
    most = forms.IntegerField(min_value=1, max_value=10**9, required=False)
    has = forms.MultipleChoiceField(choices=Amenity.choices, required=False)

    def wish(self) -> Wish:
        """What was chosen beside the place; what cannot be read was not chosen."""
        asked = self.cleaned_data
        return Wish(
            open_now=bool(asked.get("open")),
            is_staffed=True if asked.get("staffed") else None,
            amenities=tuple(sorted(asked.get("has") or ())),
            most_minor=asked.get("most"),
        )


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
        max_length=LONGEST_DISPUTE,
        label=_("What happened?"),
        help_text=_("A sentence is enough. An operator reads it."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class RateForm(forms.Form):
    """One tap on a star and one on the button. The words are optional, and a page asks for them."""

    stars = forms.TypedChoiceField(coerce=int, choices=[(stars, stars) for stars in range(1, 6)])
    words = forms.CharField(
        max_length=LONGEST_WORDS,
        required=False,
        label=_("In your words"),
        help_text=_("If you like. The operator reads it."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ReportForm(forms.Form):
    kind = forms.ChoiceField(
        # A pack's charge has a form of its own, which asks which pack.
        choices=[choice for choice in ReportKind.choices if choice[0] != ReportKind.CHARGE],
        label=_("What is it about?"),
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        max_length=LONGEST_WORDS,
        label=_("In your words"),
        help_text=_("A sentence is enough."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class ChargeForm(forms.Form):
    """Which pack of the receipt holds something else than it says."""

    pack = forms.ChoiceField(label=_("Which pack?"), widget=forms.RadioSelect)
    shown = forms.DecimalField(
        min_value=0,
        max_value=100,
        max_digits=4,
        decimal_places=1,
        label=_("What does your vehicle show, in %?"),
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.1"}),
    )
    words = forms.CharField(
        max_length=LONGEST_WORDS, required=False, label=_("In your words"), widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, packs: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        which = self.fields["pack"]
        assert isinstance(which, forms.ChoiceField)
        which.choices = packs


class HistoryForm(forms.Form):
    """A search among what is over. Whatever cannot be read is left out rather than refused."""

    q = forms.CharField(max_length=80, required=False, label=_("Station or plate"))
    month = forms.RegexField(r"\A\d{4}-\d{2}\Z", required=False, label=_("Month"))
    state = forms.ChoiceField(
        choices=[
            ("", _("All")),
            (State.COMPLETED, _("Swapped")),
            ("unpaid", _("Not paid yet")),
            (State.CANCELLED, _("Cancelled")),
            (State.EXPIRED, _("Ended")),
        ],
        required=False,
        label=_("What became of it"),
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
    model = forms.CharField(
        max_length=LONGEST_MODEL,
        required=False,
        label=_("What you call it"),
        help_text=_("Make and model, or a name. You may leave it out."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, near: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        countries = self.fields["country"]
        assert isinstance(countries, forms.ChoiceField)
        countries.choices = _countries()
        self.initial.setdefault("country", near)
        self.fields["plate"].widget.attrs["placeholder"] = plates.example(self["country"].value() or "")


class VehicleModelForm(forms.Form):
    """What a driver calls a vehicle."""

    model = forms.CharField(
        max_length=LONGEST_MODEL,
        required=False,
        label=_("What you call it"),
        help_text=_("Make and model, or a name."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class PreferenceForm(forms.Form):
    """What to pay with first in a network."""

    network = forms.SlugField(max_length=20)
    method = forms.SlugField(max_length=20)


class TopUpForm(forms.Form):
    """The key makes two taps one, and is written down behind the driver's number."""

    key = forms.CharField(max_length=LONGEST_KEY // 2)


class AmountForm(forms.Form):
    """How much to put into a wallet: an amount offered at a tap, or an own one, which wins."""

    tapped = forms.IntegerField(min_value=1, max_value=2**31, required=False)
    own = forms.RegexField(
        r"^\s*\d{1,7}([.,]\d{1,2})?\s*$",
        required=False,
        label=_("Another amount"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"invalid": _("Type an amount, such as 25 or 25.50.")},
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.least, self.most = top_ups.limits(currency)

    def amount(self) -> Money:
        """What is to be put in; without a choice the third of those offered."""
        typed, tapped = self.cleaned_data.get("own"), self.cleaned_data.get("tapped")
        if typed:
            return Money.from_major(Decimal(typed.strip().replace(",", ".")), self.currency)
        return Money(tapped, self.currency) if tapped else top_ups.offered(self.currency)[2]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not self.least <= self.amount() <= self.most:
            words = {"least": money(self.least), "most": money(self.most)}
            self.add_error("own", _("Between %(least)s and %(most)s at a time.") % words)
        return cleaned


def _countries() -> list[tuple[str, str]]:
    """Countries in the person's language; what CLDR counts beside them (regions, unknown) has no plates."""
    names = Locale.parse(locale()).territories
    countries = [(code, name) for code, name in names.items() if len(code) == 2 and code.isalpha()]
    return sorted(((code, name) for code, name in countries if code not in _NO_COUNTRY), key=lambda pair: pair[1])


_NO_COUNTRY = {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}


class SeenPhoneForm(forms.Form):
    """The address at which a push service reaches a phone, as its browser names it."""

    endpoint = forms.CharField(max_length=LONGEST_ADDRESS)


class PhoneForm(SeenPhoneForm):
    """A phone that wants to be told: its address, and the keys for which messages are sealed."""

    p256dh = forms.CharField(max_length=100)
    auth = forms.CharField(max_length=40)


class RenewedPhoneForm(PhoneForm):
    """The browser has changed it by itself; who knows the old address may say so."""

    old_endpoint = forms.CharField(max_length=LONGEST_ADDRESS)
