"""What the log says of a request: its route, never where somebody is or which secret stands in the address."""

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware


class RouteLog(RequestMiddleware):
    """Positions stand in queries, and reset keys and posters' tokens in paths: neither belongs into logs.

    Before an address is resolved, and where none is, only the method is told.
    """

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        match = request.resolver_match
        return f"{request.method} /{match.route}" if match is not None else f"{request.method}"
