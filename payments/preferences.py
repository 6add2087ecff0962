"""Sole writer of PreferredMethod: what a driver pays with first in a network."""

from __future__ import annotations

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import Network, User
from payments.models import PreferredMethod
from payments.providers import INSTALLED, MethodNotOffered
from payments.states import PaymentMode

# Cash is for who stands at the counter; nobody books with it.
NOT_BOOKED_WITH = (PaymentMode.CASH,)


def prefer(*, user: User, network: Network, method: str) -> None:
    """Use this first from now on, where it works. Raises MethodNotOffered."""
    provider = INSTALLED.get(method)
    if provider is None or provider.mode in NOT_BOOKED_WITH:
        raise MethodNotOffered(_("This way to pay is not offered here."))
    PreferredMethod.objects.update_or_create(
        user=user, network=network, defaults={"method": method, "chosen_at": Now()}
    )


def preferred(*, user: User, network: Network) -> str:
    """Empty where nothing was chosen."""
    row = PreferredMethod.objects.filter(user=user, network=network).first()
    return row.method if row else ""


def forget_person(*, user: User) -> None:
    PreferredMethod.objects.filter(user=user).delete()
