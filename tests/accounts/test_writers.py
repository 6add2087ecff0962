"""Giving and ending roles, blocking and letting in again: each leaves a trace and is announced."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from accounts import access, membership, people
from accounts.models import AccessChange, Membership, Role, User
from accounts.signals import access_changed
from tests.factories.accounts import (
    MembershipFactory,
    NetworkFactory,
    OperatorFactory,
    OrganisationFactory,
    UserFactory,
    WorkerFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def announced() -> Iterator[list[tuple[User, str | None]]]:
    heard: list[tuple[User, str | None]] = []

    def hear(*, user: User, session_key: str | None, **_: object) -> None:
        heard.append((user, session_key))

    access_changed.connect(hear)
    yield heard
    access_changed.disconnect(hear)


def test_a_grant_and_its_end_are_written_down_and_announced(announced: list[tuple[User, str | None]]) -> None:
    graca, elsa, operator = WorkerFactory(name="Graça"), WorkerFactory(name="Elsa"), OperatorFactory()

    held = membership.grant(user=elsa, organisation=operator, role=Role.FINANCE, by=graca, reason="hired")
    ended = membership.end(membership=held, by=graca, reason="moved on")

    assert ended.ended_at is not None
    changes = AccessChange.objects.filter(user=elsa).order_by("pk").values_list("what", "by", "reason", "membership")
    assert list(changes) == [("granted", graca.pk, "hired", held.pk), ("ended", graca.pk, "moved on", held.pk)]
    assert announced == [(elsa, None), (elsa, None)]


def test_a_role_cannot_be_given_twice() -> None:
    held = MembershipFactory(role="staff")

    with pytest.raises(membership.RoleHeldAlready) as refused:
        membership.grant(user=held.user, organisation=held.organisation, role=Role.STAFF, by=None)

    assert refused.value.code == "role_held_already"
    assert not AccessChange.objects.exists()


def test_a_role_cannot_end_twice() -> None:
    held = membership.end(membership=MembershipFactory(role="staff"), by=None)

    with pytest.raises(membership.RoleEndedAlready):
        membership.end(membership=held, by=None)


@pytest.mark.parametrize("role", [Role.FINANCE, Role.OPERATOR])
def test_another_partys_people_never_see_a_whole_network(role: Role) -> None:
    with pytest.raises(membership.RoleOfTheOperator):
        membership.grant(user=WorkerFactory(), organisation=OrganisationFactory(), role=role, by=None)


@pytest.mark.parametrize("role", [Role.STAFF, Role.FINANCE, Role.OPERATOR])
def test_nobody_is_locked_out_by_a_role_that_needs_a_password(role: Role) -> None:
    with pytest.raises(membership.EmailMissing):
        membership.grant(user=UserFactory(email=None), organisation=OperatorFactory(), role=role, by=None)


def test_blocking_and_letting_in_again_are_written_down_and_announced(announced: list[tuple[User, str | None]]) -> None:
    graca, chitra = WorkerFactory(), UserFactory()

    people.block(user=chitra, by=graca, reason="stole a pack")
    blocked = User.objects.get(pk=chitra.pk).is_active
    people.unblock(user=chitra, by=graca, reason="gave it back")

    assert (blocked, User.objects.get(pk=chitra.pk).is_active) == (False, True)
    assert list(AccessChange.objects.order_by("pk").values_list("what", "reason")) == [
        ("blocked", "stole a pack"),
        ("unblocked", "gave it back"),
    ]
    assert announced == [(chitra, None), (chitra, None)]


def test_blocking_twice_is_one_block(announced: list[tuple[User, str | None]]) -> None:
    chitra = UserFactory()

    people.block(user=chitra, by=None, reason="stole a pack")
    people.block(user=chitra, by=None, reason="again")

    assert AccessChange.objects.count() == len(announced) == 1


def test_nobody_is_blocked_without_a_reason_or_by_themselves() -> None:
    chitra = UserFactory()

    with pytest.raises(people.ReasonMissing):
        people.block(user=chitra, by=None, reason="  ")
    with pytest.raises(people.CannotBlockYourself):
        people.block(user=chitra, by=chitra, reason="tired")

    assert User.objects.get(pk=chitra.pk).is_active


def test_a_sign_out_is_announced_for_its_session_alone(
    client: Client, announced: list[tuple[User, str | None]]
) -> None:
    asha = UserFactory()
    client.force_login(asha)
    session_key = client.session.session_key

    client.post(reverse("account_logout"))

    assert announced == [(asha, session_key)]


@pytest.mark.django_db(transaction=True)
def test_one_number_proven_in_two_browsers_at_once_is_one_person() -> None:
    # Both look before either writes: the constraint lets one write, and the other finds what it wrote.
    gate = threading.Barrier(2, timeout=10)
    found: list[int] = []
    create = User.objects.create_user

    def create_after_both_have_looked(**fields: object) -> User:
        gate.wait()
        return create(**fields)

    def prove() -> None:
        try:
            found.append(people.known_or_new(phone="+351912345678").pk)
        finally:
            connections.close_all()

    User.objects.create_user = create_after_both_have_looked
    try:
        threads = [threading.Thread(target=prove) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        del User.objects.create_user

    assert len(found) == 2
    assert len(set(found)) == User.objects.count() == 1


class TestWhoseNetworks:
    def test_finance_sees_the_money_of_its_own_network_alone(self) -> None:
        lisbon, bangkok = OperatorFactory(network__code="lisbon"), OperatorFactory(network__code="bangkok")
        elsa = MembershipFactory(role="finance", organisation=lisbon).user
        MembershipFactory(role="finance", organisation=bangkok)

        assert list(access.networks_for_finance(elsa)) == [lisbon.network]
        assert access.has_role(elsa, Role.FINANCE, network=lisbon.network)
        assert not access.has_role(elsa, Role.FINANCE, network=bangkok.network)

    def test_an_owner_acts_for_their_own_organisation_alone(self) -> None:
        network = NetworkFactory()
        hugos, others = OrganisationFactory(network=network), OrganisationFactory(network=network)
        hugo = MembershipFactory(role="owner", organisation=hugos).user

        assert list(access.organisations_with_role(hugo, Role.OWNER)) == [hugos]
        assert not access.has_role(hugo, Role.OWNER, organisation=others)

    def test_a_blocked_persons_roles_count_for_nothing(self) -> None:
        held: Membership = MembershipFactory(role="owner")

        people.block(user=held.user, by=None, reason="left")

        assert not access.has_role(held.user, Role.OWNER)
