"""Sole writer of Membership: who is given which role where, and when it ends."""

from __future__ import annotations

from typing import ClassVar

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.access import ROLES_OF_THE_OPERATOR, ROLES_WITH_PASSWORD
from accounts.models import AccessChange, Membership, Organisation, Role, User
from accounts.refusals import Refusal
from accounts.signals import access_changed


class RoleHeldAlready(Refusal):
    code: ClassVar[str] = "role_held_already"


class RoleOfTheOperator(Refusal):
    code: ClassVar[str] = "role_of_the_operator"


class EmailMissing(Refusal):
    code: ClassVar[str] = "email_missing"


class RoleEndedAlready(Refusal):
    code: ClassVar[str] = "role_ended_already"


@transaction.atomic
def grant(*, user: User, organisation: Organisation, role: Role, by: User | None, reason: str = "") -> Membership:
    """Give a role from now on. Raises RoleHeldAlready, RoleOfTheOperator and EmailMissing."""
    if role in ROLES_OF_THE_OPERATOR and not organisation.is_operator:
        raise RoleOfTheOperator(_("Only the operator's own organisation has people in this role."))
    if role in ROLES_WITH_PASSWORD and not user.email:
        # A code lets nobody into these roles any more, so a person without an address would be locked out.
        raise EmailMissing(_("This role signs in with e-mail and password, and the person has no e-mail address yet."))
    try:
        with transaction.atomic():
            membership = Membership.objects.create(user=user, organisation=organisation, role=role)
    except IntegrityError as refused:
        if "one_live_membership_per_role" not in str(refused):
            raise
        raise RoleHeldAlready(
            _("%(person)s already has this role at %(organisation)s.") % {"person": user, "organisation": organisation}
        ) from None
    _tell(membership, AccessChange.What.GRANTED, by=by, reason=reason)
    return membership


@transaction.atomic
def end(*, membership: Membership, by: User | None, reason: str = "") -> Membership:
    """Take a role away from now on. Raises RoleEndedAlready."""
    membership = Membership.objects.select_for_update().get(pk=membership.pk)
    if membership.ended_at is not None:
        raise RoleEndedAlready(_("This role has ended already."))
    membership.ended_at = Now()
    membership.save(update_fields=["ended_at"])
    membership.refresh_from_db(fields=["ended_at"])
    _tell(membership, AccessChange.What.ENDED, by=by, reason=reason)
    return membership


def _tell(membership: Membership, what: AccessChange.What, *, by: User | None, reason: str) -> None:
    AccessChange.objects.create(user=membership.user, what=what, membership=membership, by=by, reason=reason)
    access_changed.send(sender=User, user=membership.user, session_key=None)
