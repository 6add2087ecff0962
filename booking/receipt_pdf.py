"""A receipt as a PDF: kept for as long as it says the same, and refused kindly where the system cannot make one."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import brake
from accounts.models import User
from accounts.refusals import Refusal
from booking import presentation
from booking.models import Booking
from booking.receipts import Receipt
from booking.states import State

KEPT_SECONDS = 24 * 3_600
MADE_AN_HOUR = 40
STYLE = settings.BASE_DIR / "static" / "css" / "receipt.css"


class PdfUnavailable(Refusal):
    """Pango is not installed on this server."""

    code = "pdf_unavailable"


def context_of(receipt: Receipt, driver: User) -> dict[str, object]:
    """What the receipt's template needs, on a page or as a PDF."""
    return {
        "receipt": receipt,
        "receipt_rate": presentation.rate(receipt.price_per_kwh, receipt.gross.currency),
        "driver": driver,
        "language": get_language(),
    }


def html_of(receipt: Receipt, driver: User) -> str:
    return render_to_string("booking/receipt_pdf.html", context_of(receipt, driver))


def fingerprint(html: str) -> str:
    """The same as long as the receipt says and looks the same: language, refunds and state of payment stand in it."""
    return sha256(html.encode() + STYLE.read_bytes()).hexdigest()[:32]


def kept(receipt: Receipt, tag: str) -> bytes | None:
    """The copy of this receipt, while it says what the fingerprint is of."""
    found: tuple[str, bytes] = cache.get(_key(receipt.booking.public_id, get_language())) or ("", b"")
    return found[1] if found[0] == tag else None


def is_patient(driver: User) -> bool:
    """False for somebody who has had more made in this hour than there are receipts to look at. Counts this one."""
    return brake.lets(f"receipt-pdfs-of:{driver.pk}", most=MADE_AN_HOUR, seconds=3_600)


def make(receipt: Receipt, html: str) -> bytes:
    """Raises PdfUnavailable. Takes a tenth of a second or two of the processor: ask `kept` first."""
    try:
        # Here and not above: without Pango this import fails, and everything else has to go on.
        from booking import typesetting
    except (ImportError, OSError) as missing:
        raise PdfUnavailable(_("This server cannot make PDFs. The page prints well.")) from missing
    made = typesetting.pdf(html, STYLE.read_text())
    cache.set(_key(receipt.booking.public_id, get_language()), (fingerprint(html), made), KEPT_SECONDS)
    return made


def forget_person(*, driver: User) -> None:
    """The copies go with the person whose name stands in them, once they are gone for certain."""
    swaps = Booking.objects.filter(driver=driver, state=State.COMPLETED).values_list("public_id", flat=True)
    keys = [_key(public_id, code) for public_id in swaps for code, _name in settings.LANGUAGES]
    transaction.on_commit(partial(cache.delete_many, keys))


def _key(public_id: UUID, language: str | None) -> str:
    return f"receipt-pdf:{public_id}:{language}"
