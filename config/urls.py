"""Where every address leads."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config import health
from config.styleguide import styleguide

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("styleguide/", styleguide, name="styleguide"),
    path("", include("accounts.urls")),
    path("admin/", admin.site.urls),
]
