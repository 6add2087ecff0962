"""A line that lives: random joins, arrivals, swaps, failures and time. P1, P2 and the table hold after every step."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.refusals import Refusal
from booking import failures, lifecycle, line, snapshot
from booking.models import Booking, BookingStep, Offer, OfferedPack, Promise
from booking.states import LIVE, OVER, STEPS, State, Step
from stations import inventory
from stations.models import Pack
from stations.states import PackState
from tests.factories.booking import Town, time_passes

pytestmark = pytest.mark.django_db

# What lets somebody be promised while another who joined earlier waits on.
PUBLISHED = {"rule_1", "rule_2", "rule_6", "rule_7", "rule_11", "override"}


class LivingLine(RuleBasedStateMachine):
    """One station, one class, one bay. Every writer is called as an edge would call it; refusals are answers."""

    bookings: Bundle[Booking] = Bundle("bookings")

    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.town = Town(packs=1)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)

    # --- What happens ---

    @initialize(target=bookings)
    def there_is_a_line(self) -> MultipleResults[Booking]:
        return multiple(*(self.town.books(self.town.driver(name)) for name in ("Asha", "Bala", "Chitra")))

    @rule(target=bookings, packs=st.sampled_from([1, 1, 1, 2]))
    def somebody_joins(self, packs: int) -> Booking:
        return self.town.books(self.town.driver("Somebody", pack_count=packs))

    @rule(booking=consumes(bookings))
    def the_driver_cancels(self, booking: Booking) -> None:
        self._try(lifecycle.cancel, booking=booking, by=booking.driver)

    @rule(booking=bookings)
    def the_driver_extends(self, booking: Booking) -> None:
        self._try(lifecycle.extend, booking=booking, by=booking.driver)

    @rule(booking=bookings)
    def the_driver_takes_fewer(self, booking: Booking) -> None:
        self._try(lifecycle.take_fewer, booking=booking, packs_wanted=1, by=booking.driver)

    @rule(booking=bookings, wants_it=st.booleans())
    def the_driver_answers_an_offer(self, booking: Booking, wants_it: bool) -> None:
        offer = Offer.objects.filter(booking=booking).order_by("pk").last()
        if offer is not None:
            answer = lifecycle.take_offer if wants_it else lifecycle.keep_waiting
            self._try(answer, booking=booking, offer_id=offer.pk, by=booking.driver)

    @rule(booking=bookings)
    def staff_confirm_the_arrival(self, booking: Booking) -> None:
        self._try(self.town.arrives, booking)

    @rule(booking=bookings)
    def the_vehicle_is_swapped(self, booking: Booking) -> None:
        first = Booking.objects.at_bay(self.town.station.pk).first()
        if first is not None and first.pk == booking.pk:
            self.town.swaps(first)

    @rule(minutes=st.sampled_from([1, 4, 11, 31]))
    def time_goes_by(self, minutes: int) -> None:
        time_passes(*Booking.objects.filter(state__in=LIVE), minutes=minutes)

    @rule(percent=st.sampled_from([97, 80, 70, 65]))
    def a_pack_comes(self, percent: int) -> None:
        self.town.add_pack(soc_percent=percent)
        self._sweep()

    @precondition(lambda self: Pack.objects.filter(soc_percent__lt=90, slot__isnull=False).exists())
    @rule(points=st.sampled_from([5, 30]), data=st.data())
    def a_pack_charges(self, points: int, data: st.DataObject) -> None:
        charging = list(Pack.objects.filter(soc_percent__lt=90, slot__isnull=False).order_by("pk"))
        pack = data.draw(st.sampled_from(charging))
        soc = min(100, pack.soc_percent + points)
        self._try(inventory.record_soc, pack=pack, soc_percent=soc, soh_percent=98, at=pack.soc_at)

    @precondition(lambda self: Pack.objects.filter(state__in=(PackState.STORED, PackState.KEPT)).exists())
    @rule(data=st.data())
    def a_pack_fails(self, data: st.DataObject) -> None:
        here = list(Pack.objects.filter(state__in=(PackState.STORED, PackState.KEPT)).order_by("pk"))
        self._try(inventory.quarantine, pack=data.draw(st.sampled_from(here)), reason="Swollen case")
        self._sweep()

    @rule()
    def the_sweep_runs(self) -> None:
        self._sweep()

    # --- What is always true ---

    @invariant()
    def p1_no_pack_is_kept_for_two_and_kept_packs_are_exactly_the_promised_and_offered_ones(self) -> None:
        promised = list(Promise.objects.filter(ended_at=None).values_list("pack_id", flat=True))
        held = promised + list(OfferedPack.objects.filter(ended_at=None).values_list("pack_id", flat=True))
        assert not [pack for pack, times in Counter(held).items() if times > 1]
        assert set(held) == set(Pack.objects.filter(state=PackState.KEPT).values_list("pk", flat=True))

    @invariant()
    def a_promise_is_whole_or_not_there(self) -> None:
        for booking in Booking.objects.filter(state__in=LIVE):
            held = booking.promises.filter(ended_at=None).count()
            assert held == (booking.packs_wanted if booking.state in (State.PROMISED, State.ARRIVED) else 0)

    @invariant()
    def an_offer_is_made_to_who_waits_and_of_all_the_packs_that_they_want(self) -> None:
        for offer in Offer.objects.open().select_related("booking"):
            assert offer.booking.state == State.WAITING
            assert offer.packs.filter(ended_at=None).count() == offer.booking.packs_wanted
        assert not OfferedPack.objects.filter(ended_at=None).exclude(offer__ended_at=None).exists()

    @invariant()
    def p2_whoever_went_ahead_did_so_by_a_published_rule(self) -> None:
        for given in BookingStep.objects.filter(step__in=(Step.PROMISE, Step.PROMISE_HERE, Step.OFFER)):
            if not given.exception:
                assert not _earlier_who_waited_on(given)
            else:
                assert given.exception in PUBLISHED

    @invariant()
    def every_step_stands_in_the_table_and_follows_the_one_before(self) -> None:
        for booking in Booking.objects.all():
            state = State.WAITING
            for step in BookingStep.objects.filter(booking=booking).order_by("pk"):
                if step.step != Step.JOIN:
                    assert step.from_state == state
                    assert STEPS[State(step.from_state), Step(step.step)] == step.to_state
                state = State(step.to_state)
            assert state == booking.state
            assert (booking.state in OVER) == (booking.ended_at is not None)

    @invariant()
    def a_read_shows_what_settling_would_write(self) -> None:
        shown = {pk: s.state for pk, s in snapshot.take(self.town.station.pk).standings.items()}
        with transaction.atomic():
            self._sweep()
            written = dict(Booking.objects.filter(pk__in=shown).values_list("pk", "state"))
            transaction.set_rollback(True)
        assert shown == written

    def _sweep(self) -> None:
        failures.settle_line(line_id=line.of(self.town.station, self.town.pack_class).pk)

    def _try(self, act: Any, *args: Any, **kwargs: Any) -> None:
        with suppress(Refusal), transaction.atomic():
            act(*args, **kwargs)


def _earlier_who_waited_on(given: BookingStep) -> bool:
    """Whether somebody who stood before them in the line was waiting when this promise was made."""
    earlier = Booking.objects.filter(line_id=given.booking.line_id, sequence__lt=given.line_sequence)
    last = (BookingStep.objects.filter(booking=other, pk__lt=given.pk).order_by("pk").last() for other in earlier)
    return any(step is not None and step.to_state == State.WAITING for step in last)


def test_a_line_keeps_its_promises_whatever_happens_to_it() -> None:
    run_state_machine_as_test(
        LivingLine,
        settings=settings(
            max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
