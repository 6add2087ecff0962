"""The command that proves promises: what it prints, and how it ends when one is broken."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from booking import lifecycle
from booking.models import Booking, BookingStep, Offer, OfferedPack, Promise
from booking.states import Step
from stations.models import Pack
from stations.states import PackState
from tests.factories.booking import Town


@pytest.mark.django_db(transaction=True)
def test_it_says_what_it_examined_and_that_all_holds() -> None:
    town = Town(packs=2)
    town.swaps(town.arrives(town.books(town.driver("Asha"))))
    town.books(town.driver("Bala"))
    told = StringIO()

    call_command("check_promises", stdout=told, no_color=True)

    lines = told.getvalue().splitlines()
    assert {line[:2] for line in lines[:-1]} == {"P1", "P2", "P4", "P6"}
    assert "P1  holds          1 rows  No pack has two live promises." in lines
    assert lines[-1].startswith("All ")


@pytest.mark.django_db(transaction=True)
def test_it_names_the_row_and_fails_when_a_promise_is_broken() -> None:
    town = Town(packs=1)
    town.books(town.driver("Asha"))
    Pack.objects.filter(pk=town.packs[0].pk).update(state=PackState.STORED, kept_until=None)
    told = StringIO()

    with pytest.raises(CommandError, match="broken promise"):
        call_command("check_promises", stdout=told, no_color=True)

    assert town.packs[0].serial in told.getvalue()


def _told() -> str:
    told = StringIO()
    with suppress(CommandError):
        call_command("check_promises", stdout=told, no_color=True)
    return told.getvalue()


@pytest.mark.django_db(transaction=True)
def test_an_offer_that_is_taken_past_somebody_holds_before_and_after() -> None:
    town = Town(packs=0)
    town.add_pack(soc_percent=72)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    while_asked = _told()
    lifecycle.keep_waiting(booking=asha, offer_id=Offer.objects.open().get(booking=asha).pk, by=town.staff)
    lifecycle.take_offer(booking=bala, offer_id=Offer.objects.open().get(booking=bala).pk, by=town.staff)

    taken = _told()

    assert while_asked.splitlines()[-1].startswith("All ")
    assert taken.splitlines()[-1].startswith("All ")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("breaks", "sentence"),
    [
        (lambda: OfferedPack.objects.all().delete(), "Every kept pack is promised or offered to somebody."),
        (lambda: Pack.objects.update(state=PackState.STORED, kept_until=None), "Every live offer is of a kept pack"),
        (
            lambda: Promise.objects.create(
                booking=Booking.objects.get(), pack=Pack.objects.get(), made_at=Booking.objects.get().joined_at
            ),
            "No pack is kept for two, promised or offered.",
        ),
        (lambda: _step(exception="rule_11"), "Whoever went ahead by rule 11 took an offer that went down the line."),
    ],
)
def test_an_offer_that_breaks_a_promise_is_named(breaks: Callable[[], object], sentence: str) -> None:
    town = Town(packs=0)
    town.add_pack(soc_percent=72)
    town.books(town.driver("Asha"))

    breaks()

    (broken,) = [told for told in _told().splitlines() if sentence in told]
    assert "holds" not in broken


def _step(**values: str) -> BookingStep:
    """An offer to Asha for which nobody was asked before."""
    asha = Booking.objects.get()
    return BookingStep.objects.create(
        booking=asha, step=Step.OFFER, to_state=asha.state, at=asha.joined_at, line_sequence=asha.sequence, **values
    )
