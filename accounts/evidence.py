"""What a check of a promise found: one shape for all apps, so that `check_promises` can print them alike."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`examined` says how many rows were looked at: a check that examined none has proved nothing."""

    promise: str  # "P1" to "P7"
    sentence: str  # what must be true
    examined: int
    violations: tuple[str, ...] = ()  # one line each, naming the row

    @property
    def holds(self) -> bool:
        return not self.violations
