"""Plays days of a network and prints how good the forecast is, against the bounds of docs/rules/forecast.md."""

from __future__ import annotations

import dataclasses
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from booking.day import report
from booking.day.report import Bound, Report
from booking.day.world import Terms

FILE = Path("build") / "forecast-report.json"


class Command(BaseCommand):
    help = "Play simulated days that nothing was learned from, and print how good the forecast is. It takes a while."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--stations", type=int, default=200)
        parser.add_argument("--drivers", type=int, default=20_000, help="a day, about")
        parser.add_argument("--processes", type=int, default=2)

    def handle(self, *args: Any, **options: Any) -> None:
        terms = Terms(stations=options["stations"], drivers=float(options["drivers"]))
        made = report.report(terms, processes=options["processes"], tell=self.stderr.write)
        for line in _lines(made):
            self.stdout.write(line)
        bounds = report.bounds(made)
        for bound in bounds:
            self.stdout.write(f"{'holds' if bound.holds else 'SHORT'}  {_sentence(bound)}")
        file = Path(settings.BASE_DIR) / FILE
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(dataclasses.asdict(made), indent=2) + "\n")
        short = sum(not bound.holds for bound in bounds)
        if short:
            raise CommandError(f"{short} of {len(bounds)} figures fall short of their bounds.")


def _sentence(bound: Bound) -> str:
    return f"{bound.name}: {bound.value:.3f} (bound: {bound.least:g} to {bound.most:g}, {bound.cases} cases)"


def _lines(made: Report) -> list[str]:
    rows = [("all", made.whole), ("without adjustment", made.raw), ("place × average", made.simple)]
    rows += [(f"from {name} h", score) for name, score in made.by_hour.items()]
    rows += list(made.by_kind.items())
    lines = [f"{'until driving away':24}{'cases':>9}{'inside':>9}{'width s':>9}{'off by s':>9}"]
    lines += [f"{name:24}{s.cases:>9}{s.coverage:>9.1%}{s.median_width:>9.0f}{s.mean_error:>9.0f}" for name, s in rows]
    lines.append(f"{'ready by arrival, told':24}{'cases':>9}{'told':>9}{'true':>9}")
    lines += [
        f"{d.number / 10:.1f} to {(d.number + 1) / 10:.1f}{'':14}{d.cases:>9}{d.told:>9.3f}{d.true:>9.3f}"
        for d in made.deciles
    ]
    lines.append(
        f'Brier score {made.brier:.4f}; of "a pack is ready now" {made.brier_ready_now:.4f}. '
        f"To drive away: {made.soonest_minutes:.1f} min by forecast ({made.soonest_done} drivers), "
        f"{made.nearest_minutes:.1f} min by distance ({made.nearest_done})."
    )
    for name, way in (("promised ahead (rule 3)", made.ahead), ("not promised ahead", made.not_ahead)):
        lines.append(
            f"Packs {name}: {way.minutes:.2f} min to drive away, ready packs idle for {way.idle_minutes:.1f} min, "
            f"not ready at the arrival {way.not_ready} of {way.done}."
        )
    lines.append(f"One day: {made.day_seconds:.0f} s of one core for {made.asked} drivers.")
    return lines
