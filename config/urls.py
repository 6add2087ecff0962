"""Where every address leads."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config import phone_app
from config.styleguide import styleguide
from config.tiles import tiles

urlpatterns: list[URLPattern | URLResolver] = [
    path("styleguide/", styleguide, name="styleguide"),
    path("tiles/<str:name>", tiles, name="tiles"),
    path("manifest.webmanifest", phone_app.manifest, name="manifest"),
    path("sw.js", phone_app.worker, name="worker"),
    path("offline/", phone_app.offline, name="offline"),
    path("", include("accounts.urls")),
    path("finance/", include("payments.urls")),
    path("", include("booking.urls")),
    path("api/v1/", include(("config.api_urls", "api"))),
    path("staff/", include("booking.staff_urls")),
    path("fleet/", include("booking.fleet_urls")),
    path("admin/", admin.site.urls),
]
