"""Our addresses, and one that always fails."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.urls import urlpatterns as ours


def fails(request: HttpRequest) -> HttpResponse:
    raise RuntimeError


urlpatterns = [path("fails/", fails), *ours]
