"""On what a figure was measured: without it a figure says nothing."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def describe(*, postgresql: str = "") -> dict[str, str | int | float]:
    return {
        "processor": _first_value("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0,
        "memory": _first_value("/proc/meminfo", "MemTotal"),
        "load_before": round(os.getloadavg()[0], 2),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "postgresql": postgresql,
    }


def _first_value(path: str, name: str) -> str:
    file = Path(path)
    if not file.exists():
        return ""
    lines = (line.partition(":") for line in file.read_text().splitlines())
    return next((value.strip() for key, _colon, value in lines if key.strip() == name), "")
