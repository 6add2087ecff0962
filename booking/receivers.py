"""What booking does when stations or payments announce a fact. All of booking's reactions stand here."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.dispatch import receiver

from accounts import signals as people
from booking import failures, lifecycle, line, live, nudge
from payments import signals as money
from stations import signals as metal


@receiver(money.payment_about_to_change)
def lock_the_line_of_the_payment(sender: Any, *, reference: Any, **kwargs: Any) -> None:
    """Lines come before payments in the order of locks, so the line is taken before the payment is."""
    failures.lock_line_of(reference=reference)


@receiver(money.payment_authorised)
def payment_authorised(sender: Any, *, payment: Any, **kwargs: Any) -> None:
    lifecycle.authorise(payment_id=payment.pk)


@receiver(money.payment_refused)
def payment_refused(sender: Any, *, payment: Any, reason: str = "", **kwargs: Any) -> None:
    lifecycle.refuse_payment(payment_id=payment.pk, reason=reason)


@receiver(money.payment_owed)
def payment_owed(sender: Any, *, payment: Any, **kwargs: Any) -> None:
    failures.payment_owed(payment_id=payment.pk)


@receiver(metal.failing)
def lock_the_lines_of_the_station(sender: Any, *, station_id: int, pack_class_ids: list[int], **kwargs: Any) -> None:
    failures.lock_lines(station_id=station_id, pack_class_ids=pack_class_ids)


@receiver(metal.pack_failed)
def pack_failed(sender: Any, *, pack: Any, reason: str, **kwargs: Any) -> None:
    failures.pack_failed(pack=pack, reason=reason)
    transaction.on_commit(nudge.movers)


@receiver(metal.slot_failed)
def slot_failed(sender: Any, *, slot: Any, pack: Any, reason: str, **kwargs: Any) -> None:
    if pack is not None:
        failures.pack_failed(pack=pack, reason=reason)
    transaction.on_commit(nudge.movers)


@receiver(metal.station_failed)
def station_failed(sender: Any, *, station: Any, reason: str, **kwargs: Any) -> None:
    failures.station_failed(station=station, reason=reason)
    transaction.on_commit(nudge.movers)


@receiver(metal.station_opened)
def station_opened(sender: Any, *, station: Any, **kwargs: Any) -> None:
    failures.station_opened(station=station)
    transaction.on_commit(nudge.movers)


@receiver(metal.bay_failed)
def bay_failed(sender: Any, *, bay: Any, **kwargs: Any) -> None:
    failures.bay_failed(station=bay.station)
    line.note_change(bay.station_id)
    transaction.on_commit(nudge.movers)


@receiver(metal.bay_opened)
def bay_opened(sender: Any, *, bay: Any, **kwargs: Any) -> None:
    line.note_change(bay.station_id)
    transaction.on_commit(nudge.movers)


@receiver(metal.stock_grew)
def stock_grew(sender: Any, *, station_id: int, pack_class_id: int, **kwargs: Any) -> None:
    """A pack may be ready for the first in line: settle after commit, when no pack is locked any more."""
    failures.settle_soon(station_id=station_id, pack_class_id=pack_class_id)


@receiver(people.access_changed)
def access_changed(sender: Any, **kwargs: Any) -> None:
    """Sockets are looked through at once, not only when it is their turn."""
    transaction.on_commit(live.publish_access)
