"""The real addresses and a service worker that does nothing but what push needs."""

from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import path

from config.urls import urlpatterns as real_addresses


def worker(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f'importScripts("{static("js/push-events.js")}");', content_type="text/javascript")


urlpatterns = [path("sw.js", worker), *real_addresses]
