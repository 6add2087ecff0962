"""Times as figures, on the screen and as JSON under build/bench/."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "build" / "bench"


def timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def summary(seconds: list[float]) -> dict[str, float | int]:
    ordered = sorted(seconds)
    return {
        "count": len(ordered),
        "p50_ms": _ms(ordered[len(ordered) // 2]),
        "p95_ms": _ms(ordered[int(len(ordered) * 0.95)]),
        "max_ms": _ms(ordered[-1]),
    }


def write(name: str, figures: dict[str, Any]) -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{name}.json"
    file.write_text(json.dumps(figures, indent=2) + "\n")
    return file


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
