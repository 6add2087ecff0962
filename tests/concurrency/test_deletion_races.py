"""Leaving while something new comes to the person: one of the two wins, and nothing is left with nobody."""

from __future__ import annotations

from functools import partial

import pytest

from accounts import deletion, people
from accounts.models import User
from booking import conduct, feedback, vehicles
from booking.models import Assignment, Booking, Rating, Report, ReportKind
from payments import wallet
from payments.models import PaymentOperation
from payments.money import Money
from tests.concurrency.race import no_row_locks, second_while_first_holds
from tests.factories.accounts import UserFactory
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db(transaction=True)


def _is_deleted(person: User) -> bool:
    return User.objects.get(pk=person.pk).deleted_at is not None


def test_a_booking_that_was_first_stands_in_the_way_of_leaving() -> None:
    town = Town.with_a_line(packs=1)
    asha = town.driver("Asha")

    outcomes = second_while_first_holds(partial(town.books, asha), partial(deletion.delete, person=asha))

    assert outcomes == ("done", "cannot_delete_yet")
    assert not _is_deleted(asha)


def test_who_has_left_first_books_no_more() -> None:
    town = Town.with_a_line(packs=1)
    asha = town.driver("Asha")

    outcomes = second_while_first_holds(partial(deletion.delete, person=asha), partial(town.books, asha))

    assert outcomes == ("done", "person_deleted")
    assert not Booking.objects.exists()


def test_without_the_lock_nobody_would_have_a_booking() -> None:
    town = Town.with_a_line(packs=1)
    asha = town.driver("Asha")

    with no_row_locks():
        outcomes = second_while_first_holds(partial(deletion.delete, person=asha), partial(town.books, asha))

    assert outcomes == ("done", "done")
    assert _is_deleted(asha)
    assert Booking.objects.live().filter(driver=asha).exists()


def test_a_vehicle_added_while_leaving_is_refused() -> None:
    town = Town.with_a_line(packs=1)
    asha: User = UserFactory()
    add = partial(vehicles.add, driver=asha, country="PT", plate="AA12BB", pack_class=town.pack_class, pack_count=1)

    outcomes = second_while_first_holds(partial(deletion.delete, person=asha), add)

    assert outcomes == ("done", "person_deleted")
    assert not Assignment.objects.filter(driver=asha).exists()


def test_money_that_comes_while_leaving_is_refused_or_stands_in_the_way() -> None:
    town = Town.with_a_line(packs=1)
    asha: User = UserFactory()
    amount = Money(100, "EUR")
    pay_in = partial(
        wallet.top_up, user=asha, network=town.station.network, amount=amount, by=None, reason="counter", key="k"
    )

    outcomes = second_while_first_holds(partial(deletion.delete, person=asha), pay_in)

    assert outcomes == ("done", "person_deleted")
    assert not PaymentOperation.objects.exists()


def test_words_that_come_while_leaving_are_refused() -> None:
    town = Town.with_a_line(packs=1)
    asha = town.driver("Asha")
    booking = town.swaps(town.arrives(town.books(asha)))
    leave = partial(deletion.delete, person=asha)
    say = partial(feedback.rate, booking=booking, stars=4, words="As friendly as ever")

    outcomes = second_while_first_holds(leave, say)

    assert outcomes == ("done", "person_deleted")
    assert not Rating.objects.exists()


def test_words_that_come_after_leaving_are_refused_wherever_they_are_typed() -> None:
    town = Town.with_a_line(packs=1)
    asha = town.driver("Asha")
    booking = town.swaps(town.arrives(town.books(asha)))
    Booking.objects.filter(pk=booking.pk).update(no_show=True)
    booking = Booking.objects.select_related("driver").get(pk=booking.pk)
    deletion.delete(person=asha)

    for say in (
        partial(feedback.report, booking=booking, kind=ReportKind.SAFETY, words="A loose cable"),
        partial(conduct.dispute_no_show, booking=booking, words="My mother was ill."),
    ):
        with pytest.raises(people.PersonDeleted):
            say()

    assert not Report.objects.exists()
    assert Booking.objects.get(pk=booking.pk).no_show_dispute == ""


def test_leaving_twice_at_once_happens_once() -> None:
    asha: User = UserFactory()
    leave = partial(deletion.delete, person=asha)

    assert second_while_first_holds(leave, leave) == ("done", "person_deleted")
