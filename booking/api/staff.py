"""What a station's own system or its staff do: confirm arrivals and run the swap, at stations they are posted to."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.problems import PROBLEM, understood
from booking import arrival, bay, clock, codes, queries
from booking.api.shapes import ArrivalInput, BookingShape, NewOutInput, OldInInput, StartInput
from booking.models import Booking
from booking.patience import patient
from stations import inventory
from stations.models import Bay, Slot, Station
from stations.queries import stations_for_staff

ANSWERS = {200: BookingShape, 400: PROBLEM, 401: PROBLEM, 404: PROBLEM, 409: PROBLEM, 429: PROBLEM}


class AtMyStation(APIView):
    """Another station does not exist for whoever is not posted there (P5)."""

    permission_classes = (IsAuthenticated,)

    def station(self, station_id: int) -> Station:
        return get_object_or_404(stations_for_staff(self.person), pk=station_id)

    def booking(self, station_id: int, public_id: UUID) -> Booking:
        return queries.booking_at(self.station(station_id), public_id)

    @property
    def person(self) -> User:
        return cast(User, self.request.user)

    def shown(self, booking: Booking) -> Response:
        fresh = queries.booking_at(booking.station, booking.public_id)
        return Response(BookingShape(queries.card(fresh)).data)


class ConfirmArrival(AtMyStation):
    @extend_schema(request=ArrivalInput, responses=ANSWERS)
    def post(self, request: Request, station_id: int) -> Response:
        """Confirm by the six characters that the driver shows. A code works once; wrong ones are limited."""
        at, typed = self.station(station_id), understood(ArrivalInput, request)["code"]
        booking = codes.find(station=at, typed=typed, by=self.person, now=clock.database_now())
        return self.shown(patient(arrival.confirm_here)(booking=booking, by=self.person, used_code=True))


class Start(AtMyStation):
    @extend_schema(request=StartInput, responses=ANSWERS)
    def post(self, request: Request, station_id: int, public_id: UUID) -> Response:
        """The vehicle is in the bay: the swap clock runs."""
        booking, wish = self.booking(station_id, public_id), understood(StartInput, request)
        chosen = get_object_or_404(Bay, station=booking.station, number=wish["bay"])
        return self.shown(patient(bay.start)(booking=booking, bay=chosen, by=self.person, reason=wish["reason"]))


class OldIn(AtMyStation):
    @extend_schema(request=OldInInput, responses=ANSWERS)
    def post(self, request: Request, station_id: int, public_id: UUID) -> Response:
        """An old pack goes into a slot: the given one, or the first that is empty."""
        booking, wish = self.booking(station_id, public_id), understood(OldInInput, request)
        number = wish.pop("slot", None)
        slot = get_object_or_404(Slot, station=booking.station, number=number) if number is not None else None
        return self.shown(patient(bay.old_in)(booking=booking, by=self.person, slot=slot, **wish))


class NewOut(AtMyStation):
    @extend_schema(request=NewOutInput, responses=ANSWERS)
    def post(self, request: Request, station_id: int, public_id: UUID) -> Response:
        """A ready pack leaves its slot for the vehicle: the promised one, or another (rule 3)."""
        booking, wish = self.booking(station_id, public_id), understood(NewOutInput, request)
        pack = inventory.find_pack(network=booking.network, serial=wish["serial"])
        return self.shown(patient(bay.new_out)(booking=booking, pack=pack, by=self.person))


class Finish(AtMyStation):
    @extend_schema(request=None, responses=ANSWERS)
    def post(self, request: Request, station_id: int, public_id: UUID) -> Response:
        """Done: energy and price are known, and the payment is captured."""
        return self.shown(patient(bay.finish)(booking=self.booking(station_id, public_id), by=self.person))
