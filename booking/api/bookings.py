"""Bookings of the person whose token it is: place, read, extend, be here, cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast
from uuid import UUID

from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.problems import PROBLEM, Pages, understood
from accounts.refusals import Refusal
from booking import arrival, drives, feedback, lifecycle, moving, placing, queries, vehicles, why, why_words
from booking.api.shapes import (
    BookingShape,
    CancelInput,
    HereInput,
    OfferInput,
    PastBookingShape,
    PlacingInput,
    RateInput,
    RatingShape,
    ReportInput,
    ReportShape,
    VehicleShape,
    WhyShape,
)
from booking.models import Booking, ReportKind, Source, Vehicle
from booking.patience import patient
from booking.placing_keys import LONGEST_KEY
from booking.states import OVER
from stations import geo
from stations.models import Station

REFUSALS = {400: PROBLEM, 401: PROBLEM, 404: PROBLEM, 409: PROBLEM, 429: PROBLEM}


class UnknownStation(Refusal):
    code = "unknown_station"


class KeyTooLong(Refusal):
    code = "idempotency_key_too_long"


class NewestFirst(Pages):
    ordering = "-joined_at"


class Bookings(ListAPIView[Booking]):
    """The driver's bookings that are over, newest first; and placing a new one."""

    permission_classes = (IsAuthenticated,)
    serializer_class = PastBookingShape
    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[Booking]:
        mine = Booking.objects.filter(driver_id=self.request.user.pk, state__in=OVER)
        return mine.select_related("station", "vehicle", "tariff")

    @extend_schema(
        request=PlacingInput,
        responses={201: BookingShape, 200: BookingShape, 422: PROBLEM, **REFUSALS},
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                description="The same key and body give the same booking again (200); another body is refused (422).",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Join the line of a station; promised at once when a pack is free."""
        wish = understood(PlacingInput, request)
        driver, key = _person(request), request.headers.get("Idempotency-Key", "")
        if len(key) > LONGEST_KEY or "\0" in key:
            raise KeyTooLong(_("An Idempotency-Key has at most 80 characters."))
        station = Station.objects.filter(pk=wish["station"]).first()
        vehicle = Vehicle.objects.filter(
            pk=wish["vehicle"], assignments__driver=driver, assignments__ended_at=None
        ).first()
        if station is None:
            raise UnknownStation(_("There is no such station."))
        if vehicle is None:
            raise placing.VehicleNotYours(_("This vehicle is not one of yours."))
        position = _place(wish.get("position"))
        newest = Booking.objects.filter(driver=driver).aggregate(pk=Max("pk"))["pk"] or 0
        booking = patient(placing.place)(
            driver=driver,
            vehicle=vehicle,
            station=station,
            packs_wanted=wish.get("packs_wanted"),
            method=wish["method"],
            position=position,
            drive_seconds=drives.to_station(position, station),
            key=key,
            source=Source.API,
        )
        is_new = booking.pk > newest
        return _shown(driver, booking.public_id, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


class OneBooking(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses={200: BookingShape, **REFUSALS})
    def get(self, request: Request, public_id: UUID) -> Response:
        """The booking as it stands now."""
        return _shown(_person(request), public_id)


class WhyHere(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses={200: WhyShape, **REFUSALS})
    def get(self, request: Request, public_id: UUID) -> Response:
        """Why the booking stands where it stands: how its place came about, and who went ahead by which rule."""
        booking = queries.booking_of(_person(request), public_id)
        found = why.of_booking(booking, queries.card(booking))
        told = {
            "came": why_words.how_it_came(found, booking.station.time_zone),
            "ahead": why_words.who_went_ahead(found),
            "holds": why_words.what_holds(found),
        }
        return Response(WhyShape({"why": found, **told}).data)


class Extend(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=None, responses={200: BookingShape, **REFUSALS})
    def post(self, request: Request, public_id: UUID) -> Response:
        """Ten minutes more, once, asked for before the end."""
        driver = _person(request)
        patient(lifecycle.extend)(booking=queries.booking_of(driver, public_id), by=driver)
        return _shown(driver, public_id)


class Here(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=HereInput, responses={200: BookingShape, **REFUSALS})
    def post(self, request: Request, public_id: UUID) -> Response:
        """ "I'm here", by position or by the poster's token: the clock stops until staff confirm."""
        driver, proof = _person(request), understood(HereInput, request)
        patient(arrival.claim_here)(
            booking=queries.booking_of(driver, public_id),
            position=_place(proof.get("position")),
            poster_token=proof["poster_token"],
            by=driver,
        )
        return _shown(driver, public_id)


class TakeOffer(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=OfferInput, responses={200: BookingShape, **REFUSALS})
    def post(self, request: Request, public_id: UUID) -> Response:
        """Take the packs that are offered though they are not full; `offer_over` after its end."""
        return _answered(request, public_id, lifecycle.take_offer)


class KeepWaiting(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=OfferInput, responses={200: BookingShape, **REFUSALS})
    def post(self, request: Request, public_id: UUID) -> Response:
        """Say no to the packs that are offered; the place in line stays."""
        return _answered(request, public_id, lifecycle.keep_waiting)


class Move(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=OfferInput, responses={200: BookingShape, **REFUSALS})
    def post(self, request: Request, public_id: UUID) -> Response:
        """Move to the station that is offered, with the place of joining; `cannot_serve` if it cannot by now."""
        return _answered(request, public_id, moving.accept)


class Stay(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=OfferInput, responses={200: BookingShape, **REFUSALS})
    def post(self, request: Request, public_id: UUID) -> Response:
        """Say no to the station that is offered; the place in line stays."""
        return _answered(request, public_id, moving.stay)


class Late(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=None, responses={200: BookingShape, **REFUSALS})
    def post(self, request: Request, public_id: UUID) -> Response:
        """Tell the station that the driver comes late, at most once in 5 minutes. It changes no deadline."""
        driver = _person(request)
        patient(lifecycle.tell_late)(booking=queries.booking_of(driver, public_id), by=driver)
        return _shown(driver, public_id)


class Cancel(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=CancelInput, responses={200: BookingShape, **REFUSALS})
    def post(self, request: Request, public_id: UUID) -> Response:
        """Give it up; packs and money are let go. In a promise's last five minutes it counts as a no-show."""
        driver, words = _person(request), understood(CancelInput, request)
        patient(lifecycle.cancel)(booking=queries.booking_of(driver, public_id), by=driver, reason=words["reason"])
        return _shown(driver, public_id)


class Rate(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=RateInput, responses={200: RatingShape, **REFUSALS})
    def post(self, request: Request, public_id: UUID) -> Response:
        """One to five stars for a swap, within 30 days; changed by the same call within a week."""
        given = understood(RateInput, request)
        mine = queries.booking_of(_person(request), public_id)
        return Response(RatingShape(patient(feedback.rate)(booking=mine, **given)).data)


class Reports(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses={200: ReportShape(many=True), 401: PROBLEM, 404: PROBLEM, 429: PROBLEM})
    def get(self, request: Request, public_id: UUID) -> Response:
        """What was reported of the booking, and what was answered."""
        reports = queries.booking_of(_person(request), public_id).reports.order_by("pk")
        return Response(ReportShape(reports, many=True).data)

    @extend_schema(request=ReportInput, responses={201: ReportShape, **REFUSALS})
    def post(self, request: Request, public_id: UUID) -> Response:
        """Say what was wrong, within 30 days after the end; one open report for each matter."""
        told = understood(ReportInput, request)
        mine = queries.booking_of(_person(request), public_id)
        if told["kind"] == ReportKind.CHARGE:
            report = patient(feedback.question_charge)(
                booking=mine, serial=told["pack"], shown_soc_percent=told["shown_soc_percent"], words=told["words"]
            )
        else:
            report = patient(feedback.report)(booking=mine, kind=ReportKind(told["kind"]), words=told["words"])
        return Response(ReportShape(report).data, status=status.HTTP_201_CREATED)


class Vehicles(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses={200: VehicleShape(many=True), 401: PROBLEM})
    def get(self, request: Request) -> Response:
        """The vehicles that the driver may book for."""
        return Response(VehicleShape(vehicles.of_driver(_person(request)), many=True).data)


def _answered(request: Request, public_id: UUID, answer: Callable[..., Booking]) -> Response:
    """An answer names the offer that the program has seen: a later one is another question."""
    driver, given = _person(request), understood(OfferInput, request)
    booking = queries.booking_of(driver, public_id)
    patient(answer)(booking=booking, offer_id=given["offer"], by=driver)
    return _shown(driver, public_id)


def _shown(driver: User, public_id: UUID, number: int = status.HTTP_200_OK) -> Response:
    card = queries.card(queries.booking_of(driver, public_id))
    return Response(BookingShape(card).data, status=number)


def _person(request: Request) -> User:
    return cast(User, request.user)


def _place(given: dict[str, float] | None) -> geo.Place | None:
    return None if given is None else geo.place(latitude=given["latitude"], longitude=given["longitude"])
