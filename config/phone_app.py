"""What makes the site an app on a phone: its manifest, its service worker, the page without network."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

STATIC = settings.BASE_DIR / "static"
STYLES = ("css/tokens.css", "css/base.css", "css/components.css")
PICTURES = ("icons/sprite.svg", "icons/mark.svg")
# Classic scripts, of which the worker itself is made.
WORKER = ("js/worker-pages.js", "js/worker-here.js", "js/push-events.js")
# Its words and its frame are kept on the phone as well.
KEPT_TEMPLATES = ("base.html", "offline.html")
# As tokens.css has --ground and --plate.
GROUND, NIGHT = "#eef1ea", "#0e1712"

PERSON_HEADER = "Swapline-Person"
NOBODY = "nobody"


class PersonMiddleware:
    """Says with every page whose it is, by a word that tells nobody who: a phone keeps one person's pages alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        # Whoever did not look at the session has made a page that is nobody's. After a failure it may be out of reach.
        if request.session.accessed and response.status_code < 500:
            response.headers[PERSON_HEADER] = _word_for(request)
        return response


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """How the app is called and drawn on the home screen, in the person's language."""
    about = {
        "id": "/",
        "name": "Swapline",
        "short_name": "Swapline",
        "description": _("Reserve a charged battery where it will be had soonest."),
        "lang": get_language(),
        "dir": "ltr",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": NIGHT,
        "background_color": GROUND,
        "categories": ["travel", "navigation"],
        "icons": [
            _icon("icons/app-192.png", "192x192", "any"),
            _icon("icons/app-512.png", "512x512", "any"),
            _icon("icons/app-maskable-512.png", "512x512", "maskable"),
        ],
        "shortcuts": [
            _shortcut(_("My booking"), reverse("booking:current")),
            _shortcut(_("Find a station"), reverse("booking:find")),
        ],
    }
    headers = {"Cache-Control": "private, no-cache"}
    return JsonResponse(about, content_type="application/manifest+json", headers=headers)


@never_cache
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker: which files it keeps under which version, and the scripts that it is made of.

    It stands at the root because its address is its reach.
    """
    about = {
        "version": _version(),
        "files": _files_kept(),
        "static": settings.STATIC_URL,
        "offline": reverse("offline"),
        "current": reverse("booking:current"),
        "signOut": reverse("account_logout"),
        "renewed": reverse("booking:push_renewed"),
        "personHeader": PERSON_HEADER,
        "nobody": NOBODY,
    }
    scripts = [f"{static(name)}?{_version()}" for name in WORKER]
    text = f"self.swapline = {json.dumps(about)};\nimportScripts({', '.join(map(json.dumps, scripts))});\n"
    return HttpResponse(text, content_type="text/javascript")


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What the phone shows without network: the same for everybody, and filled in by what the phone has kept."""
    return render(request, "offline.html", {"user": AnonymousUser()})


def _word_for(request: HttpRequest) -> str:
    if not request.user.is_authenticated:
        return NOBODY
    return salted_hmac("swapline.person", str(request.user.pk)).hexdigest()[:20]


def _icon(name: str, sizes: str, purpose: str) -> dict[str, str]:
    return {"src": static(name), "sizes": sizes, "type": "image/png", "purpose": purpose}


def _shortcut(name: str, url: str) -> dict[str, Any]:
    return {"name": name, "url": url, "icons": [_icon("icons/app-192.png", "192x192", "any")]}


def _modules() -> list[str]:
    """Our own modules, which are small; the map and what is vendored load when they are wanted."""
    return sorted(f"js/{path.name}" for path in (STATIC / "js").glob("*.js") if f"js/{path.name}" not in WORKER)


def _files_kept() -> list[str]:
    """By the addresses that pages use, by which modules import each other as well (config/static_files.py)."""
    return [static(name) for name in (*STYLES, *PICTURES, *_modules())]


def _version() -> str:
    return _read_version() if settings.LAPTOP else _version_of_release()


@cache
def _version_of_release() -> str:
    return _read_version()


def _read_version() -> str:
    """Another one as soon as anything is another that the phone keeps."""
    paths = [STATIC / name for name in (*STYLES, *PICTURES, *_modules(), *WORKER)]
    paths += [settings.BASE_DIR / "templates" / name for name in KEPT_TEMPLATES]
    return sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()[:12]
