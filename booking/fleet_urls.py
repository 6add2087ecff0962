"""Addresses of a fleet's managers, under /fleet/."""

from django.urls import path

from booking.views import fleet

app_name = "fleet"

urlpatterns = [
    path("", fleet.blocks, name="blocks"),
    path("<int:fleet_id>/new/", fleet.new, name="new"),
    path("b/<uuid:public_id>/", fleet.block, name="block"),
    path("b/<uuid:public_id>/cancel/", fleet.cancel, name="cancel"),
    path("b/<uuid:public_id>/<int:number>/cancel/", fleet.cancel, name="cancel_vehicle"),
]
