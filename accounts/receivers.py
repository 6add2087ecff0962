"""What accounts does when somebody signs in or out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import people
from accounts.models import User
from accounts.signals import access_changed


@receiver(user_logged_out, dispatch_uid="accounts.tell_of_sign_out")
def tell_of_sign_out(*, request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        access_changed.send(sender=User, user=user, session_key=request.session.session_key)


@receiver(user_logged_in, dispatch_uid="accounts.keep_chosen_language")
def keep_chosen_language(*, request: HttpRequest, user: User, **_: Any) -> None:
    """A language chosen before signing in stays chosen, unless the person has one already."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if not user.language and chosen in dict(settings.LANGUAGES):
        people.speak(user=user, language=chosen)
