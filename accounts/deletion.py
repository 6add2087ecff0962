"""Sole writer of Deletion: a person leaves, the books stay. The rules: docs/rules/your-data.md."""

from __future__ import annotations

from typing import ClassVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import keeping, lock_waits, people
from accounts.keeping import Hindrance
from accounts.models import Deletion, User
from accounts.refusals import Refusal
from accounts.signals import access_changed


class CannotDeleteYet(Refusal):
    """Something has to be settled first; `hindrances` says what."""

    code: ClassVar[str] = "cannot_delete_yet"

    def __init__(self, hindrances: list[Hindrance]) -> None:
        self.hindrances = hindrances
        super().__init__(_("Something has to be settled first: %(what)s") % {"what": hindrances[0].sentence})


@transaction.atomic
def delete(*, person: User, by: User | None = None, reason: str = "") -> Deletion:
    """Make a person nobody; `by` is who does it for them. Locks the person's row, so that nothing new can come to them.

    Raises CannotDeleteYet, people.PersonDeleted, and OperationalError (55P03) when the row is not had in time.
    """
    lock_waits.limit()
    person = User.objects.select_for_update().get(pk=person.pk)
    if person.deleted_at is not None:
        raise people.PersonDeleted(_("This account has been deleted."))
    if standing := keeping.hindrances(person):
        raise CannotDeleteYet(standing)
    now = timezone.now()
    for keeper in keeping.keepers():
        keeper.forget(person)
    people.erase(user=person, at=now)
    access_changed.send(sender=User, user=person, session_key=None)
    return Deletion.objects.create(person=person, at=now, by=by, reason=reason.strip()[:300])
