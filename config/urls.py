"""Where every address leads."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config.styleguide import styleguide

urlpatterns: list[URLPattern | URLResolver] = [
    path("styleguide/", styleguide, name="styleguide"),
    path("", include("accounts.urls")),
    path("finance/", include("payments.urls")),
    path("", include("booking.urls")),
    path("api/v1/", include(("config.api_urls", "api"))),
    path("staff/", include("booking.staff_urls")),
    path("admin/", admin.site.urls),
]
