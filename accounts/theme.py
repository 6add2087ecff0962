"""Day or night: a person's choice of colours, in a cookie that the server reads before it draws."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts import returning

COOKIE = "theme"
# Empty: as the phone has it.
THEMES: dict[str, Promise] = {"": _("As on this device"), "light": _("Day"), "dark": _("Night")}


def chosen(request: HttpRequest) -> str:
    kept = request.COOKIES.get(COOKIE, "")
    return kept if kept in THEMES else ""


def for_pages(request: HttpRequest) -> dict[str, str]:
    """Context processor: `theme` stands on <html>, so that the first paint has it, with script or without."""
    return {"theme": chosen(request)}


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    theme = request.POST.get("theme", "")
    response = HttpResponseRedirect(returning.where_from(request))
    if theme not in THEMES:
        return response
    if not theme:
        response.delete_cookie(COOKIE, samesite="Lax")
        return response
    # Script changes it as well, without a round trip: so it is not HttpOnly.
    response.set_cookie(
        COOKIE, theme, max_age=settings.SESSION_COOKIE_AGE, secure=settings.LANGUAGE_COOKIE_SECURE, samesite="Lax"
    )
    return response
