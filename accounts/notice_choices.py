"""Sole writer of NoticeChoice and PushAnswer: what people want to be told by which way, and whether they were asked."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import NoticeChoice, PushAnswer, User

# A subject (what it is about) and a way (push, e-mail, SMS), by the codes that their owners give them.
Choice = tuple[str, str]


def of(user: User) -> dict[Choice, bool]:
    """Where this person wants it otherwise than usual."""
    return {(row.subject, row.way): row.wanted for row in NoticeChoice.objects.filter(user=user)}


@transaction.atomic
def choose(*, user: User, wanted: Mapping[Choice, bool], usual: Mapping[Choice, bool]) -> None:
    """Keep only what differs from the usual, so that who has chosen nothing follows when the usual changes.

    Locks the person.
    """
    list(User.objects.select_for_update(no_key=True).filter(pk=user.pk).values_list("pk"))
    for (subject, way), wants in wanted.items():
        if wants == usual[subject, way]:
            NoticeChoice.objects.filter(user=user, subject=subject, way=way).delete()
        else:
            NoticeChoice.objects.update_or_create(user=user, subject=subject, way=way, defaults={"wanted": wants})


def answered(*, user: User, said_yes: bool) -> None:
    PushAnswer.objects.update_or_create(user=user, defaults={"said_yes": said_yes, "at": Now()})


def has_answered(user: User) -> bool:
    return PushAnswer.objects.filter(user=user).exists()


def forget_person(*, user: User) -> None:
    NoticeChoice.objects.filter(user=user).delete()
    PushAnswer.objects.filter(user=user).delete()
