"""Two workers at the same moment: one notice, one message. Each race is also run without its guard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from django.db import connections
from pytest_django import Settings

from accounts import push
from booking import clock, deliveries, notice_sending, notices
from booking.models import Delivery, DeliveryState, Notice
from tests.accounts.push_service import PushService, trusted
from tests.concurrency.race import no_row_locks, second_while_first_holds
from tests.factories.accounts import UserFactory
from tests.factories.booking import Town, time_passes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def service(settings: Settings) -> Iterator[PushService]:
    with trusted(settings) as server:
        server.hold = threading.Event()
        yield server
        server.hold.set()


def planned(service: PushService) -> Delivery:
    asha = UserFactory(name="Asha", phone_verified=False)
    push.subscribe(user=asha, **service.phone().subscription)
    notice = notices.test(driver=asha, at=clock.database_now() - timedelta(seconds=1))
    return Delivery.objects.get(notice=notice)


def send(delivery: Delivery) -> None:
    try:
        notice_sending.send(delivery_id=delivery.pk)
    finally:
        connections.close_all()


def test_while_one_worker_waits_for_the_push_service_another_sends_nothing(service: PushService) -> None:
    delivery = planned(service)

    with ThreadPoolExecutor(1) as first:
        sending = first.submit(send, delivery)
        assert service.asked.wait(20)
        send(delivery)
        assert service.hold is not None
        service.hold.set()
        sending.result(30)

    assert len(service.taken) == 1
    assert Delivery.objects.get(pk=delivery.pk).state == DeliveryState.SENT


def claims(delivery: Delivery) -> int:
    """How many of two workers that look at the same moment take the delivery."""
    taken: list[Delivery | None] = []

    def claim() -> None:
        taken.append(deliveries.claim(delivery_id=delivery.pk))

    second_while_first_holds(claim, claim)
    return sum(one is not None for one in taken)


def test_of_two_workers_that_take_it_at_once_one_has_it(service: PushService) -> None:
    assert claims(planned(service)) == 1


def test_without_the_rows_lock_both_would_have_it(service: PushService) -> None:
    delivery = planned(service)

    with no_row_locks():
        taken = claims(delivery)

    assert taken == 2


def test_two_sweeps_at_once_write_one_notice_with_one_delivery_per_way() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    push.subscribe(user=asha.driver, **PushService(url="https://push.example.com").phone().subscription)
    time_passes(asha, minutes=6)
    sweep = partial(notices.running_out, now=clock.database_now())

    outcomes = second_while_first_holds(sweep, sweep)

    assert outcomes == ("done", "done")
    assert Notice.objects.filter(booking=asha, kind="running_out").count() == 1
    assert Delivery.objects.filter(notice__booking=asha).count() == 1
