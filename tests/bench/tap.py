"""How long a driver on a slow phone network takes from a cold open to reserved, in taps that wait for nothing else.

`python -m tests.bench.tap` opens the app in a browser with an empty cache on slow 3G (400 ms, 400 kbit/s both ways),
taps the first station and reserves. The raw limit beside it is the same browser on the same network loading the same
three documents without anything that they refer to. The product's bound is 10 s.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.bench import database, figures, machine, web

ROUNDS = 5
SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
PHONE = {"width": 390, "height": 844}
LISBON = {"latitude": 38.7300, "longitude": -9.1400}
BOUND_SECONDS = 10


def main() -> None:
    found = measure()
    print(_as_text(found))  # noqa: T201 - a bench tells its figures
    print(f"Written to {figures.write('tap', found)}")  # noqa: T201 - the same


def measure() -> dict[str, Any]:
    with database.durable("bench_tap") as own, web.serving(own.url) as url, _chromium() as browser:
        found: dict[str, Any] = {"machine": machine.describe(postgresql=own.version), "bound_seconds": BOUND_SECONDS}
        asha = _driver()
        # The first round warms up the server.
        ways = [_reserves(browser, url, asha) for _round in range(1 + ROUNDS)][1:]
        found["reserved"] = figures.summary([seconds for seconds, _paths in ways])
        _seconds, paths = ways[-1]
        found["bare"] = figures.summary([_loads(browser, url, asha, paths) for _round in range(ROUNDS)])
    found["ratio"] = round(found["reserved"]["p50_ms"] / found["bare"]["p50_ms"], 2)
    return found


def _driver() -> Any:
    """Somebody with a vehicle, at whose place one station has ready packs."""
    from tests.factories.booking import Town

    return Town(packs=2, name="Canal Street").driver("Asha")


@contextmanager
def _chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    from tests.browser import launched

    # Playwright's own loop runs in this thread, in which the ORM would otherwise refuse to work.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


@contextmanager
def _phone(browser: Any, url: str, driver: Any) -> Iterator[Any]:
    """A phone that has never been here, but whose driver is signed in, on a slow network."""
    from tests.journeys.test_driver_journey import sign_in

    context = browser.new_context(base_url=url, viewport=PHONE, permissions=["geolocation"], geolocation=LISBON)
    page = context.new_page()
    sign_in(page, driver, url)
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", SLOW_3G)
    yield page
    context.close()


def _reserves(browser: Any, url: str, driver: Any) -> tuple[float, list[str]]:
    """Seconds from opening until the booking is on the screen, and the pages that were seen on the way."""
    from booking import lifecycle
    from booking.models import Booking

    with _phone(browser, url, driver) as page:
        start = time.perf_counter()
        page.goto("/", wait_until="commit")
        page.get_by_role("link", name=re.compile("Reserve|Join the line")).first.click()
        station = re.sub(r"^https?://[^/]+", "", page.url)
        page.get_by_role("button", name="about").click()
        page.locator("[data-deadline]").wait_for()
        seconds = time.perf_counter() - start
        booking = re.sub(r"^https?://[^/]+", "", page.url)
    lifecycle.cancel(booking=Booking.objects.live().get(driver=driver), by=driver)
    return seconds, [f"/?lat={LISBON['latitude']}&lon={LISBON['longitude']}", station, booking]


def _loads(browser: Any, url: str, driver: Any, paths: list[str]) -> float:
    with _phone(browser, url, driver) as page:
        page.route("**/*", lambda route: route.continue_() if route.request.is_navigation_request() else route.abort())
        return figures.timed(lambda: [page.goto(path, wait_until="domcontentloaded") for path in paths])


def _as_text(found: dict[str, Any]) -> str:
    lines = [f"Tap: from a cold open to reserved on slow 3G, {ROUNDS} times", f"on {found['machine']}"]
    for name, what in (("reserved", "reserved"), ("bare", "documents alone")):
        times = found[name]
        lines.append(f"  {what:16} p50 {times['p50_ms']:8.0f} ms   max {times['max_ms']:8.0f} ms")
    lines.append(f"  reserved: at most {found['bound_seconds']} s; over the documents alone: {found['ratio']}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
