"""Who may have which socket: asked when it opens, and again and again while it is open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db.models.functions import Now

from accounts.access import memberships
from accounts.models import Role, User
from booking.models import Booking
from stations.models import Post


@dataclass(frozen=True, slots=True)
class Right:
    """By what a socket is open: this session of this person, and for a board the post at this station."""

    user_id: int
    session_key: str
    session_hash: str
    posted_at: int | None = None


def booking_for(user: User, public_id: UUID) -> tuple[int, int] | None:
    """Booking and station ids of a driver's own booking; None for everybody else's, as if it did not exist (P5)."""
    return Booking.objects.filter(driver=user, public_id=public_id).values_list("pk", "station_id").first()


def board_for(user: User, station_id: int) -> int | None:
    """The station's id when this person is posted there as staff."""
    posts = Post.objects.filter(station_id=station_id, membership__in=memberships(user).as_role(Role.STAFF))
    return station_id if posts.exists() else None


def ended(rights: Iterable[Right]) -> set[Right]:
    """Those that count no more: signed out, another password, blocked, or no longer posted. A few queries for all."""
    asked = set(rights)
    sessions = set(
        Session.objects.filter(session_key__in={r.session_key for r in asked}, expire_date__gt=Now()).values_list(
            "session_key", flat=True
        )
    )
    people = User.objects.only("password", "is_active").in_bulk({r.user_id for r in asked})
    posted = _posts({r.user_id for r in asked if r.posted_at is not None})
    return {
        right
        for right in asked
        if right.session_key not in sessions
        or (person := people.get(right.user_id)) is None
        or not person.is_active
        or person.get_session_auth_hash() != right.session_hash
        or (right.posted_at is not None and (right.user_id, right.posted_at) not in posted)
    }


def _posts(user_ids: set[int]) -> set[tuple[int, int]]:
    if not user_ids:
        return set()
    live = Post.objects.filter(membership__user__in=user_ids, membership__role=Role.STAFF, membership__ended_at=None)
    return set(live.values_list("membership__user_id", "station_id"))
