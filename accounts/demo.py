"""The demo's sign-ins: who can be tried at a tap. Outside the demo there are none."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User


@dataclass(frozen=True)
class DemoSignIn:
    """One sign-in. Drivers have a phone number and no password: their code is shown on the page."""

    role: Promise
    name: str
    login: str
    password: str = ""
    note: str | Promise = ""


# The demo's data gives these people their roles, stations and vehicles.
PASSWORD = "swapline-demo"  # noqa: S105 - printed on the sign-in page of a network that does not exist
SIGN_INS = (
    DemoSignIn(_("Driver in Lisbon"), "Asha Ferreira", "+351912000001"),
    DemoSignIn(_("Driver in Bangkok"), "Bala Srisuk", "+66812000001"),
    DemoSignIn(_("Driver in Shenzhen"), "Chen Yu", "+8613812000001"),
    DemoSignIn(_("Fleet driver, on account"), "João Sá", "+351912000002"),
    DemoSignIn(_("Station staff"), "Duarte Lopes", "staff@demo.example", PASSWORD),
    DemoSignIn(_("Finance"), "Elsa Martins", "finance@demo.example", PASSWORD),
    DemoSignIn(_("Finance, the second pair of eyes"), "Filipe Costa", "finance2@demo.example", PASSWORD),
    DemoSignIn(_("Operator"), "Graça Nunes", "operator@demo.example", PASSWORD),
    DemoSignIn(_("Station owner"), "Hugo Reis", "owner@demo.example", PASSWORD),
    DemoSignIn(_("Fleet manager"), "Inês Prado", "fleet@demo.example", PASSWORD),
)


def demo_sign_ins() -> list[DemoSignIn]:
    """The sign-ins whose people exist; none outside the demo."""
    if not settings.DEMO:
        return []
    logins = [sign_in.login for sign_in in SIGN_INS]
    people = User.objects.filter(Q(phone__in=logins) | Q(email__in=logins), is_active=True)
    known = {login for pair in people.values_list("phone", "email") for login in pair}
    return [sign_in for sign_in in SIGN_INS if sign_in.login in known]


def demo_person(login: str) -> User | None:
    """The person of one of the demo's sign-ins; nobody else, and nobody at all outside the demo."""
    if not settings.DEMO or login not in {sign_in.login for sign_in in SIGN_INS}:
        return None
    person = User.objects.known_by(email=login) if "@" in login else User.objects.known_by(phone=login)
    return person if person is not None and person.is_active else None
