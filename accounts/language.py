"""Which language a person reads: their own choice first, then the browser's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils import translation
from django.views.decorators.http import require_POST

from accounts import people, returning
from accounts.models import User


class ChosenLanguageMiddleware:
    """Shows pages in the language that a signed-in person chose, on whatever device. Stands after authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        chosen = getattr(request.user, "language", "")
        if chosen in dict(settings.LANGUAGES) and chosen != translation.get_language():
            translation.activate(chosen)
            request.LANGUAGE_CODE = chosen
        return self.get_response(request)


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the choice with the person, and in a cookie for when nobody is signed in."""
    language = request.POST.get("language", "")
    response = HttpResponseRedirect(returning.where_from(request))
    if language not in dict(settings.LANGUAGES):
        return response
    if isinstance(request.user, User):
        # Who is being deleted in another tab keeps the choice in this browser alone.
        with suppress(people.PersonDeleted):
            people.speak(user=request.user, language=language)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.SESSION_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
    )
    return response
