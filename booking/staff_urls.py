"""Addresses of a station's console, under /staff/."""

from django.urls import URLPattern, URLResolver, include, path

from booking.views import staff, staff_bookings, staff_forecast, staff_packs, staff_swap, staff_walk_in

app_name = "staff"

_booking = [
    path("", staff_bookings.booking, name="booking"),
    path("swap/", staff_swap.swap, name="swap"),
    path("swap/old-in/", staff_swap.old_in, name="old_in"),
    path("swap/new-out/", staff_swap.new_out, name="new_out"),
    path("swap/finish/", staff_swap.finish, name="finish"),
    path("<slug:act>/", staff_bookings.act, name="act"),
]

_station: list[URLPattern | URLResolver] = [
    path("", staff.board, name="board"),
    path("board/", staff.fragment, name="fragment"),
    path("arrive/", staff_bookings.arrive, name="arrive"),
    path("walk-in/", staff_walk_in.walk_in, name="walk_in"),
    path("packs/", staff_packs.packs, name="packs"),
    path("poster/", staff_packs.poster, name="poster"),
    path("packs/<slug:kind>/<int:pk>/<slug:act>/", staff_packs.act, name="metal"),
    path("station/<slug:act>/", staff_packs.station_act, name="station"),
    path("b/<uuid:public_id>/", include(_booking)),
]

urlpatterns = [
    path("", staff.stations, name="stations"),
    path("forecast/", staff_forecast.forecast, name="forecast"),
    path("<slug:network>/<slug:station>/", include(_station)),
]
