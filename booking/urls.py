"""Addresses of the drivers' pages. Staff have theirs in staff_urls."""

from django.urls import path

from booking.views import account, demo, find, history, mine, reserve

app_name = "booking"

urlpatterns = [
    path("", find.find, name="find"),
    path("stations/<slug:network>/<slug:code>/", reserve.station, name="station"),
    path("booking/", mine.current, name="current"),
    path("b/<uuid:public_id>/", mine.booking, name="booking"),
    path("b/<uuid:public_id>/card/", mine.card, name="card"),
    path("b/<uuid:public_id>/extend/", mine.extend, name="extend"),
    path("b/<uuid:public_id>/cancel/", mine.cancel, name="cancel"),
    path("b/<uuid:public_id>/here/", mine.here, name="here"),
    path("b/<uuid:public_id>/position/", mine.position, name="position"),
    path("b/<uuid:public_id>/take-fewer/", mine.take_fewer, name="take_fewer"),
    path("b/<uuid:public_id>/pay/", mine.pay, name="pay"),
    path("b/<uuid:public_id>/dispute/", mine.dispute, name="dispute"),
    path("b/<uuid:public_id>/receipt/", history.receipt, name="receipt"),
    path("b/<uuid:public_id>/demo/<slug:lever>/", demo.pull, name="demo"),
    path("h/<str:token>/", mine.poster, name="poster"),
    path("history/", history.history, name="history"),
    path("account/", account.account, name="account"),
    path("account/name/", account.rename, name="rename"),
    path("account/top-up/", account.top_up, name="top_up"),
    path("account/vehicles/add/", account.add_vehicle, name="add_vehicle"),
    path("account/vehicles/<int:vehicle_id>/let-go/", account.let_vehicle_go, name="let_vehicle_go"),
    path("rules/", account.rules, name="rules"),
]
