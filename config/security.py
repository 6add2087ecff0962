"""Which content pages may load, per part of the site; and who may keep them."""

from collections.abc import Callable

from csp.constants import NONCE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers

BACK_OFFICE = "/admin/"
# The back office's look is built on Alpine, which evaluates expressions and writes style attributes.
BACK_OFFICE_POLICY = {"script-src": [SELF, NONCE, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
# A page with a map on it (booking.templatetags.station_map) may ask one more site, in one way.
TILES_COME_BY = {"raster": "img-src", "vector": "connect-src"}


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """Strict everywhere but in the back office, which drivers, staff and finance never see."""

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001 - django-csp's signature
    ) -> PolicyParts:
        parts = super().get_policy_parts(request=request, response=response, report_only=report_only)
        if request.path_info.startswith(BACK_OFFICE) and parts.replace is None:
            parts.replace = BACK_OFFICE_POLICY
        tiles = getattr(request, "map_tiles", None)
        if tiles is not None and tiles.origin:
            parts.update = {**(parts.update or {}), TILES_COME_BY[tiles.kind]: [tiles.origin]}
        return parts


class PrivatePagesMiddleware:
    """What is made for one person is kept by no cache, nor on the disk of a borrowed phone, unless its view says how.

    Somebody without an account counts as well: their session knows where they are. The service worker keeps the pages
    that it needs in a store of its own, which ends with the sign-in. Stands after authentication.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        # After a failure the session may be out of reach.
        says_how = response.has_header("Cache-Control") or response.status_code >= 500
        if not says_how and (request.user.is_authenticated or not request.session.is_empty()):
            add_never_cache_headers(response)
        return response
