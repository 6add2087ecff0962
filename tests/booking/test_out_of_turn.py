"""What staff and operators read of who was served out of turn, by whose word or by which rule."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from booking import bay, clock, moving, out_of_turn, overrides, tasks
from booking.failures import settle_line
from booking.models import Booking, BookingStep, MoveOffer
from booking.out_of_turn import OutOfTurn
from stations import geo, inventory, upkeep
from stations.models import Pack
from tests.booking.console import Console
from tests.factories.accounts import MembershipFactory, WorkerFactory
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db


def shown(town: Town) -> list[OutOfTurn]:
    return list(out_of_turn.of_shift(town.station, clock.database_now()))


def let_first(town: Town, reason: str) -> Booking:
    town.books(town.driver("Asha"))
    last: Booking = town.books(town.driver("Bala"))
    return overrides.let_go_first(booking=last, by=town.staff, reason=reason)


def pack_comes(town: Town, booking: Booking) -> None:
    town.add_pack()
    settle_line(line_id=booking.line_id)


def test_an_override_stands_there_once_with_its_reason_and_whose_it_is() -> None:
    town = Town(packs=0)
    first = let_first(town, "A patient waits.")

    pack_comes(town, first)

    (one,) = shown(town)
    assert (one.plate, one.rule, one.by, one.words) == (first.vehicle.plate, 8, town.staff.name, "A patient waits.")


def test_who_was_let_into_the_bay_first_stands_there() -> None:
    town = Town(packs=2)
    _asha, bala = (town.arrives(town.books(town.driver(name))) for name in ("Asha", "Bala"))

    bay.start(booking=bala, bay=town.bay, by=town.staff, reason="Blocks the way out.")

    assert [(one.plate, one.rule, one.words) for one in shown(town)] == [(bala.vehicle.plate, 8, "Blocks the way out.")]


def test_whoever_went_ahead_by_a_rule_and_whoever_came_back_stand_there_without_a_name() -> None:
    town = Town(packs=0)
    town.books(town.driver("Far"), position=geo.Place(40.2, -8.4))
    asha = town.books(town.driver("Asha"))
    pack_comes(town, asha)

    inventory.quarantine(pack=Pack.objects.get(promises__booking=asha), reason="Cell 4 is warm.")

    assert [(one.rule, one.by) for one in shown(town)] == [(7, ""), (2, "")]


def test_every_rule_that_may_stand_in_a_promise_has_its_words() -> None:
    assert set(out_of_turn._BY_RULE) == {"rule_1", "rule_2", "rule_6", "rule_10", "rule_11"}


def test_what_was_before_this_shift_and_what_is_another_stations_is_not_shown() -> None:
    town, other = Town(packs=0), Town(packs=0)
    let_first(town, "A patient waits.")
    let_first(other, "Somebody else's matter.")
    BookingStep.objects.filter(booking__station=town.station).update(at=F("at") - overrides.SHIFT)

    assert shown(town) == []
    assert [one.words for one in shown(other)] == ["Somebody else's matter."]


def test_it_is_one_question_however_much_happened() -> None:
    town = Town(packs=0, override_cap_per_shift=9)
    for number in range(5):
        let_first(town, f"Reason number {number}")

    with CaptureQueriesContext(connection) as asked:
        out_of_turn.of_shift(town.station, clock.database_now())

    assert len(asked) == 2  # the clock, and the rows


def test_the_board_shows_it() -> None:
    town = Town(packs=0)
    let_first(town, "A patient waits.")

    page = Console(town).get("board").content.decode()

    assert "A patient waits." in page
    assert town.staff.name in page


def operator_of(town: Town) -> User:
    company = town.station.network.organisations.get(is_operator=True)
    user: User = MembershipFactory(user=WorkerFactory(is_staff=True), role=Role.OPERATOR, organisation=company).user
    return user


def overrides_page(by: User, **asked: object) -> str:
    client = Client()
    client.force_login(by)
    return client.get("/admin/booking/override/", asked).content.decode()


def test_an_operator_lists_overrides_by_station_and_by_person_each_once() -> None:
    town = Town(packs=0)
    first = let_first(town, "A patient waits.")
    pack_comes(town, first)
    operator = operator_of(town)

    assert overrides_page(operator).count("A patient waits.") == 1
    assert "A patient waits." in overrides_page(operator, booking__station__id__exact=town.station.pk)
    assert "A patient waits." in overrides_page(operator, by__id__exact=town.staff.pk)
    assert "A patient waits." not in overrides_page(operator, by__id__exact=operator.pk)


def test_another_networks_overrides_and_people_are_not_in_the_list() -> None:
    town, other = Town(packs=0), Town(packs=0)
    let_first(town, "A patient waits.")

    page = overrides_page(operator_of(other))

    assert "A patient waits." not in page
    assert town.staff.name not in page


def test_what_staff_of_another_station_wrote_about_who_has_moved_here_stays_with_that_station() -> None:
    town = Town(packs=0)
    other = town.second_station("Alvalade")
    town.books(town.driver("Bala"))
    asha = town.books(town.driver("Asha"))
    overrides.let_go_first(booking=asha, by=town.staff, reason="A doctor on call.")
    upkeep.mark_station_down(station=town.station, reason="The power has failed.", by=None)
    tasks.plan_moves()

    moving.accept(booking=asha, offer_id=MoveOffer.objects.get(booking=asha).pk, by=town.staff)

    assert list(out_of_turn.of_shift(other, clock.database_now())) == []
    assert [one.words for one in shown(town)] == ["A doctor on call."]
