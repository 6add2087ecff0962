"""Where a person goes back to after an errand: an address of ours that the page or the browser names."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

LONGEST_ADDRESS = 2_000


def asked_for(request: HttpRequest) -> str:
    """`next`, when it is one of our addresses; else empty. Nobody is sent to a stranger's site."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    return target if is_ours(request, target) else ""


def with_next(address: str, target: str) -> str:
    """The address, with the target to go to after it."""
    return f"{address}?{urlencode({'next': target})}" if target else address


def where_from(request: HttpRequest) -> str:
    """`next`, else the page before, else the drivers' home."""
    before = request.headers.get("Referer", "")
    return asked_for(request) or (before if is_ours(request, before) else "/")


def for_pages(request: HttpRequest) -> dict[str, str]:
    """Context processor: `this_page`, where one stays when the language or the colours are changed.

    What a POST shows may have an address that cannot be asked for: there it is the page that sent it.
    """
    before = request.headers.get("Referer", "")
    if request.method in ("GET", "HEAD") or not is_ours(request, before):
        return {"this_page": request.get_full_path()}
    return {"this_page": urlsplit(before)._replace(scheme="", netloc="", fragment="").geturl()}


def is_ours(request: HttpRequest, address: str) -> bool:
    # Without a slash it would be taken for the name of a page.
    return (
        "/" in address
        and len(address) <= LONGEST_ADDRESS
        and url_has_allowed_host_and_scheme(
            address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )
    )
