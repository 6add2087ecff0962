"""Why am I here in line? Every number comes from the history, adds up, and names nobody else (P5)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from booking import bay, lifecycle, moving, overrides, queries, tasks, why, why_words
from booking.failures import settle_line
from booking.models import Booking, MoveOffer, Vehicle
from booking.why import Why
from stations import geo, inventory, upkeep
from stations.models import Pack
from tests.booking.driving import signed_in, text
from tests.factories.accounts import UserFactory
from tests.factories.booking import Town, time_passes

pytestmark = pytest.mark.django_db

FAR = geo.Place(40.2, -8.4)


def found(booking: Booking) -> Why:
    booking = queries.booking_with_id(booking.pk)
    return why.of_booking(booking, queries.card(booking))


def said(booking: Booking) -> list[tuple[str, int | None]]:
    told = found(booking)
    sentences = (*why_words.how_it_came(told, "UTC"), *why_words.who_went_ahead(told), *why_words.what_holds(told))
    return [(one.text, one.rule) for one in sentences]


def line_of(town: Town, *names: str) -> list[Booking]:
    return [town.books(town.driver(name)) for name in names]


def pack_comes(town: Town, booking: Booking) -> None:
    town.add_pack()
    settle_line(line_id=booking.line_id)


def adds_up(told: Why) -> bool:
    return told.before_then - told.served - told.left + told.came_back + told.moved_in == told.before_now


def station_fails(town: Town) -> None:
    upkeep.mark_station_down(station=town.station, reason="The power has failed.", by=None)
    tasks.plan_moves()


def moves(booking: Booking) -> Booking:
    assert booking.driver is not None
    offer = MoveOffer.objects.open().get(booking=booking)
    return moving.accept(booking=booking, offer_id=offer.pk, by=booking.driver)


def test_who_joins_an_empty_line_reads_that_nobody_was_before_them() -> None:
    (asha,) = line_of(Town(packs=0), "Asha")

    told = found(asha)

    assert (told.before_then, told.before_now) == (0, 0)
    assert said(asha)[0][1] == 1


def test_those_served_and_those_who_left_explain_the_place() -> None:
    town = Town(packs=0)
    _bala, chitra, _diogo, asha = line_of(town, "Bala", "Chitra", "Diogo", "Asha")

    lifecycle.cancel(booking=chitra, by=None)
    pack_comes(town, asha)

    told = found(asha)
    assert (told.before_then, told.served, told.left, told.came_back, told.before_now) == (3, 1, 1, 0, 1)
    assert ("1 before you has been promised its packs.", 1) in said(asha)
    assert ("1 before you has left.", None) in said(asha)
    assert ("Now 1 booking is before you.", None) in said(asha)


def test_who_was_promised_before_one_joined_is_not_before_one() -> None:
    town = Town(packs=1)
    _bala, _chitra, asha = line_of(town, "Bala", "Chitra", "Asha")

    assert found(asha).before_then == 1


def test_who_comes_back_with_their_place_is_told_of_by_rule_7() -> None:
    town = Town(packs=1)
    bala, asha = line_of(town, "Bala", "Asha")

    inventory.quarantine(pack=Pack.objects.get(promises__booking=bala), reason="Cell 4 is warm.")

    told = found(asha)
    assert (told.before_then, told.came_back, told.before_now) == (0, 1, 1)
    assert 7 in [rule for _text, rule in said(asha)]


def test_what_the_clock_has_done_already_is_in_the_numbers() -> None:
    """Nobody confirmed Bala for ten minutes, and no worker has written it down."""
    town = Town(packs=1)
    bala, asha = line_of(town, "Bala", "Asha")
    town.says_here(bala)
    time_passes(bala, minutes=31)
    Pack.objects.update(soc_percent=50)

    told = found(asha)

    assert (told.came_back, told.before_now) == (1, 1)
    assert adds_up(told)


def test_ones_own_return_is_told_with_its_rule() -> None:
    town = Town(packs=1)
    (asha,) = line_of(town, "Asha")
    inventory.quarantine(pack=Pack.objects.get(promises__booking=asha), reason="Cell 4 is warm.")

    assert ("What was kept for you failed. You have the place that you had.", 7) in said(asha)


def test_who_moved_here_reads_who_had_joined_before_them_and_what_became_of_those() -> None:
    town = Town(packs=0)
    there = town.second_station("Alvalade")
    Pack.objects.filter(station=there).update(soc_percent=20)
    bala = town.books(town.driver("Bala"), station=there)
    asha = town.books(town.driver("Asha"))
    town.books(town.driver("Chitra"), station=there)
    station_fails(town)

    asha = moves(asha)
    lifecycle.cancel(booking=bala, by=None)

    told = found(asha)
    assert (told.before_then, told.left, told.before_now) == (1, 1, 0)
    assert told.moved_at is not None
    assert adds_up(told)
    assert said(asha)[0][1] == 7
    assert ("1 booking here had joined before you.", None) in said(asha)


def test_who_was_passed_by_somebody_who_moved_here_reads_so() -> None:
    town = Town(packs=0)
    there = town.second_station("Alvalade")
    Pack.objects.filter(station=there).update(soc_percent=20)
    bala = town.books(town.driver("Bala"))
    asha = town.books(town.driver("Asha"), station=there)
    station_fails(town)

    moves(bala)

    told = found(asha)
    assert (told.before_then, told.moved_in, told.before_now) == (0, 1, 1)
    assert (
        "1 that had joined before you moved here with that place, because its station failed.",
        7,
    ) in said(asha)


def test_who_moved_away_from_before_one_has_left() -> None:
    town = Town(packs=0)
    town.second_station("Alvalade")
    bala, asha = line_of(town, "Bala", "Asha")
    station_fails(town)

    moves(bala)

    told = found(asha)
    assert (told.before_then, told.left, told.before_now) == (1, 1, 0)


def test_an_override_is_told_with_what_staff_wrote() -> None:
    town = Town(packs=0)
    asha, bala = line_of(town, "Asha", "Bala")
    overrides.let_go_first(booking=bala, by=town.staff, reason="A patient waits in the ambulance.")

    pack_comes(town, asha)

    (ahead,) = why_words.who_went_ahead(found(asha))
    assert (ahead.rule, ahead.words) == (8, "A patient waits in the ambulance.")


def test_an_override_at_the_bay_is_told_too() -> None:
    town = Town(packs=2)
    asha, bala = (town.arrives(booking) for booking in line_of(town, "Asha", "Bala"))

    bay.start(booking=bala, bay=town.bay, by=town.staff, reason="Blocks the way out.")

    (ahead,) = why_words.who_went_ahead(found(asha))
    assert (ahead.rule, ahead.words) == (8, "Blocks the way out.")
    assert "bay" in ahead.text


def test_who_gathers_reads_who_went_ahead_by_rule_1() -> None:
    town = Town(packs=0)
    asha, bala = town.books(town.driver("Asha", pack_count=2)), town.books(town.driver("Bala"))
    pack_comes(town, asha)
    time_passes(asha, bala, minutes=11)

    settle_line(line_id=asha.line_id)

    assert [one.rule for one in why_words.who_went_ahead(found(asha))] == [1]


def test_who_is_too_far_away_reads_so_and_who_went_ahead_meanwhile() -> None:
    town = Town(packs=0)
    asha = town.books(town.driver("Asha"), position=FAR)
    town.books(town.driver("Bala"))

    pack_comes(town, asha)

    told = found(asha)
    assert [one.rule for one in why_words.who_went_ahead(told)] == [2]
    assert [one.rule for one in why_words.what_holds(told)] == [2]


def test_who_books_arrive_first_reads_rule_6_even_where_another_was_too_far_away() -> None:
    town = Town(packs=0)
    far = town.books(town.driver("Far"), position=FAR)
    asha = town.books(town.driver("Asha"))
    Booking.objects.filter(pk=asha.pk).update(arrive_first=True)
    town.books(town.driver("Bala"))

    pack_comes(town, asha)

    assert [one.rule for one in why_words.who_went_ahead(found(asha))] == [6]
    assert [one.rule for one in why_words.who_went_ahead(found(far))] == [2]


def test_a_fleet_reads_who_went_ahead_by_rule_10_and_that_the_next_will() -> None:
    town = Town(packs=2)
    *_promised, asha = line_of(town, "Bala", "Chitra", "Asha")
    for name in ("Diogo", "Ella"):
        town.books(town.driver(name, fleet=town.add_fleet()))

    pack_comes(town, asha)

    told = found(asha)
    assert [one.rule for one in why_words.who_went_ahead(told)] == [10]
    assert [one.rule for one in why_words.what_holds(told)] == [10]


def test_who_was_served_while_others_waited_on_reads_by_which_rule() -> None:
    town = Town(packs=0)
    town.books(town.driver("Far"), position=FAR)
    (asha,) = line_of(town, "Asha")

    pack_comes(town, asha)

    told = found(asha)
    assert (told.before_now, told.went_first) == (1, "rule_2")
    assert ("Your packs were promised to you while 1 before you waited on.", 2) in said(asha)
    assert not told.went_ahead


def test_what_happens_after_ones_turn_is_no_part_of_it() -> None:
    town = Town(packs=0)
    _bala, asha = line_of(town, "Bala", "Asha")
    pack_comes(town, asha)
    pack_comes(town, asha)
    before = found(asha)

    line_of(town, "Chitra", "Diogo")
    pack_comes(town, asha)

    assert found(asha) == before
    assert adds_up(before)


def test_the_page_names_nobody_else() -> None:
    town = Town(packs=0)
    asha, bala = line_of(town, "Asha", "Bala")
    overrides.let_go_first(booking=bala, by=town.staff, reason="A patient waits in the ambulance.")
    pack_comes(town, asha)
    assert asha.driver is not None

    page = signed_in(asha.driver).get(reverse("booking:why", args=[asha.public_id]))

    seen = page.content.decode()
    others = [bala.code, town.staff.name, *Vehicle.objects.exclude(pk=asha.vehicle_id).values_list("plate", flat=True)]
    assert "A patient waits in the ambulance." in text(page)
    assert not [one for one in (*others, "Bala") if one in seen]


def test_another_drivers_account_does_not_exist() -> None:
    (asha,) = line_of(Town(packs=0), "Asha")

    page = signed_in(UserFactory(name="Chitra")).get(reverse("booking:why", args=[asha.public_id]))

    assert page.status_code == 404


def test_a_line_of_thirty_takes_no_more_queries_than_a_line_of_two() -> None:
    town = Town(packs=0)
    bala, _asha = line_of(town, "Bala", "Asha")
    short = asked(bala)
    line_of(town, *(f"Driver {number}" for number in range(28)))
    for _pack in range(5):
        pack_comes(town, bala)

    assert asked(Booking.objects.latest("sequence")) == short


def asked(booking: Booking) -> int:
    booking = queries.booking_with_id(booking.pk)
    card = queries.card(booking)
    with CaptureQueriesContext(connection) as queries_made:
        why.of_booking(booking, card)
    return len(queries_made)
