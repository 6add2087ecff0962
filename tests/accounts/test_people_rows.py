"""What the database itself says about people and roles."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Membership, Network, Organisation, Role, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation() -> Organisation:
    network = Network.objects.create(
        code="lisboa", name="Lisboa Swap", country="PT", currency="EUR", time_zone="Europe/Lisbon"
    )
    return Organisation.objects.create(network=network, code="taxis", name="Taxis do Tejo")


def refused_by(constraint: str) -> "pytest.RaisesExc[IntegrityError]":
    return pytest.raises(IntegrityError, match=constraint)


def test_a_person_with_neither_phone_nor_email_is_refused() -> None:
    with refused_by("person_has_phone_or_email"), transaction.atomic():
        User.objects.create_user(name="Nobody")


def test_two_people_never_share_an_email_in_another_case() -> None:
    User.objects.create_user(email="Asha@Example.com")

    with refused_by("one_person_per_email_whatever_its_case"), transaction.atomic():
        User(email="ASHA@example.com").save()


def test_the_manager_stores_an_email_in_lower_case() -> None:
    asha = User.objects.create_user(email="Asha@Example.COM")

    assert asha.email == "asha@example.com"


@pytest.mark.parametrize("phone", ["0812345678", "+0812345678", "+351 912 345 678", "+351"])
def test_a_phone_number_that_is_not_e164_is_refused_by_the_database(phone: str) -> None:
    with refused_by("person_phone_is_e164"), transaction.atomic():
        User(phone=phone).save()


def test_many_people_may_have_no_email() -> None:
    User.objects.create_user(phone="+351912345678")
    User.objects.create_user(phone="+66812345678")

    assert User.objects.filter(email=None).count() == 2


def test_a_role_is_held_once_but_may_be_held_again_after_it_ended(organisation: Organisation) -> None:
    asha = User.objects.create_user(email="asha@example.com")
    first = Membership.objects.create(user=asha, organisation=organisation, role=Role.FINANCE)

    with refused_by("one_live_membership_per_role"), transaction.atomic():
        Membership.objects.create(user=asha, organisation=organisation, role=Role.FINANCE)
    first.ended_at = first.created_at
    first.save(update_fields=["ended_at"])
    Membership.objects.create(user=asha, organisation=organisation, role=Role.FINANCE)

    assert asha.memberships.count() == 2


def test_a_network_has_one_operator(organisation: Organisation) -> None:
    Organisation.objects.create(network=organisation.network, code="op", name="Operator", is_operator=True)

    with refused_by("one_operator_per_network"), transaction.atomic():
        Organisation.objects.create(network=organisation.network, code="op2", name="Other", is_operator=True)
