"""What accounts does when somebody signs in or out."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import devices, people, push
from accounts.models import User
from accounts.signals import access_changed


@receiver(user_logged_out, dispatch_uid="accounts.tell_of_sign_out")
def tell_of_sign_out(*, request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        devices.forget_session(session_key=request.session.session_key)
        access_changed.send(sender=User, user=user, session_key=request.session.session_key)


@receiver(user_logged_out, dispatch_uid="accounts.tell_this_phone_no_more")
def tell_this_phone_no_more(*, request: HttpRequest, user: User | None, **_: Any) -> None:
    told_here = request.session.get(push.SESSION_KEY)
    if user is not None and isinstance(told_here, int):
        push.signed_out(user=user, subscription_id=told_here)


@receiver(user_logged_in, dispatch_uid="accounts.note_sign_in")
def note_sign_in(*, request: HttpRequest, user: User, **_: Any) -> None:
    """When somebody proved who they are: what concerns all of their data is done soon after, or not."""
    request.session[devices.SIGNED_IN_AT] = time.time()
    devices.forget_ended(user=user)


@receiver(user_logged_in, dispatch_uid="accounts.keep_chosen_language")
def keep_chosen_language(*, request: HttpRequest, user: User, **_: Any) -> None:
    """A language chosen before signing in stays chosen, unless the person has one already."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if not user.language and chosen in dict(settings.LANGUAGES):
        # Who is being deleted elsewhere is signed in for nothing, and not with an error.
        with suppress(people.PersonDeleted):
            people.speak(user=user, language=chosen)
