"""The API's front door: where to go from `/api/v1/`, and the scheme by which a token is sent."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView


class Docs(SpectacularSwaggerSplitView):
    """The API's browser page, in two parts and without inline script or style: our policy refuses those."""

    url_name = "api:schema"
    template_name = "api/docs.html"


SECTIONS = (
    "schema",
    "docs",
    "nearby",
    "tariffs",
    "vehicles",
    "bookings",
    "fleet-vehicles",
    "fleet-blocks",
    "statements",
)


class Root(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """The addresses one starts from."""
        return Response({name: reverse(f"api:{name}", request=request) for name in SECTIONS})


@extend_schema(exclude=True)
class Nothing(APIView):
    """Any other address: a program gets a problem that it can read, not a page."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Http404
