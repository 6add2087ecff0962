"""What anybody may read: stations nearby, their lines in numbers, and tariffs."""

from __future__ import annotations

from collections import Counter

from django.db.models import Q
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.problems import PROBLEM, Input
from booking import clock, snapshot
from booking.api.shapes import AgainstShape, LineSnapshotShape, MoneyShape, TariffShape, WaitShape
from booking.finding import FoundStation, Wish, find
from booking.models import Booking, Tariff
from booking.states import State
from stations import geo
from stations.models import Amenity, PackClass, Station
from stations.states import StationStatus


class LineSnapshot(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(responses={200: LineSnapshotShape, 404: PROBLEM})
    def get(self, request: Request, station_id: int) -> Response:
        """A station's lines as they stand now, in numbers."""
        station = _opened(station_id)
        seen = snapshot.take(station.pk)
        classes = dict(Booking.objects.filter(pk__in=seen.standings).values_list("pk", "line__pack_class__code"))
        counted = Counter((classes[pk], standing.state) for pk, standing in seen.standings.items() if pk in classes)
        lines = [
            {"pack_class": code, "waiting": counted[code, State.WAITING], "promised": counted[code, State.PROMISED]}
            for code in sorted({code for code, _state in counted})
        ]
        shown = {
            "station": station.pk,
            "version": seen.version,
            "at": seen.at,
            "status": seen.status,
            "at_the_bay": seen.arrived,
            "swapping": seen.swapping,
            "lines": lines,
        }
        return Response(LineSnapshotShape(shown).data)


class TariffQuery(Input):
    station = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class Tariffs(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(parameters=[TariffQuery], responses={200: TariffShape(many=True), 400: PROBLEM, 404: PROBLEM})
    def get(self, request: Request) -> Response:
        """The tariffs that count at a station now: its own, and the network's for classes without one."""
        asked = TariffQuery(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        station = _opened(asked.validated_data["station"])
        now = clock.database_now()
        rows = (
            Tariff.objects.select_related("pack_class")
            .filter(Q(station=station) | Q(station=None), network=station.network_id, currency=station.currency)
            .filter(Q(valid_until=None) | Q(valid_until__gt=now), valid_from__lte=now)
            .order_by("pack_class_id", "station_id")
        )
        by_class: dict[int, Tariff] = {}
        for row in rows:
            by_class.setdefault(row.pack_class_id, row)
        return Response(TariffShape(list(by_class.values()), many=True).data)


class NearbyQuery(Input):
    latitude = serializers.FloatField(help_text="WGS 84")
    longitude = serializers.FloatField(help_text="WGS 84")
    pack_class = serializers.SlugField(max_length=20)
    packs = serializers.IntegerField(min_value=1, max_value=4, default=1)
    open_now = serializers.BooleanField(default=False)
    staffed = serializers.BooleanField(default=None, allow_null=True)
    amenities = serializers.MultipleChoiceField(choices=Amenity.choices, default=set())


class NearbyShape(serializers.Serializer[FoundStation]):
    """A station for a driver who starts now. `wait` is what is left at arrival; null: nothing is known to end it."""

    id = serializers.IntegerField(source="station.id")
    network = serializers.CharField(source="network_code")
    code = serializers.CharField(source="station.code")
    name = serializers.CharField(source="station.name")
    address = serializers.CharField(source="station.address")
    city = serializers.CharField(source="station.city")
    latitude = serializers.FloatField(source="station.place.latitude", help_text="WGS 84")
    longitude = serializers.FloatField(source="station.place.longitude", help_text="WGS 84")
    distance_m = serializers.FloatField(source="station.distance_m", help_text="Great circle.")
    drive_seconds = serializers.IntegerField(source="station.drive_seconds")
    status = serializers.CharField(source="station.status")
    is_open = serializers.BooleanField(source="station.opening.is_open")
    is_staffed = serializers.BooleanField(source="station.is_staffed")
    amenities = serializers.ListField(child=serializers.CharField(), source="station.amenities")
    ready = serializers.IntegerField(source="station.stock.ready", help_text="Packs that can be promised now.")
    in_line = serializers.IntegerField()
    at_bay = serializers.IntegerField()
    wait = WaitShape(allow_null=True, help_text="What is left to wait after the drive.")
    away = WaitShape(allow_null=True, help_text="From now until one drives away on full packs.")
    against = AgainstShape(allow_null=True, help_text="Null for the nearest one, and where no wait is known.")
    why = serializers.CharField(help_text="The same in words: “4 min farther, 15 min sooner”; empty without.")
    about = MoneyShape(allow_null=True, help_text="What such a swap usually costs, tax included.")
    most = MoneyShape(allow_null=True, help_text="The most that it can cost, tax included.")
    hindrance = serializers.CharField(help_text="Why nobody can reserve here now; empty when one can.")
    newest_reading_at = serializers.DateTimeField(source="station.stock.newest_reading_at", allow_null=True)


class Nearby(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(parameters=[NearbyQuery], responses={200: NearbyShape(many=True), 400: PROBLEM, 404: PROBLEM})
    def get(self, request: Request) -> Response:
        """The nearest stations, ranked by the forecast of when one drives away on full packs."""
        amenities = request.query_params.getlist("amenities")
        asked = NearbyQuery(data=request.query_params.dict() | ({"amenities": amenities} if amenities else {}))
        asked.is_valid(raise_exception=True)
        wish = asked.validated_data
        found = find(
            start=geo.place(latitude=wish["latitude"], longitude=wish["longitude"]),
            pack_class=get_object_or_404(PackClass, code=wish["pack_class"]),
            packs=wish["packs"],
            now=clock.database_now(),
            wish=Wish(
                open_now=wish["open_now"], is_staffed=wish["staffed"], amenities=tuple(sorted(wish["amenities"]))
            ),
        )
        shown = found.stations or tuple(beyond for beyond in (found.beyond,) if beyond is not None)
        return Response([NearbyShape(station).data for station in shown])


def _opened(station_id: int) -> Station:
    """A station that has opened once. A planned one is its owner's business, here as on the pages."""
    return get_object_or_404(Station.objects.exclude(status=StationStatus.PLANNED), pk=station_id)
