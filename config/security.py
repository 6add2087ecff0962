"""Which content pages may load, per part of the site."""

from csp.constants import NONCE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase

BACK_OFFICE = "/admin/"
# The back office's look is built on Alpine, which evaluates expressions and writes style attributes.
BACK_OFFICE_POLICY = {"script-src": [SELF, NONCE, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


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
        return parts
