"""What booking and stations keep about a person: told, in the way of a deletion, let go. The line's history stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import keeping
from accounts.keeping import Fate, Hindrance, Keeper, Row
from accounts.models import User
from booking import (
    clock,
    conduct,
    favourites,
    feedback,
    history,
    placing_keys,
    presentation,
    receipt_pdf,
    vehicles,
)
from booking.models import Assignment, Block, BlockEntry, Booking, BookingStep, Favourite, Notice, Rating, Report

BOOKING = (
    *("public_id", "state", "source", "packs_wanted", "joined_at", "drive_seconds", "position_at", "promised_at"),
    *("promise_ends_at", "late_told_at", "took_below_target_at"),
    *("here_claimed_at", "here_at", "arrived_at", "started_at", "ended_at", "end_reason", "our_fault", "no_show"),
    *("no_show_disputed_at", "no_show_dispute", "no_show_waived_at", "energy_wh", "price_minor", "tax_minor"),
)


def tell(person: User) -> Iterator[tuple[str, Iterable[Row]]]:
    yield (
        "vehicles",
        Assignment.objects.filter(driver=person)
        .order_by("pk")
        .values(
            *("vehicle__country", "vehicle__plate", "model", "vehicle__model", "vehicle__pack_class__name"),
            *("vehicle__pack_count", "vehicle__proven_at", "ended_at"),
        ),
    )
    yield "bookings", _bookings(person)
    yield (
        "ratings",
        Rating.objects.filter(booking__driver=person)
        .order_by("pk")
        .values("booking__public_id", "station__name", "stars", "words", "given_at"),
    )
    yield (
        "reports",
        Report.objects.filter(booking__driver=person)
        .order_by("pk")
        .values(
            *("booking__public_id", "station__name", "kind", "words", "shown_soc_percent", "state", "made_at"),
            *("answer", "answered_at"),
        ),
    )
    yield "favourites", Favourite.objects.filter(driver=person).order_by("pk").values("station__name", "kept_at")
    yield (
        "planned_by_your_fleet",
        BlockEntry.objects.filter(driver=person)
        .order_by("pk")
        .values("block__station__name", "vehicle__plate", "join_at", "state", "reason", "ended_at"),
    )
    yield (
        "blocks_you_planned",
        Block.objects.filter(made_by=person)
        .order_by("pk")
        .values("fleet__name", "station__name", "first_at", "made_at"),
    )
    yield "notices", Notice.objects.filter(driver=person).order_by("pk").values("kind", "detail", "at")


def hindrances(person: User) -> list[Hindrance]:
    found = []
    live = Booking.objects.live().filter(driver=person).first()
    if live is not None:
        sentence = _("You have a booking. Cancel it, or swap first.")
        address = reverse("booking:booking", args=[live.public_id])
        found.append(Hindrance("live_booking", sentence, address=address, act=_("Show the booking")))
    elif Booking.objects.live().filter(vehicle__in=vehicles.only_of(person)).exists():
        found.append(Hindrance("vehicle_in_use", _("Your vehicle is being served at a station. Try again afterwards.")))
    until = conduct.arrive_first_of_driver(driver=person, now=clock.database_now())
    if until is not None:
        words = {"day": presentation.day(until, "UTC")}
        sentence = _(
            "You book arrive-first until %(day)s, because of no-shows. After that you can delete your account."
        )
        found.append(Hindrance("arrive_first", sentence % words))
    return found


def forget(person: User) -> None:
    feedback.forget_person(driver=person)
    favourites.forget_person(driver=person)
    placing_keys.forget_person(user=person)
    conduct.forget_words(driver=person)
    history.forget_words(driver=person)
    receipt_pdf.forget_person(driver=person)
    vehicles.forget_driver(driver=person)


def _bookings(person: User) -> Iterator[Row]:
    rows = (
        Booking.objects.filter(driver=person)
        .select_related("station", "vehicle", "tariff")
        .prefetch_related("steps")
        .order_by("pk")
    )
    for booking in rows.iterator(chunk_size=200):
        columns = {name: getattr(booking, name) for name in BOOKING}
        yield columns | {
            "station": booking.station.name,
            "plate": booking.vehicle.plate,
            "currency": booking.tariff.currency,
            "steps": [_step(step, person) for step in sorted(booking.steps.all(), key=lambda step: step.pk)],
        }


def _step(step: BookingStep, person: User) -> Row:
    return {
        "step": step.step,
        "to": step.to_state,
        "at": step.at,
        "reason": step.reason,
        "by": _who(step.by_id, person),
    }


def _who(user_id: int | None, person: User) -> str:
    """Who took a step, without naming anybody else."""
    if user_id is None:
        return "time"
    return "you" if user_id == person.pk else "staff"


_LINE = "The order of the line is proved from it; it names a number that is nobody."
_OPINION = "It tells something about the station; the words are gone."
_TOLD = "It shows for 90 days that somebody was told; it has no words, and names a number that is nobody."
_FLEETS = "It is what the fleet has planned with its vehicle; it names a number that is nobody."
_WORK = "Work done at a station, not about the person."

FATES = {
    "booking.Assignment.driver": Fate(told="vehicles"),
    "booking.Booking.driver": Fate(told="bookings", stays=_LINE),
    "booking.BookingStep.by": Fate(told="bookings", stays=_LINE),
    "booking.BookingStep.booking": Fate(told="bookings", stays=_LINE),
    "booking.Promise.booking": Fate(untold="Which pack was kept; the booking's steps tell when.", stays=_LINE),
    "booking.SwapPack.booking": Fate(untold="Packs are the network's; the booking tells the energy.", stays=_LINE),
    "booking.Rating.booking": Fate(told="ratings", stays=_OPINION),
    "booking.Report.booking": Fate(told="reports", stays=_OPINION),
    "booking.Report.taken_by": Fate(untold=_WORK, stays="It names a number that is nobody."),
    "booking.Offer.booking": Fate(untold="That a pack was offered; the booking's steps tell when.", stays=_LINE),
    "booking.MoveOffer.booking": Fate(
        untold="That another station was offered; the booking's steps tell when.", stays=_LINE
    ),
    "booking.Told.booking": Fate(untold="What was foretold from the line; no word about the person.", stays=_LINE),
    "booking.Block.made_by": Fate(told="blocks_you_planned", stays=_FLEETS),
    "booking.BlockEntry.driver": Fate(told="planned_by_your_fleet", stays=_FLEETS),
    "booking.BlockEntry.booking": Fate(told="planned_by_your_fleet", stays=_FLEETS),
    "booking.Favourite.driver": Fate(told="favourites"),
    "booking.Notice.booking": Fate(told="notices", stays=_TOLD),
    "booking.Notice.driver": Fate(told="notices", stays=_TOLD),
    "booking.PlacingKey.booking": Fate(untold="A random number that made two taps one."),
    "booking.PlacingKey.user": Fate(untold="A random number that made two taps one."),
    "booking.CodeAttempt.by": Fate(untold=_WORK, stays="It names a number that is nobody."),
    "stations.Station.status_changed_by": Fate(untold=_WORK, stays="It names a number that is nobody."),
}


def keep() -> None:
    keeping.register("booking", Keeper(tell=tell, hindrances=hindrances, forget=forget, fates=FATES))
