"""Addresses of the drivers' pages. Staff have theirs in staff_urls."""

from django.urls import path

from booking.views import demo, favourite, feedback, find, history, mine, notices, on_the_way, reserve, suggest
from booking.views.account import money, rooms
from booking.views.account import vehicles as own_vehicles

app_name = "booking"

urlpatterns = [
    path("", find.find, name="find"),
    path("places/", suggest.suggest, name="places"),
    path("stations/<slug:network>/<slug:code>/", reserve.station, name="station"),
    path("stations/<slug:network>/<slug:code>/keep/", favourite.keep, name="keep"),
    path("booking/", mine.current, name="current"),
    path("b/<uuid:public_id>/", mine.booking, name="booking"),
    path("b/<uuid:public_id>/card/", mine.card, name="card"),
    path("b/<uuid:public_id>/why/", mine.why_here, name="why"),
    path("b/<uuid:public_id>/extend/", mine.extend, name="extend"),
    path("b/<uuid:public_id>/cancel/", mine.cancel, name="cancel"),
    path("b/<uuid:public_id>/here/", mine.here, name="here"),
    path("b/<uuid:public_id>/position/", mine.position, name="position"),
    path("b/<uuid:public_id>/take-fewer/", mine.take_fewer, name="take_fewer"),
    path("b/<uuid:public_id>/offer/take/", on_the_way.take_offer, name="take_offer"),
    path("b/<uuid:public_id>/move/", on_the_way.move, name="move"),
    path("b/<uuid:public_id>/move/stay/", on_the_way.stay, name="stay"),
    path("b/<uuid:public_id>/offer/keep-waiting/", on_the_way.keep_waiting, name="keep_waiting"),
    path("b/<uuid:public_id>/late/", on_the_way.late, name="late"),
    path("b/<uuid:public_id>/late/position/", on_the_way.late_position, name="late_position"),
    path("b/<uuid:public_id>/pay/", mine.pay, name="pay"),
    path("b/<uuid:public_id>/dispute/", mine.dispute, name="dispute"),
    path("b/<uuid:public_id>/rate/", feedback.rate, name="rate"),
    path("b/<uuid:public_id>/report/", feedback.report, name="report"),
    path("b/<uuid:public_id>/charge/", feedback.charge, name="charge"),
    path("b/<uuid:public_id>/receipt/", history.receipt, name="receipt"),
    path("b/<uuid:public_id>/receipt.pdf", history.receipt_as_pdf, name="receipt_pdf"),
    path("b/<uuid:public_id>/demo/<slug:lever>/", demo.pull, name="demo"),
    path("h/<str:token>/", mine.poster, name="poster"),
    path("history/", history.history, name="history"),
    path("history/swaps.csv", history.export, name="history_csv"),
    path("account/", rooms.account, name="account"),
    path("account/name/", rooms.rename, name="rename"),
    path("account/vehicles/", own_vehicles.room, name="vehicles"),
    path("account/vehicles/add/", own_vehicles.add, name="add_vehicle"),
    path("account/vehicles/<int:vehicle_id>/", own_vehicles.edit, name="edit_vehicle"),
    path("account/vehicles/<int:vehicle_id>/choose/", own_vehicles.choose, name="choose_vehicle"),
    path("account/vehicles/<int:vehicle_id>/let-go/", own_vehicles.let_go, name="let_vehicle_go"),
    path("account/payment/", money.payment, name="payment"),
    path("account/wallet/", money.room, name="wallets"),
    path("account/wallet/<slug:network>/", money.one_wallet, name="wallet"),
    path("account/wallet/<slug:network>/top-up/", money.add_money, name="add_money"),
    path("account/notifications/", notices.notifications, name="notifications"),
    path("account/notifications/test/", notices.test, name="test_notice"),
    path("account/notifications/not-now/", notices.not_now, name="push_not_now"),
    path("account/notifications/phones/", notices.tell_this_phone, name="push_subscribe"),
    path("account/notifications/phones/seen/", notices.phone_seen, name="push_seen"),
    path("account/notifications/phones/renewed/", notices.phone_renewed, name="push_renewed"),
    path("account/notifications/phones/<int:phone_id>/remove/", notices.remove_phone, name="push_remove"),
    path("n/off/<str:token>/", notices.off, name="notices_off"),
    path("rules/", rooms.rules, name="rules"),
]
