"""Ranges that are right as often as they claim: adjusted by what came of the last ones, measured by what comes next.

Functions of their arguments: no rows, no clock. docs/rules/forecast.md says in plain words what is counted.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any, Self

import numpy as np

from booking.forecast import HIGH, LIKELY, LOW, Floats, Span

# Added to a range's width, so that a range of nothing can be widened, too.
LEAST_WIDTH_SECONDS = 60.0
# A group of so many cases is believed as much as all cases together.
BORROWED_CASES = 200
# With fewer than this many cases nothing is adjusted, and a wait is called an estimate.
CALIBRATED_FROM = 200
DECILES = 10
# Ranges are adjusted by the class and the part of the day in which they are told: parts begin at these hours.
HOUR_BANDS = (0, 6, 9, 12, 15, 18, 21, 24)


def band(hour: float) -> int:
    """The number of the part of the day to which an hour (0 to 24) belongs."""
    return max(number for number, begins in enumerate(HOUR_BANDS[:-1]) if begins <= hour)


def band_name(number: int) -> str:
    return f"{HOUR_BANDS[number]:02d}-{HOUR_BANDS[number + 1]:02d}"


@dataclass(frozen=True, slots=True)
class Told:
    """A range as the scenarios gave it, before any adjustment, and the seconds that it truly took."""

    group: Hashable
    said: Span
    truth: float


@dataclass(frozen=True, slots=True)
class Shift:
    """By how much of its width (and `LEAST_WIDTH_SECONDS`) each end of a range moves."""

    low: float = 0.0
    likely: float = 0.0
    high: float = 0.0

    def applied(self, span: Span) -> Span:
        scale = span.width + LEAST_WIDTH_SECONDS
        low = max(0.0, span.low + self.low * scale)
        likely = max(low, span.likely + self.likely * scale)
        return Span(low, likely, max(likely, span.high + self.high * scale))


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What was learned from the last days; groups that nobody has seen take the shift of all."""

    overall: Shift = Shift()
    groups: Mapping[Hashable, Shift] = field(default_factory=dict)
    cases: int = 0

    @property
    def is_calibrated(self) -> bool:
        return self.cases >= CALIBRATED_FROM

    def applied(self, span: Span, group: Hashable) -> Span:
        """The range as people are told it. Where no scenario has anybody wait there is nothing to adjust."""
        if span.high <= 0:
            return span
        return self.groups.get(group, self.overall).applied(span)

    def as_json(self) -> dict[str, Any]:
        """As it is kept in a row, where groups are pairs of numbers: class and part of the day."""
        return {
            "cases": self.cases,
            "overall": astuple(self.overall),
            "groups": [[group, astuple(shift)] for group, shift in self.groups.items()],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        groups: dict[Hashable, Shift] = {tuple(group): Shift(*shift) for group, shift in kept["groups"]}
        return cls(Shift(*kept["overall"]), groups, kept["cases"])


def adjust(told: Iterable[Told]) -> Adjustment:
    """The shifts by which the ranges of these cases would have been right: conformalized quantile regression.

    (Romano, Patterson and Candès, NeurIPS 2019, with a score for each end in units of the range's width, by group as in
    Mondrian conformal prediction: Vovk, Lindsay, Nouretdinov and Gammerman, 2003.) A small group is pulled to all.
    """
    by_group: dict[Hashable, list[tuple[float, float, float]]] = defaultdict(list)
    for one in told:
        scale = one.said.width + LEAST_WIDTH_SECONDS
        by_group[one.group].append(
            (
                (one.truth - one.said.low) / scale,
                (one.truth - one.said.likely) / scale,
                (one.truth - one.said.high) / scale,
            )
        )
    scores = {group: np.array(rows) for group, rows in by_group.items()}
    cases = sum(len(rows) for rows in scores.values())
    if cases < CALIBRATED_FROM:
        return Adjustment(cases=cases)
    overall = _quantiles(np.concatenate(list(scores.values())))
    groups = {}
    for group, rows in scores.items():
        weight = len(rows) / (len(rows) + BORROWED_CASES)
        groups[group] = Shift(*(weight * _quantiles(rows) + (1 - weight) * overall).tolist())
    return Adjustment(Shift(*overall.tolist()), groups, cases)


def _quantiles(scores: Floats) -> Floats:
    """Of each end its own; the outer two by the finite-sample rank of conformal prediction."""
    count = len(scores)
    low = max(0.0, (LOW * (count + 1) - 1) / max(1, count - 1))
    high = min(1.0, (HIGH * (count + 1) - 1) / max(1, count - 1))
    return np.array(
        [np.quantile(scores[:, 0], low), np.quantile(scores[:, 1], LIKELY), np.quantile(scores[:, 2], high)]
    )


# --- Chances ---


@dataclass(frozen=True, slots=True)
class Chances:
    """A chance that was told, against the share that came true: a rising line of points."""

    told: tuple[float, ...] = (0.0, 1.0)
    true: tuple[float, ...] = (0.0, 1.0)

    def applied(self, chance: float) -> float:
        at = bisect.bisect_right(self.told, chance)
        if at == 0:
            return self.true[0]
        if at == len(self.told):
            return self.true[-1]
        one, other = self.told[at - 1], self.told[at]
        share = (chance - one) / (other - one)
        return self.true[at - 1] + share * (self.true[at] - self.true[at - 1])

    def as_json(self) -> dict[str, Any]:
        return {"told": self.told, "true": self.true}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(tuple(kept["told"]), tuple(kept["true"]))


def rising(pairs: Sequence[tuple[float, bool]]) -> Chances:
    """Isotonic regression of what came true on what was told, by pooling neighbours (Ayer and others, 1955)."""
    if len(pairs) < CALIBRATED_FROM:
        return Chances()
    blocks: list[list[float]] = []  # sum of told, sum of true, count
    for told, same in groupby(sorted(pairs), key=itemgetter(0)):
        came_true = [true for _told, true in same]
        blocks.append([told * len(came_true), float(sum(came_true)), float(len(came_true))])
        while len(blocks) > 1 and blocks[-2][1] / blocks[-2][2] >= blocks[-1][1] / blocks[-1][2]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    told_at = [told / count for told, _true, count in blocks]
    true_at = [true / count for _told, true, count in blocks]
    return Chances(tuple(told_at), tuple(true_at))


# --- How right it was ---


@dataclass(frozen=True, slots=True)
class Score:
    """How good ranges were: the share that held, their median width and the mean error of the likely value."""

    cases: int
    coverage: float
    median_width: float
    mean_error: float


def score(pairs: Sequence[tuple[Span, float]]) -> Score:
    """Of (range, truth) pairs. Raises ValueError when there are none."""
    if not pairs:
        raise ValueError("no cases")
    held = sum(span.low <= truth <= span.high for span, truth in pairs)
    return Score(
        cases=len(pairs),
        coverage=held / len(pairs),
        median_width=float(np.median([span.width for span, _ in pairs])),
        mean_error=float(np.mean([abs(span.likely - truth) for span, truth in pairs])),
    )


def brier(pairs: Sequence[tuple[float, bool]]) -> float:
    """The mean squared distance of chances from what came true (Brier, 1950). Raises ValueError when there are none."""
    if not pairs:
        raise ValueError("no cases")
    return sum((chance - true) ** 2 for chance, true in pairs) / len(pairs)


@dataclass(frozen=True, slots=True)
class Decile:
    """Those whose chance was told to lie in one tenth: how many, the mean that was told, the share that came true."""

    number: int
    cases: int
    told: float
    true: float

    @property
    def error(self) -> float:
        return abs(self.told - self.true)


def reliability(pairs: Iterable[tuple[float, bool]]) -> list[Decile]:
    """By tenth of the chance that was told; tenths that nobody was told are left out."""
    tenths: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for chance, true in pairs:
        tenths[min(DECILES - 1, int(chance * DECILES))].append((chance, true))
    return [
        Decile(number, len(rows), sum(c for c, _ in rows) / len(rows), sum(t for _, t in rows) / len(rows))
        for number, rows in sorted(tenths.items())
    ]
