"""Django's sessions in the database, for keys that can be there."""

from __future__ import annotations

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """A cookie may hold anything; PostgreSQL refuses a NUL byte even in a question."""

    def _validate_session_key(self, key: str | None) -> bool:
        # Django makes keys of letters and digits alone.
        return key is not None and len(key) >= 8 and key.isalnum()
