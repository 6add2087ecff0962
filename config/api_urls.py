"""The addresses of the API. `/api/v1/` is stable: what it answers may grow, and loses nothing."""

from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView

from booking.api import bookings, fleets, staff, stations
from config.api import Docs, Nothing, Root
from payments import api as payments

urlpatterns = [
    path("", Root.as_view(), name="root"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", Docs.as_view(), name="docs"),
    path("stations/nearby/", stations.Nearby.as_view(), name="nearby"),
    path("stations/<int:station_id>/line/", stations.LineSnapshot.as_view(), name="line"),
    path("tariffs/", stations.Tariffs.as_view(), name="tariffs"),
    path("vehicles/", bookings.Vehicles.as_view(), name="vehicles"),
    path("bookings/", bookings.Bookings.as_view(), name="bookings"),
    path("bookings/<uuid:public_id>/", bookings.OneBooking.as_view(), name="booking"),
    path("bookings/<uuid:public_id>/why/", bookings.WhyHere.as_view(), name="why"),
    path("bookings/<uuid:public_id>/extend/", bookings.Extend.as_view(), name="extend"),
    path("bookings/<uuid:public_id>/here/", bookings.Here.as_view(), name="here"),
    path("bookings/<uuid:public_id>/offer/take/", bookings.TakeOffer.as_view(), name="take-offer"),
    path("bookings/<uuid:public_id>/move/", bookings.Move.as_view(), name="move"),
    path("bookings/<uuid:public_id>/move/stay/", bookings.Stay.as_view(), name="stay"),
    path("bookings/<uuid:public_id>/offer/keep-waiting/", bookings.KeepWaiting.as_view(), name="keep-waiting"),
    path("bookings/<uuid:public_id>/late/", bookings.Late.as_view(), name="late"),
    path("bookings/<uuid:public_id>/cancel/", bookings.Cancel.as_view(), name="cancel"),
    path("bookings/<uuid:public_id>/rating/", bookings.Rate.as_view(), name="rating"),
    path("bookings/<uuid:public_id>/reports/", bookings.Reports.as_view(), name="reports"),
    path("fleet-vehicles/", fleets.FleetVehicles.as_view(), name="fleet-vehicles"),
    path("fleet-blocks/", fleets.FleetBlocks.as_view(), name="fleet-blocks"),
    path("fleet-blocks/<uuid:block_id>/", fleets.OneFleetBlock.as_view(), name="fleet-block"),
    path(
        "fleet-blocks/<uuid:block_id>/vehicles/<int:number>/",
        fleets.OneFleetBlockVehicle.as_view(),
        name="fleet-block-vehicle",
    ),
    path("staff/stations/<int:station_id>/arrivals/", staff.ConfirmArrival.as_view(), name="arrivals"),
    path("staff/stations/<int:station_id>/bookings/<uuid:public_id>/start/", staff.Start.as_view(), name="start"),
    path("staff/stations/<int:station_id>/bookings/<uuid:public_id>/old-in/", staff.OldIn.as_view(), name="old-in"),
    path("staff/stations/<int:station_id>/bookings/<uuid:public_id>/new-out/", staff.NewOut.as_view(), name="new-out"),
    path("staff/stations/<int:station_id>/bookings/<uuid:public_id>/finish/", staff.Finish.as_view(), name="finish"),
    path("statements/", payments.Statements.as_view(), name="statements"),
    path("statements/<int:pk>/", payments.OneStatement.as_view(), name="statement"),
    re_path(r"^.*/$", Nothing.as_view()),
]
