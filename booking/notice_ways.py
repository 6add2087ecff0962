"""How a person is told: the ways that they have and have chosen, as their page shows them; and choosing others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import notice_choices, push_keys
from accounts.models import PushSubscription, User
from accounts.notice_choices import Choice
from accounts.refusals import Refusal
from booking.deliveries import ways_of
from booking.models import Booking
from booking.notice_kinds import MUST_BE_TOLD, Subject, Way, usual

SUBJECTS: dict[Subject, tuple[Promise, Promise]] = {
    Subject.PACK: (gettext_lazy("Your pack"), gettext_lazy("It is kept for you now, or five minutes are left.")),
    Subject.BAY: (gettext_lazy("Your turn at the bay"), gettext_lazy("You have three minutes to drive in.")),
    Subject.FAULT: (
        gettext_lazy("When we fail you"),
        gettext_lazy("The station has stopped or works again, or a pack has failed. One way always stays on."),
    ),
    Subject.END: (gettext_lazy("It is over"), gettext_lazy("Your booking ended, and not by you.")),
    Subject.MONEY: (gettext_lazy("Payment"), gettext_lazy("It was refused, or a swap is not paid yet.")),
    Subject.RECEIPT: (gettext_lazy("Receipts"), gettext_lazy("After each swap.")),
}
WAYS: dict[Way, Promise] = {
    Way.PUSH: gettext_lazy("Phone"),
    Way.EMAIL: gettext_lazy("E-mail"),
    Way.SMS: gettext_lazy("Text"),
}


class OneWayStays(Refusal):
    """What must be told would be told by no way at all."""

    code = "one_way_stays"


@dataclass(frozen=True, slots=True)
class Tick:
    """One way of one subject. `is_possible` is false where the person lacks the phone, the address or the number."""

    value: str
    label: Promise
    is_on: bool
    is_possible: bool


@dataclass(frozen=True, slots=True)
class Topic:
    title: Promise
    about: Promise
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Room:
    """The page of notifications, complete."""

    phones: tuple[PushSubscription, ...]
    has: frozenset[Way]
    topics: tuple[Topic, ...]
    zone: str


def of(driver: User) -> Room:
    phones = tuple(PushSubscription.objects.live().of(driver).order_by("-used_at"))
    has = ways_of(driver, has_phones=bool(phones))
    chosen = notice_choices.of(driver)
    topics = tuple(
        Topic(title, about, tuple(_tick(subject, way, has, chosen) for way in Way))
        for subject, (title, about) in SUBJECTS.items()
    )
    return Room(phones, has, topics, _zone(driver))


def choose(*, driver: User, shown: Collection[str], ticked: Collection[str]) -> None:
    """Take over what was ticked, for the ways that the page showed and the person has. Raises OneWayStays."""
    has = of(driver).has
    asked: list[tuple[Subject, Way]] = [
        (subject, way) for subject in Subject for way in Way if way in has and way in shown
    ]
    wanted: dict[Choice, bool] = {(subject, way): f"{subject}:{way}" in ticked for subject, way in asked}
    for subject in MUST_BE_TOLD:
        given = [wants for (about, _way), wants in wanted.items() if about == subject]
        if given and not any(given):
            raise OneWayStays(
                _("Keep one way for when we fail you: you might be driving to a station that has stopped.")
            )
    told_by_push = Way.PUSH in has
    as_usual: dict[Choice, bool] = {
        (subject, way): usual(subject=subject, way=way, told_by_push=told_by_push) for subject, way in asked
    }
    notice_choices.choose(user=driver, wanted=wanted, usual=as_usual)


def no_more_mail(*, driver: User) -> None:
    """One tap in a mail, and no more mail of this kind comes, not even what must be told."""
    mail: list[Choice] = [(subject, Way.EMAIL) for subject in Subject]
    # A row also where no mail is usual: what must be told looks for a way, and goes by none that was refused.
    notice_choices.choose(user=driver, wanted=dict.fromkeys(mail, False), usual=dict.fromkeys(mail, True))


def may_ask(driver: User) -> bool:
    """Whether to offer telling on the phone: once, and never before the first booking."""
    return (
        push_keys.is_on()
        and not notice_choices.has_answered(driver)
        and not PushSubscription.objects.live().of(driver).exists()
        and Booking.objects.filter(driver=driver).exists()
    )


def _zone(driver: User) -> str:
    """Where this person's days begin: at the station that they booked last."""
    last = Booking.objects.filter(driver=driver).order_by("-joined_at").values_list("station__time_zone", flat=True)
    return last.first() or "UTC"


def _tick(subject: Subject, way: Way, has: frozenset[Way], chosen: dict[tuple[str, str], bool]) -> Tick:
    is_on = chosen.get((subject, way), usual(subject=subject, way=way, told_by_push=Way.PUSH in has))
    return Tick(f"{subject}:{way}", WAYS[way], is_on and way in has, way in has)
