"""Nothing that people can look at is missing from the gallery."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from tests.gallery import bookings, entering, finance, finding, fleet, rooms, staff

GALLERIES = (
    *(finding.GALLERY, bookings.GALLERY, entering.GALLERY, rooms.GALLERY, staff.GALLERY, fleet.GALLERY),
    finance.GALLERY,
)
# Answers a GET, and is yet no screen; by the reason.
NO_SCREEN = {
    "a file, or what a program reads": {
        "tiles",
        "manifest",
        "worker",
        "mfa_download_recovery_codes",
        "booking:places",
        "booking:receipt_pdf",
        "booking:history_csv",
        "payments:statement_csv",
    },
    "a part of a page that is a screen": {"booking:card", "staff:fragment"},
    "leads straight to another page": {"account_signup", "add_passkey"},
}
# Django's and the API's own pages, drawn by packages: tests/journeys/test_api_page.py and the back offices' tests ask
# whether they work.
OTHERS_PAGES = ("admin", "api")


def test_every_page_hangs_in_the_gallery_or_has_a_reason_not_to() -> None:
    shown = {screen.page for gallery in GALLERIES for screen in gallery.screens}
    excused = set().union(*NO_SCREEN.values())

    pages = {name for name, view in _addresses(get_resolver().url_patterns) if _answers_get(view)}

    assert pages - shown - excused == set()
    assert excused - pages == set(), "excused, and no page any more"
    assert excused & shown == set(), "excused, and shown all the same"


def test_no_two_screens_have_the_same_name() -> None:
    names = [screen.name for gallery in GALLERIES for screen in gallery.screens]

    assert len(names) == len(set(names))


def _addresses(patterns: Sequence[Any], spaces: tuple[str, ...] = ()) -> Iterator[tuple[str, Callable[..., Any]]]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield ":".join((*spaces, pattern.name or str(pattern.pattern))), pattern.callback
        elif isinstance(pattern, URLResolver) and pattern.namespace not in OTHERS_PAGES:
            yield from _addresses(pattern.url_patterns, (*spaces, *filter(None, [pattern.namespace])))


def _answers_get(view: Callable[..., Any]) -> bool:
    """What `require_POST` and its like guard says which methods it takes, beneath whatever else is around it."""
    around: Any = view
    while inspect.isfunction(around):
        methods = inspect.getclosurevars(around).nonlocals.get("request_method_list")
        if methods is not None:
            return "GET" in methods
        around = getattr(around, "__wrapped__", None)
    return True
