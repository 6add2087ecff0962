"""Serves the operator's own archive of map tiles, of which a browser reads a few ranges and never the whole."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.responders import StaticFile

from booking import map_tiles

# Some zoom levels of a city are a few kilobytes each; whoever asks for gigabytes at once is not drawing a map.
LONGEST_RANGE_BYTES = 8 * 1024 * 1024
HEADERS = [("Content-Type", "application/octet-stream"), ("Cache-Control", "public, max-age=86400")]


def tiles(request: HttpRequest, name: str) -> HttpResponseBase:
    archive = map_tiles.configured().archive
    if archive is None or archive.name != name or not archive.is_file():
        raise Http404
    served = StaticFile(str(archive), list(HEADERS))
    if request.method == "GET" and not _asks_for_a_part(request.META.get("HTTP_RANGE", "")):
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{archive.stat().st_size}"})
    answer = served.get_response(request.method, request.META)
    response = FileResponse(answer.file, status=answer.status) if answer.file else HttpResponse(status=answer.status)
    del response["Content-Type"]
    for header, value in answer.headers:
        response[header] = value
    return response


def _asks_for_a_part(header: str) -> bool:
    """Both ends must be said: an open one would mean the rest of the archive."""
    first, dash, last = header.strip().removeprefix("bytes=").partition("-")
    if not (dash and all(end.isascii() and end.isdigit() and len(end) < 16 for end in (first, last))):
        return False
    return 0 < int(last) - int(first) < LONGEST_RANGE_BYTES
