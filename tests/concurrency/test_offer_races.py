"""An offer, and what else wants its pack or its driver at that moment. Each race is also run without its guard."""

from __future__ import annotations

from functools import partial

import pytest

from booking import clock, failures, lifecycle, offers, promises
from booking.models import Booking, BookingStep, Offer, OfferedPack, Promise
from booking.states import State, Step
from stations.models import Pack
from tests.concurrency.race import no_row_locks, second_while_first_holds, without_constraint
from tests.factories.booking import Town, states, time_passes

pytestmark = pytest.mark.django_db(transaction=True)


def _offered() -> tuple[Town, Booking, int]:
    """Asha is offered the only pack, which is at 72 percent."""
    town = Town.with_a_line(packs=0)
    town.add_pack(soc_percent=72)
    asha = town.books(town.driver("Asha"))
    return town, asha, Offer.objects.open().get(booking=asha).pk


def _take(booking: Booking, offer_id: int) -> partial[Booking]:
    assert booking.driver is not None
    return partial(lifecycle.take_offer, booking=booking, offer_id=offer_id, by=booking.driver)


def _steps(booking: Booking, *steps: Step) -> list[str]:
    return list(
        BookingStep.objects.filter(booking=booking, step__in=steps).order_by("pk").values_list("step", flat=True)
    )


def _held() -> int:
    """How often the packs are kept for somebody, promised or offered."""
    live = (Promise.objects.filter(ended_at=None).count(), OfferedPack.objects.filter(ended_at=None).count())
    return sum(live)


def test_of_two_taps_on_take_it_the_second_changes_nothing() -> None:
    _town, asha, offer_id = _offered()

    outcomes = second_while_first_holds(_take(asha, offer_id), _take(asha, offer_id))

    assert outcomes == ("done", "done")
    assert _steps(asha, Step.TAKE_OFFER, Step.PROMISE) == [Step.TAKE_OFFER, Step.PROMISE]
    assert _held() == 1


def test_without_the_lines_lock_the_second_tap_would_meet_the_constraint() -> None:
    _town, asha, offer_id = _offered()

    with no_row_locks():
        outcomes = second_while_first_holds(_take(asha, offer_id), _take(asha, offer_id))

    assert outcomes == ("done", "IntegrityError")


def test_without_lock_and_constraint_one_pack_would_be_promised_twice() -> None:
    _town, asha, offer_id = _offered()

    with no_row_locks(), without_constraint("one_live_promise_per_pack"):
        second_while_first_holds(_take(asha, offer_id), _take(asha, offer_id))
        promised = Promise.objects.filter(ended_at=None).count()
        Promise.objects.all().delete()

    assert promised == 2


def test_a_sweep_that_finds_the_offer_over_wins_against_who_takes_it_later() -> None:
    town, asha, offer_id = _offered()
    bala = town.books(town.driver("Bala"))
    time_passes(asha, minutes=1.1)

    outcomes = second_while_first_holds(partial(failures.settle_line, line_id=asha.line_id), _take(asha, offer_id))

    assert outcomes == ("done", "offer_over")
    assert states([asha, bala]) == [State.WAITING, State.WAITING]
    assert Offer.objects.open().get().booking_id == bala.pk


def test_a_sweep_leaves_alone_what_is_being_taken() -> None:
    _town, asha, offer_id = _offered()

    outcomes = second_while_first_holds(_take(asha, offer_id), partial(failures.settle_line, line_id=asha.line_id))

    assert outcomes == ("done", "done")
    assert states([asha]) == [State.PROMISED]
    assert _steps(asha, Step.END_OFFER) == []


def test_without_the_lines_lock_an_offer_would_lapse_twice() -> None:
    _town, asha, _offer_id = _offered()
    time_passes(asha, minutes=1.1)
    sweep = partial(failures.settle_line, line_id=asha.line_id)

    with no_row_locks():
        second_while_first_holds(sweep, sweep)

    assert len(_steps(asha, Step.END_OFFER)) == 2


def test_two_sweeps_at_once_end_an_offer_once() -> None:
    _town, asha, _offer_id = _offered()
    time_passes(asha, minutes=1.1)
    sweep = partial(failures.settle_line, line_id=asha.line_id)

    outcomes = second_while_first_holds(sweep, sweep)

    assert outcomes == ("done", "done")
    assert _steps(asha, Step.END_OFFER) == [Step.END_OFFER]


def test_who_leaves_while_taking_it_has_one_or_the_other() -> None:
    _town, asha, offer_id = _offered()

    outcomes = second_while_first_holds(partial(lifecycle.cancel, booking=asha, by=asha.driver), _take(asha, offer_id))

    assert outcomes == ("done", "offer_over")
    assert _held() == 0


# --- The same pack, offered to one and promised to another: what no writer does under the line's lock ----------------


def _two_who_wait() -> tuple[Booking, Booking, Pack]:
    """At a station that offers nothing by itself."""
    town = Town(packs=0, offer_from_soc_percent=None)
    pack = town.add_pack(soc_percent=72)
    return town.books(town.driver("Asha")), town.books(town.driver("Bala")), pack


def _promise(booking: Booking, pack: Pack) -> partial[None]:
    return partial(promises.make, booking=booking, packs=[pack], until=None, now=clock.database_now())


def _offer(booking: Booking, pack: Pack) -> partial[Offer]:
    return partial(offers.make, booking=booking, packs=[pack], soc_percent=pack.soc_percent, now=clock.database_now())


def test_a_pack_that_is_offered_cannot_be_promised_even_without_the_lines_lock() -> None:
    asha, bala, pack = _two_who_wait()

    outcomes = second_while_first_holds(_offer(asha, pack), _promise(bala, pack))

    assert outcomes == ("done", "pack_step_refused")
    assert _held() == 1


def test_without_the_packs_lock_it_would_be_offered_to_one_and_promised_to_another() -> None:
    asha, bala, pack = _two_who_wait()

    with no_row_locks():
        second_while_first_holds(_offer(asha, pack), _promise(bala, pack))

    assert _held() == 2


def test_without_any_lock_the_database_refuses_a_second_offer_of_a_pack() -> None:
    asha, bala, pack = _two_who_wait()

    with no_row_locks():
        outcomes = second_while_first_holds(_offer(asha, pack), _offer(bala, pack))

    assert outcomes == ("done", "IntegrityError")
    assert _held() == 1
