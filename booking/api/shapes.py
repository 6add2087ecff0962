"""What the API sends and takes: the cards of `queries` as JSON, and bodies of which every field is known."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.problems import Input
from booking.feedback import LONGEST_WORDS
from booking.history import LONGEST_REASON
from booking.models import STATES, Booking, Cause, ReportKind
from booking.states import ReportState
from payments.money import Money

METHODS = ("wallet", "account")


class MoneyShape(serializers.Serializer[Money]):
    amount_minor = serializers.IntegerField(help_text="Whole minor units: cents, fen, satang.")
    currency = serializers.CharField(help_text="ISO 4217")


class WaitShape(serializers.Serializer[Any]):
    """A range of seconds. Where `is_calibrated`, it is counted every night that eighty of a hundred such ranges hold;
    elsewhere it is an estimate, and no probability is claimed.
    """

    low_seconds = serializers.IntegerField(help_text="One driver in ten waits less.")
    likely_seconds = serializers.IntegerField(help_text="Half of all drivers wait less.")
    high_seconds = serializers.IntegerField(help_text="Nine drivers in ten wait less.")
    ready_chance = serializers.FloatField(
        allow_null=True,
        min_value=0.0,
        max_value=1.0,
        help_text="How likely the packs are there when the driver is; null: the driver has them.",
    )
    is_calibrated = serializers.BooleanField()
    silent_minutes = serializers.IntegerField(
        help_text="For so long the station has not reported, and the wait may be wrong; 0: it has lately."
    )


class AgainstShape(serializers.Serializer[Any]):
    """A station against the nearest one at which one can book, in whole minutes."""

    nearest = serializers.CharField(help_text="Name of the nearest station.")
    farther_minutes = serializers.IntegerField(help_text="By how much longer the drive is.")
    sooner_minutes = serializers.IntegerField(
        help_text="By how much sooner one drives away on full packs; negative: later."
    )


class StationShape(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="station_id")
    name = serializers.CharField(source="station_name")
    address = serializers.CharField(source="station_address")
    latitude = serializers.FloatField(source="station_latitude", help_text="WGS 84")
    longitude = serializers.FloatField(source="station_longitude", help_text="WGS 84")
    time_zone = serializers.CharField(source="station_time_zone")
    status = serializers.CharField(source="station_status")


class OvertakenShape(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    exception = serializers.CharField(help_text="The rule of the line, or `override`.")
    reason = serializers.CharField()


class OfferShape(serializers.Serializer[Any]):
    """Packs below target that the driver may have at once, until `ends_at` (rule 11). Prices are estimates."""

    id = serializers.IntegerField()
    ends_at = serializers.DateTimeField()
    soc_percent = serializers.IntegerField(help_text="Of the emptiest pack.")
    energy_wh = serializers.IntegerField(help_text="In all of the packs.")
    about = MoneyShape(help_text="What such a swap costs about.")
    full_about = MoneyShape(help_text="What a swap to the station's target costs about.")


class MoveShape(serializers.Serializer[Any]):
    """Another station that the booking may move to with its place (rule 7). Wait and price are estimates."""

    id = serializers.IntegerField()
    cause = serializers.ChoiceField(Cause.choices, help_text="Why nobody can be served at the booking's own station.")
    station_name = serializers.CharField()
    station_address = serializers.CharField()
    drive_seconds = serializers.IntegerField(help_text="From the booking's own station.")
    wait = WaitShape(help_text="After the drive.")
    about = MoneyShape(help_text="What the usual swap costs there, by the lower of the two tariffs.")
    is_cheaper = serializers.BooleanField()
    ends_at = serializers.DateTimeField(help_text="Until then it is offered; after that the place here is kept.")


class BookingShape(serializers.Serializer[Any]):
    """A booking as it stands at `at`: an overdue promise reads as ended whether or not a worker has written it down."""

    id = serializers.UUIDField(source="public_id")
    state = serializers.ChoiceField(STATES)
    version = serializers.IntegerField(help_text="Of the station: grows with every change of its lines.")
    at = serializers.DateTimeField()
    station = StationShape(source="*")
    plate = serializers.CharField()
    pack_class = serializers.CharField()
    packs_wanted = serializers.IntegerField()
    code = serializers.CharField(help_text="Six characters that the driver shows at the station.")
    joined_at = serializers.DateTimeField()
    place = serializers.IntegerField(allow_null=True)
    of = serializers.IntegerField(allow_null=True)
    wait = WaitShape(
        allow_null=True, help_text="In line: until packs, driver and a bay are there. Null: nothing is known to end it."
    )
    offer = OfferShape(allow_null=True)
    move = MoveShape(allow_null=True)
    stands_back = serializers.BooleanField(help_text="Its fleet has its share, and others go first (rule 10).")
    bay_place = serializers.IntegerField(allow_null=True)
    bay_wait = WaitShape(allow_null=True, help_text="Here with packs: until a bay is free.")
    vehicles_at_bay = serializers.IntegerField()
    promise_ends_at = serializers.DateTimeField(allow_null=True)
    took_below_target = serializers.BooleanField(help_text="The driver chose packs that were not full (rule 11).")
    expected_at = serializers.DateTimeField(allow_null=True, help_text="By the last position; null: not known.")
    late_told_at = serializers.DateTimeField(allow_null=True)
    pay_by = serializers.DateTimeField(allow_null=True)
    is_authorised = serializers.BooleanField()
    is_here = serializers.BooleanField()
    here_claim_ends_at = serializers.DateTimeField(allow_null=True)
    bay_number = serializers.IntegerField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    end_reason = serializers.CharField()
    our_fault = serializers.BooleanField()
    no_show = serializers.BooleanField()
    method = serializers.CharField()
    most = MoneyShape(help_text="The most that it can cost, tax included.")
    price = MoneyShape(allow_null=True)
    tax = MoneyShape(allow_null=True)
    energy_wh = serializers.IntegerField(allow_null=True)
    overtaken = OvertakenShape(many=True)
    can_extend = serializers.BooleanField()
    can_cancel = serializers.BooleanField()
    can_claim_here = serializers.BooleanField()


class SentenceShape(serializers.Serializer[Any]):
    """In the language that was asked for."""

    text = serializers.CharField()
    rule = serializers.IntegerField(allow_null=True, help_text="Its number among the rules of the line.")
    at = serializers.DateTimeField(allow_null=True)
    words = serializers.CharField(help_text="What staff wrote, as they did.")


class WhyShape(serializers.Serializer[Any]):
    """Why a booking stands where it stands. Of other drivers it tells numbers alone."""

    joined_at = serializers.DateTimeField(source="why.joined_at")
    moved_at = serializers.DateTimeField(
        source="why.moved_at", allow_null=True, help_text="When it came here from a station that had failed (rule 7)."
    )
    before_then = serializers.IntegerField(
        source="why.before_then", help_text="Waited before it when it joined, or moved here."
    )
    served = serializers.IntegerField(source="why.served")
    left = serializers.IntegerField(source="why.left")
    came_back = serializers.IntegerField(source="why.came_back", help_text="With a place before it (rules 5 and 7).")
    moved_in = serializers.IntegerField(
        source="why.moved_in", help_text="From another station, with an earlier place (rule 7)."
    )
    before_now = serializers.IntegerField(source="why.before_now", allow_null=True)
    came = SentenceShape(many=True)
    ahead = SentenceShape(many=True, help_text="Who joined later and was served first.")
    holds = SentenceShape(many=True, help_text="Why others may be promised packs before it now.")


class PastBookingShape(serializers.ModelSerializer[Booking]):
    """One row of a driver's history."""

    id = serializers.UUIDField(source="public_id")
    station = serializers.CharField(source="station.name")
    plate = serializers.CharField(source="vehicle.plate")
    currency = serializers.CharField(source="tariff.currency")

    class Meta:
        model = Booking
        fields = (
            "id",
            "station",
            "plate",
            "state",
            "joined_at",
            "ended_at",
            "end_reason",
            "energy_wh",
            "price_minor",
            "currency",
        )


class PlaceShape(Input):
    latitude = serializers.FloatField()
    longitude = serializers.FloatField()


class PlacingInput(Input):
    station = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    vehicle = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    packs_wanted = serializers.IntegerField(min_value=1, max_value=4, required=False)
    method = serializers.ChoiceField(METHODS)
    position = PlaceShape(required=False, help_text="WGS 84; the promise lasts as long as the drive.")


class CancelInput(Input):
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class OfferInput(Input):
    offer = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="The offer's id.")


class RateInput(Input):
    stars = serializers.IntegerField(min_value=1, max_value=5)
    words = serializers.CharField(max_length=LONGEST_WORDS, required=False, default="", allow_blank=True)


class ReportInput(Input):
    """`pack` and `shown_soc_percent` belong to a report about a pack's charge, and to that alone."""

    kind = serializers.ChoiceField(ReportKind.choices)
    words = serializers.CharField(max_length=LONGEST_WORDS, required=False, default="", allow_blank=True)
    pack = serializers.CharField(max_length=40, required=False, help_text="Serial of a pack of this swap.")
    shown_soc_percent = serializers.DecimalField(
        max_digits=4, decimal_places=1, min_value=Decimal(0), max_value=Decimal(100), required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        about_charge = attrs["kind"] == ReportKind.CHARGE
        for name in ("pack", "shown_soc_percent"):
            if about_charge != (name in attrs):
                raise serializers.ValidationError({name: [_("Given exactly for a report of kind “charge”.")]})
        return attrs


class RatingShape(serializers.Serializer[Any]):
    stars = serializers.IntegerField()
    words = serializers.CharField()
    given_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField(allow_null=True)


class ReportShape(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id")
    kind = serializers.ChoiceField(ReportKind.choices)
    state = serializers.ChoiceField([(state.value, state.value) for state in ReportState])
    words = serializers.CharField()
    made_at = serializers.DateTimeField()
    answer = serializers.CharField()
    answered_at = serializers.DateTimeField(allow_null=True)


class HereInput(Input):
    position = PlaceShape(required=False)
    poster_token = serializers.CharField(max_length=40, required=False, default="")


class ArrivalInput(Input):
    code = serializers.CharField(max_length=20)


class StartInput(Input):
    bay = serializers.IntegerField(min_value=1, max_value=32_767, help_text="The bay's number.")
    reason = serializers.CharField(max_length=LONGEST_REASON, required=False, default="", allow_blank=True)


class OldInInput(Input):
    serial = serializers.CharField(max_length=40)
    soc_percent = serializers.DecimalField(max_digits=6, decimal_places=1)
    soh_percent = serializers.DecimalField(max_digits=6, decimal_places=1, default=Decimal(100))
    slot = serializers.IntegerField(min_value=1, max_value=32_767, required=False, help_text="The slot's number.")


class NewOutInput(Input):
    serial = serializers.CharField(max_length=40)


class LineShape(serializers.Serializer[Any]):
    pack_class = serializers.CharField()
    waiting = serializers.IntegerField()
    promised = serializers.IntegerField()


class LineSnapshotShape(serializers.Serializer[Any]):
    """A station's lines in numbers; nobody's booking can be read from it."""

    station = serializers.IntegerField()
    version = serializers.IntegerField()
    at = serializers.DateTimeField()
    status = serializers.CharField()
    at_the_bay = serializers.IntegerField()
    swapping = serializers.IntegerField()
    lines = LineShape(many=True)


class TariffShape(serializers.Serializer[Any]):
    station = serializers.IntegerField(source="station_id", allow_null=True, help_text="Null: of the whole network.")
    pack_class = serializers.CharField(source="pack_class.code")
    version = serializers.IntegerField()
    currency = serializers.CharField()
    price_per_kwh = serializers.DecimalField(max_digits=10, decimal_places=4, help_text="Major units, tax included.")
    service_fee_minor = serializers.IntegerField()
    tax_rate_bp = serializers.IntegerField(help_text="Basis points of the net.")
    valid_from = serializers.DateTimeField()


class VehicleShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    plate = serializers.CharField()
    country = serializers.CharField()
    pack_class = serializers.CharField(source="pack_class.code")
    pack_count = serializers.IntegerField()
    model = serializers.CharField(source="called", help_text="The driver's own name for it; of a fleet's, the fleet's.")
