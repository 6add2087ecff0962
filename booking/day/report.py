"""Whether the forecast is as good as docs/rules/forecast.md says, on days that nobody used to make it.

Three sets of days of one network, by their seeds: habits are learned from the first, ranges and chances adjusted by the
second, and the third is reported. One day of it is played in two more ways, to compare rankings on the same demand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from booking import calibration
from booking.calibration import Decile, Score, Told, band_name
from booking.day import play, world
from booking.day.play import Case, Day, Result, Seen
from booking.day.world import Terms
from booking.forecast import HIGH, LOW, Span
from booking.habits import Experience, Habits, habits, tally

NETWORK_SEED = 7
LEARNED_FROM = (101, 102, 103, 104)
# As many as adjust a real day (booking.measuring).
ADJUSTED_BY = tuple(range(201, 215))
HELD_OUT = tuple(range(9_201, 9_215))
# A cell that is smaller fails by chance though everything is right.
LEAST_CELL = 1_000
LEAST_DECILE = 200


@dataclass(frozen=True, slots=True)
class Learned:
    """Habits by site and hour of the day; a simulated week has one kind of day."""

    own: dict[int, Experience]
    kinds: dict[int, Experience]
    known: dict[tuple[int, int], Habits]

    def __call__(self, site: int, kind: str, at: float) -> Habits:
        key = (site, int(at // 3600) % 24)
        if key not in self.known:
            self.known[key] = habits(self.own.get(site, Experience()), self.kinds[0], hour_of_week=key[1])
        return self.known[key]


def learn(days: Sequence[Seen], sites: int) -> Learned:
    """What was seen on these days, by site and for all."""
    own: dict[int, Experience] = {number: Experience() for number in range(sites)}
    for seen in days:
        counted = _experience(seen)
        own = {number: own[number] + counted.get(number, _nothing()) for number in own}
    every = Experience()
    for one in own.values():
        every = every + one
    return Learned(own, {0: every}, {})


def _nothing() -> Experience:
    return Experience(hours=dict.fromkeys(range(24), 1))


def _experience(seen: Seen) -> dict[int, Experience]:
    swaps, drives, charges = (_by_site(rows) for rows in (seen.swaps, seen.drives, seen.charges))
    kept = _by_site(seen.kept)
    left: dict[int, int] = defaultdict(int)
    waited: dict[int, float] = defaultdict(float)
    for site, gave_up, seconds in seen.left:
        left[site] += gave_up
        waited[site] += seconds
    joined: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for site, at in seen.joined:
        joined[site][int(at // 3600) % 24] += 1
    return {
        site: Experience(
            swaps=tally(swaps[site]),
            drives=tally(drives[site]),
            charges=tally(charges[site]),
            kept=tally(kept[site]),
            left=left[site],
            waited_seconds=waited[site],
            joined=dict(joined[site]),
            hours=dict.fromkeys(range(24), 1),
        )
        for site in {*swaps, *drives, *kept, *joined}
    }


def _by_site(rows: Iterable[tuple[int, float]]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = defaultdict(list)
    for site, value in rows:
        found[site].append(float(value))
    return found


# --- Against what is simpler ---


@dataclass(frozen=True, slots=True)
class Simple:
    """ "Your place × the average": what a sign at the station could say, with its own 80 % band around it.

    It is given the drive, and the average and the band are the best that the same days teach.
    """

    a_place: float
    base: float
    below: float
    above: float

    def said(self, case: Case) -> Span:
        likely = case.drive + self.base + self.a_place * case.ahead
        return Span(max(0.0, likely + self.below), max(0.0, likely), max(0.0, likely + self.above))


def simple(cases: Sequence[Case]) -> Simple:
    """Fitted to these cases by least squares."""
    ahead = np.array([case.ahead for case in cases], dtype=float)
    beyond = np.array([case.away - case.drive for case in cases])
    a_place, base = (float(x) for x in np.polyfit(ahead, beyond, 1))
    left = beyond - base - a_place * ahead
    return Simple(a_place, base, float(np.quantile(left, LOW)), float(np.quantile(left, HIGH)))


# --- The whole ---


@dataclass(frozen=True, slots=True)
class Way:
    """How one way of promising does on a day: means per driver and pack, in minutes."""

    done: int
    minutes: float
    idle_minutes: float
    not_ready: int


def way(result: Result) -> Way:
    return Way(
        done=result.completed,
        minutes=fmean(result.to_drive_away) / 60,
        idle_minutes=result.idle_seconds / max(1, result.packs_out) / 60,
        not_ready=result.not_ready,
    )


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of docs/rules/forecast.md, of held-out days."""

    cases: int
    whole: Score
    raw: Score
    by_hour: dict[str, Score]
    by_kind: dict[str, Score]
    simple: Score
    brier: float
    brier_ready_now: float
    deciles: list[Decile]
    soonest_minutes: float
    nearest_minutes: float
    soonest_done: int
    nearest_done: int
    ahead: Way
    not_ahead: Way
    asked: int
    # Of one core, for one day.
    day_seconds: float


@dataclass(frozen=True, slots=True)
class Bound:
    """A figure and what it must lie between."""

    name: str
    value: float
    least: float
    most: float
    cases: int

    @property
    def holds(self) -> bool:
        return self.least <= self.value <= self.most


def bounds(made: Report) -> list[Bound]:
    """What must hold of a report. Cells that are too small to fail but by chance are left out."""
    cells = {**made.by_hour, **made.by_kind}
    return [
        Bound("inside the range", made.whole.coverage, 0.78, 0.82, made.cases),
        *(
            Bound(f"inside the range, {name}", score.coverage, 0.75, 0.85, score.cases)
            for name, score in cells.items()
            if score.cases >= LEAST_CELL
        ),
        Bound(
            "median width, of place × average", made.whole.median_width / made.simple.median_width, 0, 0.6, made.cases
        ),
        Bound("mean error, of place × average", made.whole.mean_error / made.simple.mean_error, 0, 0.75, made.cases),
        Bound("Brier score, of ready now", made.brier / made.brier_ready_now, 0, 0.7, made.cases),
        *(
            Bound(f"told {tenth.told:.2f} that it is ready, off by", tenth.error, 0, 0.03, tenth.cases)
            for tenth in made.deciles
            if tenth.cases >= LEAST_DECILE
        ),
        Bound(
            "minutes to drive away, of nearest first", made.soonest_minutes / made.nearest_minutes, 0, 0.85, made.asked
        ),
    ]


def group(case: Case) -> tuple[str, int]:
    """What ranges are adjusted by: the class and the part of the day."""
    return case.kind, band(case.joined_at)


def band(at: float) -> int:
    return calibration.band(at / 3600 % 24)


def played(
    seed: int, terms: Terms, learned: Learned | None, *, by_distance: bool = False, promises_ahead: bool = True
) -> Result:
    """One day of the network. Runs in a process of its own."""
    day = Day(
        world.build(seed, terms, network_seed=NETWORK_SEED),
        learned=learned or play.usual,
        choose=play.nearest if by_distance else play.soonest,
        promises_ahead=promises_ahead,
    )
    return day.play()


def report(terms: Terms, *, processes: int = 2, tell: Callable[[str], None] = lambda _: None) -> Report:
    """Play, learn, adjust and measure; `tell` hears how far it is."""
    with ProcessPoolExecutor(processes) as pool:
        tell(f"learning from {len(LEARNED_FROM)} days")
        first = list(pool.map(played, LEARNED_FROM, _of(terms), _of(None)))
        learned = learn([result.seen for result in first], terms.stations)
        tell(f"adjusting by {len(ADJUSTED_BY)} days")
        second = [pool.submit(played, seed, terms, learned) for seed in ADJUSTED_BY]
        known = [case for one in second for case in one.result().cases]
        tell(f"measuring on {len(HELD_OUT)} days that are used for nothing else")
        third = [pool.submit(played, seed, terms, learned) for seed in HELD_OUT]
        fourth = pool.submit(played, HELD_OUT[0], terms, learned, by_distance=True)
        fifth = pool.submit(played, HELD_OUT[0], terms, learned, promises_ahead=False)
        held_out = [one.result() for one in third]
        by_distance, not_ahead = fourth.result(), fifth.result()
    return measure(
        known=known,
        cases=[case for result in held_out for case in result.cases],
        soonest=held_out[0],
        nearest=by_distance,
        not_ahead=not_ahead,
    )


def _of(value: object) -> Iterable[object]:
    while True:
        yield value


def measure(
    *, known: Sequence[Case], cases: Sequence[Case], soonest: Result, nearest: Result, not_ahead: Result
) -> Report:
    """`known` cases adjust and fit, `cases` are measured; the three results are of one day, played in three ways."""
    adjustment = calibration.adjust(Told(group(c), c.said.away, c.away) for c in known)
    chances = calibration.rising([(c.said.ready, c.was_ready) for c in known])
    fitted = simple(known)
    told = [(adjustment.applied(c.said.away, group(c)), c.away) for c in cases]
    hours: dict[str, list[tuple[Span, float]]] = defaultdict(list)
    kinds: dict[str, list[tuple[Span, float]]] = defaultdict(list)
    for case, pair in zip(cases, told, strict=True):
        hours[band_name(band(case.joined_at))].append(pair)
        kinds[case.kind].append(pair)
    ready = [(chances.applied(c.said.ready), c.was_ready) for c in cases]
    return Report(
        cases=len(cases),
        whole=calibration.score(told),
        raw=calibration.score([(c.said.away, c.away) for c in cases]),
        by_hour={name: calibration.score(pairs) for name, pairs in sorted(hours.items())},
        by_kind={name: calibration.score(pairs) for name, pairs in sorted(kinds.items())},
        simple=calibration.score([(fitted.said(c), c.away) for c in cases]),
        brier=calibration.brier(ready),
        brier_ready_now=calibration.brier([(float(c.ready_now >= 1), c.was_ready) for c in cases]),
        deciles=calibration.reliability(ready),
        soonest_minutes=fmean(soonest.to_drive_away) / 60,
        nearest_minutes=fmean(nearest.to_drive_away) / 60,
        soonest_done=soonest.completed,
        nearest_done=nearest.completed,
        ahead=way(soonest),
        not_ahead=way(not_ahead),
        asked=soonest.asked,
        day_seconds=soonest.cpu_seconds,
    )
