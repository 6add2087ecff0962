"""What the API sends and takes: the cards of `queries` as JSON, and bodies of which every field is known."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from accounts.problems import Input
from booking.models import STATES, Booking
from payments.money import Money

METHODS = ("wallet", "account")


class MoneyShape(serializers.Serializer[Money]):
    amount_minor = serializers.IntegerField(help_text="Whole minor units: cents, fen, satang.")
    currency = serializers.CharField(help_text="ISO 4217")


class WaitShape(serializers.Serializer[Any]):
    """An estimate, not calibrated: no probability is claimed for the range."""

    low_seconds = serializers.IntegerField()
    likely_seconds = serializers.IntegerField()
    high_seconds = serializers.IntegerField()


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
    wait = WaitShape(allow_null=True)
    bay_place = serializers.IntegerField(allow_null=True)
    vehicles_at_bay = serializers.IntegerField()
    promise_ends_at = serializers.DateTimeField(allow_null=True)
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


class HereInput(Input):
    position = PlaceShape(required=False)
    poster_token = serializers.CharField(max_length=40, required=False, default="")


class ArrivalInput(Input):
    code = serializers.CharField(max_length=20)


class StartInput(Input):
    bay = serializers.IntegerField(min_value=1, max_value=32_767, help_text="The bay's number.")
    reason = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


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
    model = serializers.CharField()
