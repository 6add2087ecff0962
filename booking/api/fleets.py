"""Blocks of a fleet for the fleet's managers: plan, read, cancel; and which vehicles and drivers may be planned."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Organisation, User
from accounts.problems import PROBLEM, Input, understood
from booking import block_cards, blocks, clock
from booking.api.bookings import REFUSALS, KeyTooLong, UnknownStation
from booking.block_cards import BlockCard
from booking.block_rules import AHEAD_AT_MOST, MOST_VEHICLES, EntryState
from booking.models import Block
from booking.patience import patient
from booking.placing_keys import LONGEST_KEY
from stations.models import Station

BIGGEST_ID = 2**63 - 1


class BlockInput(Input):
    """`vehicles` are ids of `fleet-vehicles`, in the order in which they come."""

    fleet = serializers.IntegerField(min_value=1, max_value=BIGGEST_ID)
    station = serializers.IntegerField(min_value=1, max_value=BIGGEST_ID)
    vehicles = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGGEST_ID), min_length=1, max_length=MOST_VEHICLES
    )
    first_at = serializers.DateTimeField(help_text="When the first one joins, at most 24 hours ahead.")
    step_seconds = serializers.IntegerField(
        min_value=1,
        max_value=int(AHEAD_AT_MOST.total_seconds()),
        allow_null=True,
        default=None,
        help_text="Between two vehicles; null: as close as the station serves them. Closer is refused.",
    )


class FleetVehicleShape(serializers.Serializer[Any]):
    """A vehicle of the fleet with one of its drivers."""

    id = serializers.IntegerField(help_text="What `vehicles` of a block takes.")
    fleet = serializers.IntegerField(source="vehicle.fleet_id")
    country = serializers.CharField(source="vehicle.country")
    plate = serializers.CharField(source="vehicle.plate")
    pack_class = serializers.CharField(source="vehicle.pack_class.code")
    pack_count = serializers.IntegerField(source="vehicle.pack_count")
    driver = serializers.CharField(source="driver.get_short_name")


class EntryShape(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    plate = serializers.CharField()
    driver = serializers.CharField()
    join_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=[state.value for state in EntryState])
    reason = serializers.CharField(help_text="Stable code of why it was skipped; empty otherwise.")
    why = serializers.CharField(help_text="The same as a sentence.")
    booking = serializers.UUIDField(source="booking_id", allow_null=True)


class BlockShape(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id")
    fleet = serializers.IntegerField(source="fleet_id")
    station = serializers.IntegerField(source="station_id")
    made_at = serializers.DateTimeField()
    first_at = serializers.DateTimeField()
    step_seconds = serializers.IntegerField()
    vehicles = EntryShape(source="entries", many=True)


class FleetVehicles(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses={200: FleetVehicleShape(many=True), 401: PROBLEM, 429: PROBLEM})
    def get(self, request: Request) -> Response:
        """The vehicles of the fleets that the person manages, with their drivers."""
        found = [one for fleet in block_cards.fleets_of(_manager(request)) for one in block_cards.assignments_of(fleet)]
        return Response(FleetVehicleShape(found, many=True).data)


class FleetBlocks(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses={200: BlockShape(many=True), 401: PROBLEM, 429: PROBLEM})
    def get(self, request: Request) -> Response:
        """The last blocks of the fleets that the person manages, newest first."""
        return Response(BlockShape(block_cards.of_manager(_manager(request), now=clock.database_now()), many=True).data)

    @extend_schema(
        request=BlockInput,
        responses={201: BlockShape, 422: PROBLEM, **REFUSALS},
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                description="The same key and body give the same block again; another body is refused (422).",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Plan a block: each vehicle joins the station's line at its own moment. Nobody takes a place before it."""
        wish, manager = understood(BlockInput, request), _manager(request)
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > LONGEST_KEY or "\0" in key:
            raise KeyTooLong(_("An Idempotency-Key has at most 80 characters."))
        fleet = Organisation.objects.filter(pk=wish["fleet"]).first()
        station = Station.objects.filter(pk=wish["station"]).first()
        if fleet is None:
            raise blocks.NotYourFleet(_("Only this fleet's managers book for it."))
        if station is None:
            raise UnknownStation(_("There is no such station."))
        made = patient(blocks.plan)(
            by=manager,
            fleet=fleet,
            station=station,
            assignment_ids=wish["vehicles"],
            first_at=wish["first_at"],
            step_seconds=wish["step_seconds"],
            key=key,
        )
        return _shown(manager, made.public_id, status.HTTP_201_CREATED)


class OneFleetBlock(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses={200: BlockShape, **REFUSALS})
    def get(self, request: Request, block_id: UUID) -> Response:
        """The block with what has become of each vehicle."""
        return _shown(_manager(request), block_id)

    @extend_schema(responses={200: BlockShape, **REFUSALS})
    def delete(self, request: Request, block_id: UUID) -> Response:
        """Cancel every vehicle that is still planned. Whoever has joined stays in line."""
        return _cancelled(_manager(request), block_id)


class OneFleetBlockVehicle(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses={200: BlockShape, **REFUSALS})
    def delete(self, request: Request, block_id: UUID, number: int) -> Response:
        """Cancel one vehicle before its moment; `entry_over` afterwards."""
        return _cancelled(_manager(request), block_id, number=number)


def _cancelled(manager: User, block_id: UUID, *, number: int | None = None) -> Response:
    row, _card = _found(manager, block_id)
    patient(blocks.cancel)(block=row, by=manager, number=number)
    return _shown(manager, block_id)


def _shown(manager: User, block_id: UUID, answer: int = status.HTTP_200_OK) -> Response:
    _row, card = _found(manager, block_id)
    return Response(BlockShape(card).data, status=answer)


def _found(manager: User, block_id: UUID) -> tuple[Block, BlockCard]:
    try:
        return block_cards.one_of_manager(manager, block_id, now=clock.database_now())
    except Block.DoesNotExist:
        raise Http404 from None


def _manager(request: Request) -> User:
    return cast(User, request.user)
