"""What allauth asks of us about second factors and passkeys: secrets encrypted at rest, and the names phones show."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from accounts.models import User
from accounts.phones import spoken

PURPOSE = b"swapline second factor:"


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """A copy of the database alone opens no account."""

    def is_mfa_enabled(self, user: User | AnonymousUser, types: Iterable[str] | None = None) -> bool:
        """A passkey is another way in; a second factor only if it was made by somebody who had given a password.

        So a driver who has lost the phone gets in by a code alone, and nobody of finance by a password alone.
        """
        held = Authenticator.objects.filter(user_id=user.pk)
        if types is not None:
            held = held.filter(type__in=types)
        return bool(held.filter(~Q(type=Authenticator.Type.WEBAUTHN) | Q(data__with_password=True)).exists())

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """A passkey belongs to this name for ever: it is worthless on another."""
        return {
            "id": settings.PASSKEY_DOMAIN or super().get_public_key_credential_rp_entity()["id"],
            "name": "Swapline",
        }

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, object]:
        known_by = spoken(user.phone) if user.phone else user.email
        names = {"name": known_by, "display_name": user.name or known_by}
        return {**super().get_public_key_credential_user_entity(user), **names}

    def encrypt(self, text: str) -> str:
        return _locks().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _locks().decrypt(encrypted_text.encode()).decode()


def _locks() -> MultiFernet:
    """The first key encrypts; those of SECRET_KEY_FALLBACKS still decrypt after SECRET_KEY was replaced."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(PURPOSE + str(key).encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
