"""Tokens of programs: how the API knows who asks when no browser does."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import TokenAuthentication


class Tokens(TokenAuthentication):
    """As the framework has it, but for a sign that the database takes in no text: it is in no token either."""

    def authenticate_credentials(self, key: str) -> Any:
        return super().authenticate_credentials(key.replace("\0", " "))
