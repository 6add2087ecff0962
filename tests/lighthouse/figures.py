"""What is read out of Lighthouse's reports, the bounds on it, and what was missed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bound:
    """One figure of a page: how it is read, and what it must not miss."""

    name: str
    read: Callable[[Report], float]
    at_least: float | None = None
    at_most: float | None = None

    def of(self, reports: list[Report]) -> float:
        """The one in the middle, since machines are noisy."""
        return round(median(self.read(report) for report in reports), 3)

    def is_kept_by(self, figure: float) -> bool:
        return (self.at_least is None or figure >= self.at_least) and (self.at_most is None or figure <= self.at_most)

    def __str__(self) -> str:
        return f"at least {self.at_least}" if self.at_least is not None else f"at most {self.at_most}"


def _score(category: str) -> Callable[[Report], float]:
    return lambda report: round(100 * (report["categories"][category]["score"] or 0))


def _audit(name: str) -> Callable[[Report], float]:
    return lambda report: float(report["audits"][name]["numericValue"])


def _weight(kind: str) -> Callable[[Report], float]:
    """As it came over the wire, headers included, in KB; without what the service worker fetches for later."""
    return lambda report: (
        sum(one["transferSize"] for one in _requests(report) if one.get("resourceType") == kind) / 1024
    )


def _requests(report: Report) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = report["audits"]["network-requests"]["details"]["items"]
    return found


# With Lighthouse's own idea of a phone: 150 ms, 1.6 Mbit/s, a processor four times slower.
USUAL = (
    Bound("performance", _score("performance"), at_least=95),
    Bound("accessibility", _score("accessibility"), at_least=100),
    Bound("best_practices", _score("best-practices"), at_least=100),
    Bound("html_kb", _weight("Document"), at_most=20),
    Bound("css_kb", _weight("Stylesheet"), at_most=15),
    Bound("js_kb", _weight("Script"), at_most=40),
)
# 400 ms more for each request, 400 kbit/s, a processor four times slower.
SLOW_3G = (
    Bound("lcp_ms", _audit("largest-contentful-paint"), at_most=2_500),
    Bound("tbt_ms", _audit("total-blocking-time"), at_most=200),
    Bound("cls", _audit("cumulative-layout-shift"), at_most=0.05),
)
