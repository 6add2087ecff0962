"""How soon a hundred drivers at a station that fails are told where else they are served (rule 7).

`python -m tests.bench.moving` lets a station with a hundred bookings fail beside twelve others, on a database that
keeps its word through a power failure. Timed is from the failure, with every worker idle, until each of them has an
offer in its row; then all of them move at once. The product's bound for planning is 2 s. The raw limit beside it is one
INSERT of as many rows on the same server. Afterwards the promises are checked.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from tests.bench import database, figures, machine

DRIVERS, STATIONS, ROUNDS = 100, 12, 5
PACKS_EACH = 4
BOUND_SECONDS = 2


def main() -> None:
    found = measure()
    print(_as_text(found))  # noqa: T201 - a bench tells its figures
    print(f"Written to {figures.write('moving', found)}")  # noqa: T201 - the same


def measure() -> dict[str, Any]:
    with database.durable("bench_moving") as own:
        found: dict[str, Any] = {"machine": machine.describe(postgresql=own.version), "bound_seconds": BOUND_SECONDS}
        found["bookings"] = DRIVERS
        rounds = [_fails() for _round in range(1 + ROUNDS)][1:]
        found["planned"] = figures.summary([seconds for seconds, _moved in rounds])
        found["moved_one_by_one"] = figures.summary([seconds for _planned, seconds in rounds])
        found["bare"] = figures.summary([figures.timed(_insert_bare) for _round in range(ROUNDS)])
        found["broken_promises"] = _broken()
    found["ratio"] = round(found["planned"]["p50_ms"] / found["bare"]["p50_ms"], 1)
    return found


def _fails() -> tuple[float, float]:
    """Seconds from the failure until everybody has an offer, and until everybody has moved."""
    from booking import moving, tasks
    from booking.models import Booking, MoveOffer
    from stations import upkeep
    from tests.factories.booking import Town
    from tests.factories.stations import PackFactory

    town = Town(packs=0)
    for number in range(STATIONS):
        other = town.second_station(f"Other {number}", latitude=38.70 + number / 200)
        PackFactory.create_batch(PACKS_EACH - 1, station=other, pack_class=town.pack_class)
    bookings = [town.books(town.driver(f"Driver {number}")) for number in range(DRIVERS)]

    start = time.perf_counter()
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)
    tasks.plan_moves()
    planned = time.perf_counter() - start
    offers = {offer.booking_id: offer.pk for offer in MoveOffer.objects.open().filter(booking__in=bookings)}
    assert len(offers) == DRIVERS, f"only {len(offers)} of {DRIVERS} have an offer"

    answers = [partial(moving.accept, booking=b, offer_id=offers[b.pk], by=b.driver) for b in bookings]
    moved = figures.timed(lambda: [answer() for answer in answers])
    assert not Booking.objects.live().filter(station=town.station).exists()
    assert Booking.objects.live().filter(pk__in=[b.pk for b in bookings]).count() == DRIVERS
    return planned, moved


def _insert_bare() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS bare_offer (id bigserial PRIMARY KEY, booking bigint, station bigint)"
        )
        cursor.execute(
            "INSERT INTO bare_offer (booking, station) SELECT n, n %% 12 FROM generate_series(1, %s) n", [DRIVERS]
        )


def _broken() -> int:
    from django.db import connection

    from booking import proofs

    return sum(len(result.violations) for result in proofs.run(connection))


def _as_text(found: dict[str, Any]) -> str:
    planned, moved, bare = found["planned"], found["moved_one_by_one"], found["bare"]
    return "\n".join(
        [
            f"{found['bookings']} bookings at a station that fails; {found['broken_promises']} broken promises",
            f"  until everybody has an offer: p50 {planned['p50_ms']} ms, max {planned['max_ms']} ms",
            f"  bound for that:               {found['bound_seconds'] * 1000} ms",
            f"  one INSERT of as many rows:   p50 {bare['p50_ms']} ms (ratio {found['ratio']})",
            f"  all of them moved in a row:   p50 {moved['p50_ms']} ms",
        ]
    )


if __name__ == "__main__":
    main()
