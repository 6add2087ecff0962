"""Sending what is told: what each answer of the other side leads to, and what becomes of it when a worker dies."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from unittest import mock

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F
from pytest_django import Settings

from accounts import people, push
from accounts.models import PushSubscription, User
from accounts.sms import MessageNotSent, PerhapsSent
from booking import bay, clock, deliveries, lifecycle, notice_sending, notice_ways, notices, nudge, tasks
from booking.models import Delivery, DeliveryState, Notice
from stations import upkeep
from tests.accounts.fakes import RecordedSms
from tests.accounts.push_service import Phone, PushService, trusted
from tests.factories.accounts import UserFactory, WorkerFactory
from tests.factories.booking import Town, time_passes

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(settings: Settings) -> Iterator[PushService]:
    with trusted(settings) as server:
        yield server


@pytest.fixture
def texts(settings: Settings) -> list[tuple[str, str]]:
    settings.SMS_PROVIDER = "tests.accounts.fakes.RecordedSms"
    RecordedSms.sent.clear()
    return RecordedSms.sent


class RefusingSms:
    def send(self, *, to: str, text: str) -> None:
        raise MessageNotSent("busy")


class SilentSms:
    def send(self, *, to: str, text: str) -> None:
        raise PerhapsSent("no answer")


class BrokenMail(BaseEmailBackend):
    def send_messages(self, email_messages: object) -> int:
        raise smtplib.SMTPServerDisconnected("gone")


def told_on(phone: Phone, *, name: str = "Asha") -> Delivery:
    """A test notice, planned for this phone alone."""
    driver: User = UserFactory(name=name, phone_verified=False)
    push.subscribe(user=driver, **phone.subscription)
    return planned(driver)


def planned(driver: User) -> Delivery:
    notice = notices.test(driver=driver, at=clock.database_now() - timedelta(seconds=1))
    return Delivery.objects.get(notice=notice)


def called_by_text() -> Delivery:
    town = Town(packs=1)
    asha = bay.call(booking=town.arrives(town.books(town.driver("Asha"))), by=town.staff)
    delivery = Delivery.objects.get(notice__booking=asha)
    Delivery.objects.filter(pk=delivery.pk).update(next_try_at=F("next_try_at") - timedelta(seconds=1))
    return delivery


def sent(delivery: Delivery) -> Delivery:
    notice_sending.send(delivery_id=delivery.pk)
    return Delivery.objects.get(pk=delivery.pk)


def a_worker_dies_with(delivery: Delivery) -> None:
    """It had taken the delivery, and its lease has run out."""
    Delivery.objects.filter(pk=delivery.pk).update(next_try_at=clock.database_now() - timedelta(seconds=1))
    assert deliveries.claim(delivery_id=delivery.pk) is not None
    Delivery.objects.filter(pk=delivery.pk).update(next_try_at=clock.database_now() - timedelta(seconds=1))


def test_the_phone_reads_the_notice_in_its_persons_language_with_the_page_that_it_is_about(
    service: PushService,
) -> None:
    phone = service.phone()

    delivery = sent(told_on(phone))

    assert delivery.state == DeliveryState.SENT
    said = phone.read(service.taken[0].body)
    assert said["title"] == "This is how we tell you"
    assert (said["url"], said["lang"], said["id"]) == ("/account/notifications/", "en", str(delivery.notice_id))
    assert said["tag"] == service.taken[0].headers["topic"]
    assert int(service.taken[0].headers["ttl"]) <= 300


def test_what_was_sent_is_not_sent_again(service: PushService) -> None:
    delivery = told_on(service.phone())

    for _sweep in range(3):
        sent(delivery)

    assert len(service.taken) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_phone_that_the_service_has_forgotten_is_told_no_more(service: PushService, status: int) -> None:
    service.will_answer(status)

    delivery = sent(told_on(service.phone()))

    assert (delivery.state, delivery.reason) == (DeliveryState.FAILED, str(status))
    ended = PushSubscription.objects.get(pk=delivery.phone_id)
    assert (ended.end_reason, ended.endpoint) == ("gone", "")


def test_a_busy_service_is_asked_again_when_it_says(service: PushService) -> None:
    service.will_answer(429, Retry_After="240")

    delivery = sent(told_on(service.phone()))

    assert (delivery.state, delivery.reason) == (DeliveryState.PLANNED, "429")
    assert delivery.next_try_at is not None
    assert delivery.next_try_at - clock.database_now() > timedelta(seconds=200)


def test_a_broken_service_is_asked_again_after_longer_and_longer(service: PushService) -> None:
    delivery = told_on(service.phone())
    waits = []
    for _failure in range(4):
        service.will_answer(500)
        Delivery.objects.filter(pk=delivery.pk).update(next_try_at=clock.database_now() - timedelta(seconds=1))
        delivery = sent(delivery)
        assert delivery.next_try_at is not None
        waits.append(round((delivery.next_try_at - clock.database_now()).total_seconds() / 5))

    assert waits == [1, 2, 4, 8]


def test_a_message_that_is_refused_for_good_is_given_up(service: PushService) -> None:
    service.will_answer(413)

    assert sent(told_on(service.phone())).state == DeliveryState.FAILED


def test_what_is_too_old_is_not_said(service: PushService) -> None:
    delivery = told_on(service.phone())
    Notice.objects.filter(pk=delivery.notice_id).update(good_until=clock.database_now())

    delivery = sent(delivery)

    assert (delivery.state, delivery.reason, service.taken) == (DeliveryState.DROPPED, "too_old", [])


def test_what_has_become_untrue_is_not_said(texts: list[tuple[str, str]]) -> None:
    delivery = called_by_text()
    town_staff = WorkerFactory()
    booking = delivery.notice.booking
    assert booking is not None
    bay.start(booking=booking, bay=booking.station.bays.get(), by=town_staff)

    delivery = sent(delivery)

    assert (delivery.state, delivery.reason, texts) == (DeliveryState.DROPPED, "not_true_any_more", [])


def test_whoever_is_blocked_is_told_nothing_more(service: PushService) -> None:
    delivery = told_on(service.phone())
    people.block(user=delivery.notice.driver, by=None, reason="Asked for it")

    assert (sent(delivery).reason, service.taken) == ("blocked", [])
    assert not PushSubscription.objects.live().exists()


def test_a_phone_that_was_removed_meanwhile_is_not_told(service: PushService) -> None:
    delivery = told_on(service.phone())
    push.remove(user=delivery.notice.driver, subscription_id=delivery.phone_id or 0)

    assert (sent(delivery).reason, service.taken) == ("phone_gone", [])


def test_a_call_goes_by_text_to_whoever_has_no_phone_that_is_told(texts: list[tuple[str, str]]) -> None:
    delivery = sent(called_by_text())

    ((to, text),) = texts
    assert delivery.state == DeliveryState.SENT
    assert to == delivery.notice.driver.phone
    assert "drive into the bay" in text
    assert text.endswith("/booking/")


def test_a_text_that_the_provider_did_not_take_is_tried_again(settings: Settings) -> None:
    settings.SMS_PROVIDER = f"{__name__}.RefusingSms"

    assert sent(called_by_text()).state == DeliveryState.PLANNED


def test_a_text_that_may_have_gone_out_is_not_sent_again(settings: Settings) -> None:
    settings.SMS_PROVIDER = f"{__name__}.SilentSms"

    delivery = sent(called_by_text())

    assert (delivery.state, delivery.reason) == (DeliveryState.FAILED, "perhaps_sent")


def test_a_text_whose_worker_died_is_never_sent_twice(texts: list[tuple[str, str]]) -> None:
    delivery = called_by_text()
    a_worker_dies_with(delivery)

    delivery = sent(delivery)

    assert (delivery.state, delivery.reason, texts) == (DeliveryState.FAILED, "perhaps_sent", [])


def test_a_push_whose_worker_died_is_sent_once_more_and_takes_the_same_place_on_the_phone(
    service: PushService,
) -> None:
    phone = service.phone()
    delivery = told_on(phone)
    first = deliveries.claim(delivery_id=delivery.pk)
    assert first is not None
    Delivery.objects.filter(pk=delivery.pk).update(next_try_at=clock.database_now() - timedelta(seconds=1))

    delivery = sent(delivery)

    assert (delivery.state, delivery.attempts) == (DeliveryState.SENT, 2)
    with mock.patch.object(deliveries.log, "warning") as said:
        deliveries.put_off(delivery=first, reason="a slow worker comes back")
    said.assert_called_once_with("delivery_was_taken_over", delivery_id=delivery.pk, state="planned")
    assert Delivery.objects.get(pk=delivery.pk).state == DeliveryState.SENT


def test_a_push_that_two_workers_died_with_is_given_up(service: PushService) -> None:
    delivery = told_on(service.phone())
    a_worker_dies_with(delivery)
    a_worker_dies_with(delivery)

    delivery = sent(delivery)

    assert (delivery.state, delivery.reason, service.taken) == (DeliveryState.FAILED, "perhaps_sent", [])


def test_a_mail_has_a_number_of_its_own_and_one_tap_ends_it() -> None:
    delivery = sent(planned(WorkerFactory()))

    (message,) = mail.outbox
    assert delivery.state == DeliveryState.SENT
    assert message.subject == "This is how we tell you"
    assert message.extra_headers["Message-ID"] == f"<notice-{delivery.notice_id}@127.0.0.1>"
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message.extra_headers["List-Unsubscribe"].strip("<>") in message.body


def test_a_line_break_in_a_stations_name_keeps_no_mail_back() -> None:
    town = Town(packs=1, name="Doca\nBcc: chitra@example.com")
    asha = town.driver("Asha")
    User.objects.filter(pk=asha.pk).update(email="asha@example.com", phone_verified=False)
    asha.refresh_from_db()
    booking = town.books(asha)
    upkeep.mark_station_down(station=town.station, reason="The power is gone.", by=None)
    delivery = Delivery.objects.get(notice__booking=booking, notice__kind="station_failed", way="email")
    Delivery.objects.filter(pk=delivery.pk).update(next_try_at=clock.database_now() - timedelta(seconds=1))

    delivery = sent(delivery)

    assert delivery.state == DeliveryState.SENT
    (message,) = mail.outbox
    assert message.subject == "Doca Bcc: chitra@example.com has stopped"
    assert message.recipients() == ["asha@example.com"]


def test_a_mail_server_that_is_away_is_tried_again(settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.BrokenMail"

    assert sent(planned(WorkerFactory())).state == DeliveryState.PLANNED


def test_a_mail_that_could_not_go_out_yet_is_not_tried_again_when_its_driver_wants_no_more(settings: Settings) -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    User.objects.filter(pk=asha.pk).update(email="asha@example.com", phone_verified=False)
    lifecycle.cancel(booking=town.books(asha), by=town.staff, reason="The street is closed.")
    (delivery,) = Delivery.objects.filter(notice__driver=asha, way="email")
    due = {"next_try_at": clock.database_now() - timedelta(seconds=1)}
    Delivery.objects.filter(pk=delivery.pk).update(**due)
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{__name__}.BrokenMail"
    assert sent(delivery).state == DeliveryState.PLANNED
    notice_ways.no_more_mail(driver=asha)
    Delivery.objects.filter(pk=delivery.pk).update(**due)
    settings.EMAIL_BACKEND = working

    delivery = sent(delivery)

    assert (delivery.state, delivery.reason) == (DeliveryState.DROPPED, "refused_meanwhile")
    assert mail.outbox == []


def test_calls_to_the_bay_one_after_the_other_are_one_text_message_in_two_minutes(texts: list[tuple[str, str]]) -> None:
    town = Town(packs=1)
    asha = town.arrives(town.books(town.driver("Asha")))

    def called() -> Delivery:
        bay.call(booking=asha, by=town.staff)
        delivery = Delivery.objects.filter(notice__booking=asha).latest("pk")
        Delivery.objects.filter(pk=delivery.pk).update(next_try_at=F("next_try_at") - timedelta(seconds=1))
        return sent(delivery)

    first, again = called(), called()
    Delivery.objects.filter(pk=first.pk).update(ended_at=clock.database_now() - deliveries.CALLS_BY_TEXT_APART)
    later = called()

    assert [one.state for one in (first, again, later)] == [
        DeliveryState.SENT,
        DeliveryState.DROPPED,
        DeliveryState.SENT,
    ]
    assert (again.reason, len(texts)) == ("texted_already", 2)


def test_a_call_whose_text_message_never_went_out_does_not_silence_the_next(texts: list[tuple[str, str]]) -> None:
    town = Town(packs=1)
    asha = town.arrives(town.books(town.driver("Asha")))
    for _call in range(2):
        bay.call(booking=asha, by=town.staff)
    Delivery.objects.update(next_try_at=F("next_try_at") - timedelta(seconds=1))

    states = [sent(delivery).state for delivery in Delivery.objects.order_by("pk")]

    assert states == [DeliveryState.DROPPED, DeliveryState.SENT]
    assert len(texts) == 1


def test_the_sweep_writes_what_runs_out_and_finds_what_is_due() -> None:
    town = Town(packs=1)
    driver = town.driver("Asha")
    asha = town.books(driver)
    push.subscribe(user=driver, **Phone(endpoint="https://push.example.com/asha").subscription)
    time_passes(asha, minutes=6)

    found = tasks.send_notices()

    assert found == Delivery.objects.filter(notice__booking=asha, notice__kind="running_out").count() == 1


def test_the_nudge_names_a_task_that_beat_sends_every_second(settings: Settings) -> None:
    assert tasks.send_notices.name == nudge.SEND_NOTICES
    assert nudge.SEND_NOTICES in settings.SWEEPS
