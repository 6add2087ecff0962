"""How right the forecasts of the last 30 days were, as an operator sees it: figures with their cases, and drawings."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Network, User
from booking import presentation
from booking.calibration import CALIBRATED_FROM, DECILES, HOUR_BANDS, band_name
from booking.models import CalibrationDay
from booking.states import Step
from stations.models import PackClass

SHOWN_DAYS = 30
# Of a hundred ranges so many are to hold.
AIM = 0.8

# A drawing of 400 by 210: where its area begins and ends, and what stands below and beside it.
LEFT, RIGHT, TOP, BOTTOM = 44, 384, 16, 180
# Coverage below this is drawn at the bottom: the table has the figure.
LEAST_COVERAGE = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its figures are made of so many cases."""

    label: str
    cases: int
    coverage: float
    width: float


@dataclass(frozen=True, slots=True)
class TenthRow:
    """Who was told such a chance that packs are ready, and for how many of them they were."""

    label: str
    cases: int
    told: float
    true: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A bar, or a point at its upper end."""

    x: int
    y: int
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Word:
    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing: `aim` is the line on which the marks would lie, `path` joins them where they follow each other."""

    name: str
    beside: tuple[Word, ...]
    below: tuple[Word, ...]
    bars: tuple[Mark, ...] = ()
    points: tuple[Mark, ...] = ()
    path: str = ""
    aim: str = ""


@dataclass(frozen=True, slots=True)
class HowRight:
    """One network, its days from the latest.

    Without enough finished bookings there is nothing but how many there are, of how many needed.
    """

    network: str
    finished: int
    needed: int
    cases: int = 0
    coverage: float = 0.0
    bay_coverage: float = 0.0
    width: float = 0.0
    error: float = 0.0
    brier: float = 0.0
    days: tuple[Row, ...] = ()
    parts: tuple[Row, ...] = ()
    classes: tuple[Row, ...] = ()
    occasions: tuple[Row, ...] = ()
    tenths: tuple[TenthRow, ...] = ()
    coverage_plot: Plot | None = None
    width_plot: Plot | None = None
    parts_plot: Plot | None = None
    tenths_plot: Plot | None = None

    @property
    def is_known(self) -> bool:
        return self.cases > 0


def of_operator(user: User, *, today: date) -> list[HowRight]:
    """Of each network that this person operates, and no other (P5)."""
    return [_of(network, today) for network in access.networks_for_operator(user).order_by("name")]


def _of(network: Network, today: date) -> HowRight:
    since = today - timedelta(days=SHOWN_DAYS)
    days = list(CalibrationDay.objects.filter(network=network, day__gte=since).order_by("day"))
    finished = days[-1].adjusted_by if days else 0
    counted = [day for day in days if day.cases]
    if finished < CALIBRATED_FROM or not counted:
        return HowRight(network.name, finished=finished, needed=CALIBRATED_FROM)
    rows = tuple(
        Row(presentation.weekday(one.day), one.cases, one.coverage or 0.0, one.median_width or 0.0)
        for one in reversed(counted)
    )
    parts = _merged(day.by_part_of_day for day in counted)
    tenths = _tenths(counted)
    cases = sum(one.cases for one in counted)
    return HowRight(
        network=network.name,
        finished=finished,
        needed=CALIBRATED_FROM,
        cases=cases,
        coverage=_mean(counted, "coverage"),
        bay_coverage=_mean(counted, "bay_coverage"),
        width=_mean(counted, "median_width"),
        error=_mean(counted, "mean_error"),
        brier=_mean(counted, "brier"),
        days=rows,
        parts=_rows(parts, {str(number): band_name(number) for number in range(len(HOUR_BANDS) - 1)}),
        classes=_rows(_merged(day.by_class for day in counted), _class_names()),
        occasions=_rows(_merged(day.by_occasion for day in counted), _occasion_names()),
        tenths=tenths,
        coverage_plot=_coverage_by_day(counted, since),
        width_plot=_width_by_day(counted, since),
        parts_plot=_coverage_by_part(parts),
        tenths_plot=_reliability(tenths),
    )


# --- Days put together, each by its cases ---


def _mean(days: Sequence[CalibrationDay], figure: str) -> float:
    return sum((getattr(day, figure) or 0.0) * day.cases for day in days) / sum(day.cases for day in days)


Groups = dict[str, tuple[int, float, float]]


def _merged(days: Iterable[Mapping[str, Mapping[str, float]]]) -> Groups:
    """By group: cases, coverage, and the mean of the days' median widths."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for day in days:
        for group, score in day.items():
            cases = score["cases"]
            new = (cases, score["coverage"] * cases, score["median_width"] * cases)
            sums[group] = [one + more for one, more in zip(sums[group], new, strict=True)]
    return {group: (int(cases), held / cases, width / cases) for group, (cases, held, width) in sums.items()}


def _rows(groups: Groups, names: Mapping[str, str]) -> tuple[Row, ...]:
    """In the order of the names."""
    return tuple(Row(name, *groups[group]) for group, name in names.items() if group in groups)


def _class_names() -> dict[str, str]:
    return {str(pk): name for pk, name in PackClass.objects.order_by("name").values_list("pk", "name")}


def _occasion_names() -> dict[str, str]:
    return {
        Step.JOIN: _("on booking"),
        Step.PROMISE: _("when packs were promised"),
        Step.PROMISE_HERE: _("when packs were there for who is here"),
        Step.ARRIVE: _("on arrival"),
        Step.NOBODY_CONFIRMED: _("when nobody had confirmed the arrival"),
        Step.FAIL_PACK: _("when a pack had failed"),
        Step.FAIL_STATION: _("when the station had failed"),
    }


def _tenths(days: Iterable[CalibrationDay]) -> tuple[TenthRow, ...]:
    sums: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for day in days:
        for one in day.deciles:
            new = (one["cases"], one["told"] * one["cases"], one["true"] * one["cases"])
            sums[one["number"]] = [a + b for a, b in zip(sums[one["number"]], new, strict=True)]
    return tuple(
        TenthRow(
            label=f"{presentation.share(number / DECILES)}–{presentation.share((number + 1) / DECILES)}",
            cases=int(cases),
            told=told / cases,
            true=true / cases,
        )
        for number, (cases, told, true) in sorted(sums.items())
    )


# --- Drawings ---


def _coverage_by_day(days: Sequence[CalibrationDay], since: date) -> Plot:
    points = tuple(Mark(_day_x(one.day, since), _coverage_y(one.coverage or 0.0)) for one in days)
    return Plot(
        name=_("Ranges that held, by day; the figures stand in the table"),
        beside=_coverage_words(),
        below=_day_words(since),
        points=points,
        path=_path(points),
        aim=_across(_coverage_y(AIM)),
    )


def _width_by_day(days: Sequence[CalibrationDay], since: date) -> Plot:
    minutes = [(one.median_width or 0.0) / 60 for one in days]
    most = max(5, 5 * math.ceil(max(minutes) / 5))
    points = tuple(Mark(_day_x(one.day, since), _y(width / most)) for one, width in zip(days, minutes, strict=True))
    return Plot(
        name=_("How wide the ranges were, by day; the figures stand in the table"),
        beside=tuple(Word(LEFT - 6, _y(share), presentation.minutes(most * share * 60)) for share in (0.0, 0.5, 1.0)),
        below=_day_words(since),
        points=points,
        path=_path(points),
    )


def _coverage_by_part(parts: Groups) -> Plot:
    step = (RIGHT - LEFT) / (len(HOUR_BANDS) - 1)
    bars, words = [], []
    for number in range(len(HOUR_BANDS) - 1):
        x = round(LEFT + number * step)
        words.append(Word(round(x + step / 2), BOTTOM + 20, band_name(number)))
        if str(number) in parts:
            y = _coverage_y(parts[str(number)][1])
            bars.append(Mark(x + 5, y, round(step) - 10, BOTTOM - y))
    return Plot(
        name=_("Ranges that held, by part of the day; the figures stand in the table"),
        beside=_coverage_words(),
        below=tuple(words),
        bars=tuple(bars),
        aim=_across(_coverage_y(AIM)),
    )


def _reliability(tenths: Sequence[TenthRow]) -> Plot:
    points = tuple(Mark(round(LEFT + one.told * (RIGHT - LEFT)), _y(one.true)) for one in tenths)
    shares = (0.0, 0.5, 1.0)
    return Plot(
        name=_("Chances that were told, against what came true; the figures stand in the table"),
        beside=tuple(Word(LEFT - 6, _y(share), presentation.share(share)) for share in shares),
        below=tuple(
            Word(round(LEFT + share * (RIGHT - LEFT)), BOTTOM + 20, presentation.share(share)) for share in shares
        ),
        points=points,
        path=_path(points),
        aim=f"{LEFT},{BOTTOM} {RIGHT},{TOP}",
    )


def _y(share: float) -> int:
    return round(BOTTOM - min(1.0, max(0.0, share)) * (BOTTOM - TOP))


def _coverage_y(coverage: float) -> int:
    return _y((coverage - LEAST_COVERAGE) / (1.0 - LEAST_COVERAGE))


def _coverage_words() -> tuple[Word, ...]:
    return tuple(Word(LEFT - 6, _coverage_y(one), presentation.share(one)) for one in (LEAST_COVERAGE, AIM, 1.0))


def _day_x(day: date, since: date) -> int:
    return round(LEFT + (day - since).days / (SHOWN_DAYS - 1) * (RIGHT - LEFT))


def _day_words(since: date) -> tuple[Word, ...]:
    """The first day and the last, which is yesterday."""
    last = since + timedelta(days=SHOWN_DAYS - 1)
    return (
        Word(LEFT + 36, BOTTOM + 20, presentation.weekday(since)),
        Word(RIGHT - 36, BOTTOM + 20, presentation.weekday(last)),
    )


def _across(y: int) -> str:
    return f"{LEFT},{y} {RIGHT},{y}"


def _path(points: Iterable[Mark]) -> str:
    return " ".join(f"{one.x},{one.y}" for one in points)
