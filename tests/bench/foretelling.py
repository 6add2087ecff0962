"""What a forecast costs: of 20 stations at once, as a search asks for it, and of one line of 500, as its phones do.

`python -m tests.bench.foretelling` measures CPU alone, with no database. Beside it stands a bare numpy pass: the
orders, sums and maxima without which nobody can play the same stations forward in as many scenarios. The product's
bounds are 5 ms for 20 stations and 0.25 ms for one of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from booking.forecast import NEWCOMERS, SCENARIOS, SEED, Floats, Situation, Stage, Vehicle, for_joiners, for_line
from booking.habits import Habits
from tests.bench import figures, machine

STATIONS = 20
LINE = 500
ROUNDS = 200
LINE_ROUNDS = 20
BOUND_MS = 5.0
HABITS = Habits(arrival_rate=1 / 600)
PROMISE_SECONDS = 900.0
JOINER = Vehicle(Stage.WAITING, drive=600.0, lasts=PROMISE_SECONDS)


def main() -> None:
    found = measure()
    print(_as_text(found))  # noqa: T201 - a bench tells its figures
    print(f"Written to {figures.write('foretelling', found)}")  # noqa: T201 - the same


def measure() -> dict[str, Any]:
    nearby = [_station(number, waiting=number % 4) for number in range(STATIONS)]
    crowded = _station(0, waiting=LINE)
    vehicles = max(len(station.vehicles) for station in nearby) + 1
    found: dict[str, Any] = {"machine": machine.describe(), "stations": STATIONS, "line": LINE, "bound_ms": BOUND_MS}
    found["first_line"] = figures.summary([_cpu_seconds(partial(for_line, crowded))])
    found["nearby"] = _summary(partial(for_joiners, nearby, [JOINER] * STATIONS), ROUNDS)
    found["bare_nearby"] = _summary(partial(_bare, _weather(STATIONS, NEWCOMERS + vehicles)), ROUNDS)
    found["whole_line"] = _summary(partial(for_line, crowded), LINE_ROUNDS)
    found["bare_line"] = _summary(partial(_bare, _weather(1, NEWCOMERS + LINE)), LINE_ROUNDS)
    found["a_station_ms"] = round(found["nearby"]["p50_ms"] / STATIONS, 3)
    for name, bare in (("nearby", "bare_nearby"), ("whole_line", "bare_line")):
        found[name]["to_bare"] = round(found[name]["p50_ms"] / found[bare]["p50_ms"], 1)
    return found


def _station(number: int, *, waiting: int) -> Situation:
    """Two bays, a dozen packs of which a third is ready, a swap, somebody here, two on their way and a line."""
    vehicles = [Vehicle(Stage.SWAPPING, since=60.0), Vehicle(Stage.ARRIVED)]
    vehicles += [Vehicle(Stage.PROMISED, drive=120.0 * n, lasts=PROMISE_SECONDS) for n in (1, 2)]
    vehicles += [Vehicle(Stage.WAITING, drive=300.0, lasts=PROMISE_SECONDS)] * waiting
    ready_in = tuple(max(0.0, 240.0 * (pack - 4) + 10.0 * number) for pack in range(12))
    return Situation(ready_in=ready_in, vehicles=vehicles, bays=2, recharge=3_000.0, habits=HABITS)


def _weather(stations: int, vehicles: int) -> Floats:
    return np.random.default_rng(SEED).random((stations, SCENARIOS, vehicles))


def _bare(weather: Floats) -> Floats:
    """Arrivals in their order, the bays by Lindley's recursion, and the quantiles: once, with nothing decided."""
    arrives = np.exp(weather)
    order = np.argsort(arrives, axis=-1, kind="stable")
    arrived, lasting = (np.take_along_axis(values, order, axis=-1) for values in (arrives, weather))
    before = np.cumsum(lasting, axis=-1) - lasting
    ends: Floats = np.sort(np.maximum.accumulate(arrived - before, axis=-1) + before + lasting, axis=1)
    return ends


def _summary(act: Callable[[], object], rounds: int) -> dict[str, Any]:
    act()
    return dict(figures.summary([_cpu_seconds(act) for _round in range(rounds)]))


def _cpu_seconds(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def _as_text(found: dict[str, Any]) -> str:
    lines = [
        f"Forecast: CPU of {STATIONS} stations for one who asks, and of one line of {LINE}, {SCENARIOS} scenarios",
        f"on {found['machine']}",
    ]
    for name, words in (("nearby", f"{STATIONS} stations"), ("whole_line", f"line of {LINE}")):
        whole, bare = found[name], found["bare_" + name.removeprefix("whole_")]
        lines += [
            f"  {words:12} p50 {whole['p50_ms']:8.2f} ms   p95 {whole['p95_ms']:8.2f} ms",
            f"    bare numpy p50 {bare['p50_ms']:8.2f} ms   p95 {bare['p95_ms']:8.2f} ms   ratio {whole['to_bare']}",
        ]
    lines += [
        f"  {found['a_station_ms']} ms a station (at most 0.25), {BOUND_MS:g} ms for all at most",
        f"  a line is worked out once per version and 20 s; the first in a process {found['first_line']['max_ms']} ms",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
