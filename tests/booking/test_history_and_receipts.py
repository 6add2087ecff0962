"""What is over: found again, added up, exported, and written on a receipt."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdf
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from redis import Redis

from accounts import deletion
from accounts.models import User
from booking import feedback, lifecycle, presentation, queries, receipt_pdf, receipts
from booking.models import Booking, ReportKind
from config import checks
from payments import operations
from payments.models import Payment
from tests.booking.driving import signed_in, text
from tests.factories.accounts import UserFactory
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
HISTORY = "/history/"


def swapped(town: Town, driver: User) -> Booking:
    booking = town.swaps(town.arrives(town.books(driver)))
    assert booking.payment is not None
    operations.carry_out_for(booking.payment)
    return Booking.objects.get(pk=booking.pk)


def past(town: Town, driver: User, *, count: int) -> None:
    for number in range(count):
        booking = lifecycle.cancel(booking=town.books(driver), by=driver)
        Booking.objects.filter(pk=booking.pk).update(joined_at=booking.joined_at - timedelta(days=number + 1))


def entries(answer: Any) -> list[Any]:
    return [entry for month in answer.context["page"].months for entry in month.entries]


# --- History --------------------------------------------------------------------------------------------------------


def test_older_swaps_follow_on_the_next_page_without_a_gap_or_a_double() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    past(town, asha, count=23)
    client = signed_in(asha)

    first = client.get(HISTORY)
    second = client.get(f"{HISTORY}?{first.context['older']}")

    shown = [entry.public_id for page in (first, second) for entry in entries(page)]
    assert [len(entries(page)) for page in (first, second)] == [20, 3]
    assert len(set(shown)) == 23
    assert second.context["older"] == ""


def test_a_longer_history_costs_no_further_queries() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    client = signed_in(asha)
    past(town, asha, count=1)
    client.get(HISTORY)
    with CaptureQueriesContext(connection) as short:
        client.get(HISTORY)
    past(town, asha, count=8)

    with CaptureQueriesContext(connection) as long:
        client.get(HISTORY)

    assert len(long) == len(short)


@pytest.mark.parametrize("before", ["", "yesterday", "2026-13-45T00:00", "2026-01-01", "\0", "9" * 500])
def test_a_cursor_that_cannot_be_read_begins_at_the_top(before: str) -> None:
    assert signed_in(UserFactory()).get(HISTORY, {"before": before}).status_code == 200


@pytest.mark.parametrize("query", ["q=%00", "q=" + "x" * 500, "month=2026-99", "month=x", "state=%00", "state=rich"])
@pytest.mark.parametrize("address", [HISTORY, "/history/swaps.csv"])
def test_a_search_that_cannot_be_read_is_left_out(address: str, query: str) -> None:
    answer = signed_in(UserFactory()).get(f"{address}?{query}")

    assert answer.status_code == 200
    assert b"".join(answer)


def test_nobody_sees_anothers_history() -> None:
    town = Town(packs=1)
    past(town, town.driver("Asha"), count=1)
    chitra = signed_in(town.driver("Chitra"))

    assert "No swap yet" in text(chitra.get(HISTORY))
    assert len(b"".join(chitra.get("/history/swaps.csv")).decode().splitlines()) == 1


@pytest.fixture
def two_towns() -> tuple[Client, Booking, Booking]:
    """Asha has swapped in Belém, in the vehicle AB12CD, and cancelled at Saldanha."""
    belem, saldanha = Town(packs=1, name="Belém"), Town(packs=1, name="Saldanha", city="Old Town")
    asha = belem.driver("Asha")
    done = swapped(belem, asha)
    done.vehicle.plate = "AB12CD"
    done.vehicle.save(update_fields=["plate"])
    saldanhas = saldanha.driver("Asha")
    other = saldanha.books(saldanhas)
    Booking.objects.filter(pk=other.pk).update(driver=asha)
    cancelled = lifecycle.cancel(booking=Booking.objects.get(pk=other.pk), by=asha)
    return signed_in(asha), done, cancelled


@pytest.mark.parametrize(
    ("query", "stations"),
    [
        ({"q": "bel"}, ["Belém"]),
        ({"q": "ab-12"}, ["Belém"]),
        ({"q": "old town"}, ["Saldanha"]),
        ({"q": "100%"}, []),
        ({"state": "completed"}, ["Belém"]),
        ({"state": "cancelled"}, ["Saldanha"]),
        ({"state": "expired"}, []),
        ({"month": "1999-01"}, []),
        ({"q": "\0"}, ["Saldanha", "Belém"]),
    ],
    ids=str,
)
def test_a_booking_is_found_by_station_town_plate_month_and_state(
    two_towns: tuple[Client, Booking, Booking], query: dict[str, str], stations: list[str]
) -> None:
    answer = two_towns[0].get(HISTORY, query)

    assert [entry.station_name for entry in entries(answer)] == stations
    assert ("No swap fits" in text(answer)) is (stations == [])


def test_a_month_is_that_of_the_stations_clock(two_towns: tuple[Client, Booking, Booking]) -> None:
    client, done, _cancelled = two_towns
    done.station.time_zone = "Asia/Bangkok"
    done.station.save(update_fields=["time_zone"])
    # Half past seven in the evening of October in London, and November in Bangkok already.
    Booking.objects.filter(pk=done.pk).update(started_at="2026-10-31T19:30:00Z", joined_at="2026-10-31T19:00:00Z")

    november = client.get(HISTORY, {"month": "2026-11", "q": "bel"})
    october = client.get(HISTORY, {"month": "2026-10", "q": "bel"})

    assert [entry.month for entry in entries(november)] == ["November 2026"]
    assert entries(october) == []


def test_a_months_total_has_energy_money_by_currency_and_what_was_saved(
    two_towns: tuple[Client, Booking, Booking],
) -> None:
    client, done, _cancelled = two_towns

    (month,) = client.get(HISTORY).context["page"].months

    assert (month.total.swaps, month.total.energy_wh) == (1, done.energy_wh)
    assert [(paid.amount_minor, paid.currency) for paid in month.total.sums] == [(2_177, "EUR")]
    assert month.total.co2_saved_g == receipts.co2_saved_g(queries.booking_of(done.driver, done.public_id))


def test_what_is_owed_and_what_is_looked_at_stand_in_the_row(two_towns: tuple[Client, Booking, Booking]) -> None:
    client, done, _cancelled = two_towns
    Payment.objects.filter(pk=done.payment_id).update(state="owed", captured_minor=0)
    feedback.report(booking=done, kind=ReportKind.PRICE, words="Too much")

    page = text(client.get(HISTORY, {"state": "unpaid"}))

    assert "Not paid yet" in page
    assert "Being looked at" in page


def test_the_export_opens_cleanly_and_no_name_becomes_a_formula(two_towns: tuple[Client, Booking, Booking]) -> None:
    client, done, _cancelled = two_towns
    done.station.name = "=HYPERLINK(1)"
    done.station.save(update_fields=["name"])

    body = b"".join(client.get("/history/swaps.csv", {"state": "completed"})).decode()

    header, row = csv.reader(io.StringIO(body.removeprefix("\ufeff")))
    assert body.startswith("\ufeff")
    told = dict(zip(header, row, strict=True))
    assert told["Station"] == "'=HYPERLINK(1)"
    assert (told["Energy in kWh"], told["Price with tax"], told["Currency"]) == ("41.53", "21.77", "EUR")
    assert told["Number"] == str(done.public_id)


# --- Receipts -------------------------------------------------------------------------------------------------------


def test_the_receipt_names_every_part_of_the_price_and_where_the_energy_comes_from() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    booking = swapped(town, asha)

    page = text(signed_in(asha).get(reverse("booking:receipt", args=[booking.public_id])))

    # 97 % and 98 % of 50 kWh out, 12 % and 100 % in: 41.5 kWh at 0.50 each, and a fee of 1.00.
    assert "Energy, 41.5 kWh × €0.50 €20.77" in page
    assert "Swap fee €1.00" in page
    assert "Tax, 23 % €4.07" in page
    assert "€21.77" in page
    assert "Paid" in page
    assert "This is a receipt, not a fiscal invoice." in page
    assert "97.0 % charged, health 98.0 % 47.5 kWh" in page


def test_the_receipt_names_the_parties_and_nobody_of_the_staff() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    booking = swapped(town, asha)
    operator = town.station.network.organisations.get(is_operator=True)
    operator.name, operator.tax_number = "Swapline Portugal, S.A.", "PT 509 000 000"
    operator.save()

    page = text(signed_in(asha).get(reverse("booking:receipt", args=[booking.public_id])))

    assert "Swapline Portugal, S.A. Tax number PT 509 000 000" in page
    assert town.station.owner.name in page
    assert town.staff.name not in page


def test_there_is_no_receipt_before_the_swap_is_done() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    booking = town.books(asha)

    for name in ("booking:receipt", "booking:receipt_pdf"):
        assert signed_in(asha).get(reverse(name, args=[booking.public_id])).status_code == 404


@pytest.mark.parametrize("name", ["receipt", "receipt_pdf", "rate", "report", "charge"])
def test_anothers_swap_has_no_receipt_and_nothing_to_say(name: str) -> None:
    town = Town(packs=1)
    booking = swapped(town, town.driver("Asha"))
    address = reverse(f"booking:{name}", args=[booking.public_id])

    assert signed_in(town.driver("Chitra")).get(address).status_code == 404
    assert Client().get(address).status_code == 302


# --- PDF ------------------------------------------------------------------------------------------------------------

NAMES = {"zh-hans": "福田莲花山站", "th": "สถานีสยามสแควร์", "pt": "Praça de São João", "en": "Canal Street"}
ADDRESSES = {"zh-hans": "深圳市福田区清风路18号", "th": "9 ซอยเขียวหวาน กรุงเทพฯ", "pt": "Calçada da Nora 52", "en": ""}


@pytest.fixture
def pdf() -> tuple[Client, Booking, str]:
    town = Town(packs=1)
    asha = town.driver("Asha")
    booking = swapped(town, asha)
    cache.clear()
    return signed_in(asha), booking, reverse("booking:receipt_pdf", args=[booking.public_id])


def read(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages).split())


def faces(content: bytes) -> set[str]:
    """The names of all faces in the file, without the six letters that mark a part of one."""
    found = set()
    for page in pypdf.PdfReader(io.BytesIO(content)).pages:
        for font in page["/Resources"]["/Font"].values():
            found.add(font.get_object()["/BaseFont"].lstrip("/").partition("+")[2])
    return found


def test_the_pdf_says_what_the_page_says(pdf: tuple[Client, Booking, str]) -> None:
    client, booking, address = pdf

    answer = client.get(address)

    said = read(answer.content)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    for figure in (
        "€21.77",
        "€4.07",
        "41.5 kWh",
        str(booking.public_id),
        "not a fiscal invoice",
        booking.vehicle.plate,
    ):
        assert figure in said


def copies_of(booking: Booking) -> list[str]:
    """Where receipts of this booking lie in Redis."""
    redis = Redis.from_url(settings.REDIS_URL)
    names = [key.decode() for key in redis.scan_iter("*receipt-pdf:*")]
    return [name for name in names if str(booking.public_id) in name]


def test_the_pdf_is_made_once_and_a_phone_that_has_it_is_not_sent_it_again(pdf: tuple[Client, Booking, str]) -> None:
    client, booking, address = pdf
    first = client.get(address)
    tag = first["ETag"].strip('"')

    again = client.get(address, headers={"if-none-match": first["ETag"]})
    by_proxy = client.get(address, headers={"if-none-match": f"W/{first['ETag']}"})

    assert (again.status_code, by_proxy.status_code) == (304, 304)
    assert receipt_pdf.kept(receipts.of_booking(booking), tag) == first.content


def test_no_pdf_lies_ready_any_more_when_its_driver_has_left(
    pdf: tuple[Client, Booking, str], django_capture_on_commit_callbacks: Any
) -> None:
    client, booking, address = pdf
    client.get(address)
    assert booking.driver is not None
    assert len(copies_of(booking)) == 1

    with django_capture_on_commit_callbacks(execute=True):
        deletion.delete(person=booking.driver)

    assert copies_of(booking) == []


def test_a_refund_makes_another_pdf(pdf: tuple[Client, Booking, str]) -> None:
    client, booking, address = pdf
    before = client.get(address)["ETag"]
    Payment.objects.filter(pk=booking.payment_id).update(refunded_minor=100)

    after = client.get(address, headers={"if-none-match": before})

    assert after.status_code == 200
    assert "Given back €1.00" in read(after.content)


def test_somebody_who_has_pdfs_made_all_day_is_slowed_down(
    pdf: tuple[Client, Booking, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, booking, address = pdf
    monkeypatch.setattr(receipt_pdf, "MADE_AN_HOUR", 1)
    client.get(address)
    Payment.objects.filter(pk=booking.payment_id).update(refunded_minor=100)

    assert client.get(address).status_code == 429


def test_without_pango_there_is_a_page_that_says_what_works(
    pdf: tuple[Client, Booking, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _booking, address = pdf
    monkeypatch.delitem(sys.modules, "booking.typesetting", raising=False)
    monkeypatch.delattr("booking.typesetting", raising=False)
    monkeypatch.setitem(sys.modules, "weasyprint", None)

    answer = client.get(address)

    assert answer.status_code == 501
    assert "PDF is not available on this server" in text(answer)


def test_an_operator_is_told_before_serving_that_pango_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = checks.receipts_can_be_pdfs()
    monkeypatch.delitem(sys.modules, "booking.typesetting", raising=False)
    monkeypatch.setitem(sys.modules, "weasyprint", None)

    missing = checks.receipts_can_be_pdfs()

    assert (found, [problem.id for problem in missing]) == ([], ["swapline.W004"])


def test_a_name_on_the_receipt_fetches_nothing(pdf: tuple[Client, Booking, str]) -> None:
    from booking import typesetting

    files = typesetting.OwnFiles()

    for address in (
        "https://example.com/",
        "file:///etc/passwd",
        "swapline:///../../manage.py",
        "swapline:///",
        "data:,x",
    ):
        with pytest.raises(ValueError, match="Not one of our own files"):
            files.fetch(address)


ALONE = """
import io, sys, warnings
warnings.simplefilter("ignore")
import django
django.setup()
from booking import typesetting
html = sys.stdin.read()
sys.stdout.buffer.write(typesetting.pdf(html, open("static/css/receipt.css").read()))
"""


@pytest.mark.parametrize("language", sorted(NAMES))
def test_every_language_is_set_in_our_own_faces_on_a_server_without_any(
    pdf: tuple[Client, Booking, str], language: str, tmp_path: Path
) -> None:
    """The machine of whoever tests may have Thai and Chinese faces, and hide that ours are not used."""
    _client, booking, _address = pdf
    booking.station.name, booking.station.address = NAMES[language], ADDRESSES[language]
    booking.station.save(update_fields=["name", "address"])
    driver = booking.driver
    assert driver is not None
    (tmp_path / "fonts.conf").write_text(f"<fontconfig><cachedir>{tmp_path}/cache</cachedir></fontconfig>")
    with translation.override(language):
        receipt = receipts.of_booking(queries.booking_of(driver, booking.public_id))
        html = receipt_pdf.html_of(receipt, driver)
        day = presentation.moment(receipt.ended_at, receipt.booking.station_time_zone)

    made = subprocess.run(
        [sys.executable, "-c", ALONE],
        input=html.encode(),
        capture_output=True,
        cwd=ROOT,
        check=True,
        env=os.environ | {"FONTCONFIG_FILE": str(tmp_path / "fonts.conf"), "DJANGO_SETTINGS_MODULE": "config.settings"},
    ).stdout

    # Thai marks stand apart from their letters in what is read back; only that nothing is missing counts here.
    said = "".join(read(made).split())
    for words in (NAMES[language], ADDRESSES[language], day):
        assert sorted("".join(words.split())) == sorted(c for c in "".join(words.split()) if c in said)
    assert {face.rpartition("-Bold")[0] or face for face in faces(made)} <= {
        "Receipt-Latin",
        "Receipt-Thai",
        "Receipt-Chinese",
    }


def test_each_of_our_faces_is_what_its_manifest_says_and_has_the_blanks() -> None:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # ships no types

    subprocess.run([sys.executable, "-m", "scripts.fonts", "--check"], cwd=ROOT, check=True)

    for path in (ROOT / "vendor" / "fonts").glob("*.ttf"):
        letters = TTFont(path).getBestCmap()
        # Without its own blank a run of Thai would change faces at each of them, and some viewers draw a box.
        assert {0x20, 0xA0, 0x30} <= set(letters), path.name
