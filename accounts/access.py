"""Who may do what: reads of live memberships. An ended role, or a blocked person's, counts for nothing.

Being a superuser is a matter of the back office and gives no role: nobody approves or confirms unseen.
"""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import Membership, MembershipQuerySet, Network, Organisation, Role, User

# These see money, or other people's bookings, so a code by e-mail or SMS alone does not let them in.
ROLES_WITH_PASSWORD = (Role.STAFF, Role.FINANCE, Role.OPERATOR)
# These see a whole network, so another party's organisation cannot give them.
ROLES_OF_THE_OPERATOR = (Role.FINANCE, Role.OPERATOR)


def person_of(request: HttpRequest) -> User:
    """Who asks. The guard before the page has made sure that there is somebody."""
    assert isinstance(request.user, User)
    return request.user


def memberships(user: User | AnonymousUser) -> MembershipQuerySet:
    """What a person may do now, each with its organisation and network."""
    if not isinstance(user, User):
        return Membership.objects.none()
    held = Membership.objects.live().of(user).select_related("organisation__network")
    return held.exclude(role__in=ROLES_OF_THE_OPERATOR, organisation__is_operator=False)


def has_role(
    user: User | AnonymousUser,
    *roles: Role,
    network: Network | None = None,
    organisation: Organisation | None = None,
) -> bool:
    """Whether a person has one of these roles: anywhere, in one network, or at one organisation."""
    held = memberships(user).as_role(*roles)
    if network is not None:
        held = held.filter(organisation__network=network)
    if organisation is not None:
        held = held.filter(organisation=organisation)
    return held.exists()


def networks_with_role(user: User | AnonymousUser, *roles: Role) -> QuerySet[Network]:
    held = memberships(user).as_role(*roles)
    return Network.objects.filter(pk__in=held.values("organisation__network"))


def networks_for_finance(user: User | AnonymousUser) -> QuerySet[Network]:
    """Whose money a person may look at."""
    return networks_with_role(user, Role.FINANCE)


def networks_for_operator(user: User | AnonymousUser) -> QuerySet[Network]:
    return networks_with_role(user, Role.OPERATOR)


def organisations_with_role(user: User | AnonymousUser, *roles: Role) -> QuerySet[Organisation]:
    """For owners and fleet managers: the organisations they act for."""
    return Organisation.objects.filter(pk__in=memberships(user).as_role(*roles).values("organisation"))


def signs_in_with_password(user: User) -> bool:
    return user.is_staff or user.is_superuser or has_role(user, *ROLES_WITH_PASSWORD)
