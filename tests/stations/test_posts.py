"""Who works at which station (P5)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import Membership, Role
from stations.queries import stations_for_staff
from tests.factories.accounts import MembershipFactory, OperatorFactory
from tests.factories.stations import PostFactory, StationFactory

pytestmark = pytest.mark.django_db


def test_staff_work_at_the_stations_that_they_are_posted_to_and_at_no_other() -> None:
    station = StationFactory()
    StationFactory(network=station.network, owner=station.owner)
    chitra = PostFactory(station=station).membership.user

    assert list(stations_for_staff(chitra)) == [station]


def test_a_post_ends_with_its_membership() -> None:
    post = PostFactory()
    Membership.objects.filter(pk=post.membership.pk).update(ended_at=timezone.now())

    assert not stations_for_staff(post.membership.user).exists()


def test_a_post_of_another_networks_membership_opens_nothing() -> None:
    stranger = MembershipFactory(role=Role.STAFF)
    PostFactory(station=StationFactory(), membership=stranger)

    assert not stations_for_staff(stranger.user).exists()


def test_an_operator_works_at_every_station_of_the_own_network_without_a_post() -> None:
    station = StationFactory()
    StationFactory()
    company = OperatorFactory(network=station.network)
    operator = MembershipFactory(role=Role.OPERATOR, organisation=company).user

    assert list(stations_for_staff(operator)) == [station]
