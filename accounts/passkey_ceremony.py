"""Asks a browser to make or to use a passkey, and checks its answer.

The cryptography is fido2's, and the challenge's place in the session is allauth's. The choices are ours: the device
keeps the passkey itself and asks for the finger, face or PIN, so that one tap is two factors; a challenge is good for
one answer, right or wrong.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from ipaddress import ip_address
from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from cryptography.exceptions import UnsupportedAlgorithm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import passkeys
from accounts.models import User
from accounts.refusals import Refusal

# Whatever a made-up answer makes the parsers of JSON, CBOR and COSE stumble over.
BROKEN = (
    ValidationError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    NotImplementedError,
    RecursionError,
    struct.error,
    UnsupportedAlgorithm,
)


class PasskeyNotAccepted(Refusal):
    code: ClassVar[str] = "passkey_not_accepted"


def are_possible(request: HttpRequest) -> bool:
    """Whether browsers would make a passkey here: it belongs to a name, never to an IP address, and needs HTTPS."""
    host = request.get_host()
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return request.is_secure()
    return False


def options_to_create(user: User) -> dict[str, Any]:
    options: dict[str, Any] = auth.begin_registration(user, passwordless=True)
    return options


def options_to_use() -> dict[str, Any]:
    """For whoever signs in: nobody has said yet who they are."""
    options: dict[str, Any] = auth.begin_authentication(None)
    return options


def check_new(answer: dict[str, Any]) -> None:
    """Raises PasskeyNotAccepted."""
    with _one_answer():
        binding = auth.complete_registration(answer)
        # It must be readable again at every sign-in.
        if binding.credential_data is None:
            raise ValueError("an answer without a credential")


def prove(answer: dict[str, Any], *, by: User | None = None, now: datetime) -> Authenticator:
    """The passkey that gave this answer; its use is noted. `by`: only a passkey of this person counts.

    Raises PasskeyNotAccepted and passkeys.PasskeyCopied.
    """
    with _one_answer():
        uses = auth.parse_authentication_response(answer).response.authenticator_data.counter
        passkey = auth.complete_authentication(by or auth.extract_user_from_response(answer), answer)
    return passkeys.use(passkey=passkey, uses=uses, now=now)


@contextmanager
def _one_answer() -> Iterator[None]:
    try:
        yield
    except (*BROKEN, AssertionError) as broken:
        raise PasskeyNotAccepted(_("That passkey did not work here. Sign in with a code instead.")) from broken
    finally:
        auth.clear_state()
