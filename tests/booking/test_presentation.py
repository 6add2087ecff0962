"""What numbers look like to people: in their language, by the station's clock, and never better than they are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import translation

from booking import presentation
from booking.waits import Wait


@pytest.mark.parametrize(
    ("rate", "shown"), [("0.4400", "€0.44"), ("0.4455", "€0.4455"), ("1", "€1.00"), ("10", "€10.00")]
)
def test_a_rate_shows_every_digit_that_is_charged(rate: str, shown: str) -> None:
    assert presentation.rate(rate, "EUR") == shown


def test_a_clock_is_the_stations_own() -> None:
    at = datetime(2026, 11, 23, 14, 32, tzinfo=UTC)

    assert presentation.clock(at, "Europe/Lisbon") == "14:32"
    assert presentation.clock(at, "Asia/Shanghai") == "22:32"
    assert presentation.moment(at, "Asia/Bangkok") == "23 November 2026, 21:32"


@pytest.mark.parametrize(
    ("language", "day", "day_and_year", "moment", "month"),
    [
        ("en", "Mon 23 Nov", "23 Nov 2026", "23 November 2026, 22:32", "November 2026"),
        ("pt", "seg., 23 de nov.", "23/11/2026", "23 de novembro de 2026, 22:32", "Novembro de 2026"),
        ("zh-hans", "11月23日周一", "2026年11月23日", "2026年11月23日 22:32", "2026年11月"),
        ("th", "จ. 23 พ.ย.", "23 พ.ย. 2026", "23 พฤศจิกายน 2026 22:32", "พฤศจิกายน 2026"),
    ],
)
def test_a_date_is_in_the_order_of_the_language(
    language: str, day: str, day_and_year: str, moment: str, month: str
) -> None:
    at, zone = datetime(2026, 11, 23, 14, 32, tzinfo=UTC), "Asia/Shanghai"

    with translation.override(language):
        shown = tuple(
            show(at, zone)
            for show in (presentation.day, presentation.day_and_year, presentation.moment, presentation.month)
        )

    assert shown == (day, day_and_year, moment, month)


@pytest.mark.parametrize(
    ("language", "minutes", "wait", "distance"),
    [
        ("pt", "1 h 05 min", "até 5 min", "1,9 km"),
        ("zh-hans", "1 小时 05 分钟", "最多 5 分钟", "1.9 公里"),
        ("th", "1 ชม. 05 นาที", "ไม่เกิน 5 นาที", "1.9 กม."),
    ],
)
def test_units_are_those_of_the_language(language: str, minutes: str, wait: str, distance: str) -> None:
    with translation.override(language):
        shown = presentation.minutes(3_900), presentation.wait_range(Wait(20, 60, 290)), presentation.distance(1_949)

    assert shown == (minutes, wait, distance)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 min"), (1, "1 min"), (60, "1 min"), (61, "2 min"), (3_900, "1 h 05 min"), (-5, "0 min")],
)
def test_a_minute_that_has_begun_counts(seconds: float, shown: str) -> None:
    assert presentation.minutes(seconds) == shown


@pytest.mark.parametrize(
    ("wait", "shown"),
    [
        (Wait(500, 720, 1_180), "8–20 min"),
        (Wait(20, 60, 290), "up to 5 min"),
        (Wait(4_000, 6_000, 9_000), "1 h 07 min to 2 h 30 min"),
    ],
)
def test_a_range_is_never_narrower_than_the_estimate(wait: Wait, shown: str) -> None:
    assert presentation.wait_range(wait) == shown


@pytest.mark.parametrize(
    ("metres", "shown"), [(0, "0 m"), (847, "850 m"), (1_949, "1.9 km"), (12_300, "12.3 km"), (2_454_000, "2,454 km")]
)
def test_a_distance_has_the_digits_that_matter(metres: float, shown: str) -> None:
    assert presentation.distance(metres) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(-3, "0 s ago"), (59, "59 s ago"), (61, "1 min ago"), (7_300, "2 h ago")]
)
def test_the_age_of_a_reading_is_told_in_one_unit(seconds: float, shown: str) -> None:
    assert presentation.ago(seconds) == shown


def test_tax_is_shown_without_needless_digits() -> None:
    assert [presentation.percent(bp) for bp in (2_300, 700, 1_350)] == ["23", "7", "13.5"]


@pytest.mark.parametrize(
    ("language", "name", "shown"),
    [
        ("en", "Cais do Sodré", "Cais do Sodré"),
        ("en", "ท่าเรือ <1>", '<span lang="th">ท่าเรือ &lt;1&gt;</span>'),
        ("pt", "莲花山", '<span lang="zh-Hans">莲花山</span>'),
        ("zh-hans", "莲花山", "莲花山"),
        ("th", "ท่าเรือ", "ท่าเรือ"),
    ],
)
def test_a_name_in_other_letters_says_which_voice_reads_it(language: str, name: str, shown: str) -> None:
    with translation.override(language):
        assert presentation.voiced(name) == shown
