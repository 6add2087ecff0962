"""What all of the API shares: problem+json answers (RFC 9457), input that refuses what it does not know, pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, inline_serializer
from rest_framework import exceptions, serializers, status
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler

from accounts.refusals import Refusal

CONTENT_TYPE = "application/problem+json"

# A refusal is a conflict with how things stand (409), but for these: what was sent is wrong, or too often.
STATUS_OF_CODE = {
    "idempotency_key_reused": status.HTTP_422_UNPROCESSABLE_ENTITY,
    "bad_coordinates": status.HTTP_400_BAD_REQUEST,
    "bad_reading": status.HTTP_400_BAD_REQUEST,
    "too_many_tries": status.HTTP_429_TOO_MANY_REQUESTS,
    "too_many_reports": status.HTTP_429_TOO_MANY_REQUESTS,
    "cannot_plan": status.HTTP_400_BAD_REQUEST,
    "words_missing": status.HTTP_400_BAD_REQUEST,
}

PROBLEM = OpenApiResponse(
    inline_serializer(
        "Problem",
        {
            "type": serializers.CharField(),
            "title": serializers.CharField(),
            "status": serializers.IntegerField(),
            "detail": serializers.CharField(),
            "code": serializers.CharField(help_text="Stable; programs decide by it."),
            "errors": serializers.DictField(required=False, help_text="By field, for a body that is not understood."),
        },
    ),
    description="Refused: a stable code, and a sentence for the person.",
)


class Input(serializers.Serializer[Any]):
    """A body of which every field is known. A misspelt field would otherwise be a wish that nobody hears."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError({name[:80]: [_("This field is not known.")] for name in unknown})
        return super().to_internal_value(data)


def understood(shape: type[Input], request: Request) -> dict[str, Any]:
    """The body, when it is what the shape says. Raises ValidationError, answered with 400 and the errors by field."""
    try:
        sent = request.data
        # Half of a surrogate pair is JSON and no text: neither the database nor our own answer could hold it.
        json.dumps(sent, ensure_ascii=False).encode()
    except RecursionError:
        # Python's JSON reader goes one call deeper for each bracket.
        raise exceptions.ParseError(_("The body is nested too deeply.")) from None
    except UnicodeEncodeError:
        raise exceptions.ParseError(_("The body holds signs that are no text.")) from None
    body = shape(data=sent)
    body.is_valid(raise_exception=True)
    return cast(dict[str, Any], body.validated_data)


class Pages(CursorPagination):
    """Pages by cursor: stable while rows are added."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100

    def decode_cursor(self, request: Request) -> Any:
        """Where to go on: an instant or a day as we wrote it. Whatever else stands there is nobody's page: 404."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not _is_an_instant(str(cursor.position)):
            raise exceptions.NotFound(self.invalid_cursor_message)
        return cursor


def _is_an_instant(position: str) -> bool:
    try:
        at = datetime.fromisoformat(position)
    except ValueError:
        return False
    return at.tzinfo is not None or len(position) == len("2026-01-31")


def answer(problem: Exception, context: dict[str, Any]) -> Response | None:
    """Every problem as problem+json. What is not a problem of the request stays an error of ours."""
    if isinstance(problem, Refusal):
        number = STATUS_OF_CODE.get(problem.code, status.HTTP_409_CONFLICT)
        return _response(number, code=problem.code, detail=problem.sentence)
    if isinstance(problem, RequestDataTooBig):
        return _response(status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, code="too_large", detail=_("The body is too large."))
    if isinstance(problem, OperationalError) and is_passing(problem):
        detail = _("Too many people ask for this at the moment. Try again.")
        return _response(status.HTTP_503_SERVICE_UNAVAILABLE, code="busy", detail=detail, headers={"Retry-After": "1"})
    known = exception_handler(problem, context)
    if known is None:
        return None
    return _response(
        known.status_code,
        code=_code(problem),
        detail=_detail(problem),
        errors=problem.get_full_details() if isinstance(problem, exceptions.ValidationError) else None,
        headers=dict(known.items()),
    )


def is_passing(failure: OperationalError) -> bool:
    """A deadlock, or a lock that was not had in time: nobody's mistake, and gone a moment later."""
    return getattr(failure.__cause__, "sqlstate", None) in ("40P01", "55P03")


def _code(problem: Exception) -> str:
    if isinstance(problem, Http404):
        return "not_found"
    if isinstance(problem, PermissionDenied):
        return "permission_denied"
    if isinstance(problem, exceptions.ValidationError):
        return "invalid"
    codes = problem.get_codes() if isinstance(problem, exceptions.APIException) else "error"
    return codes if isinstance(codes, str) else "error"


def _detail(problem: Exception) -> str:
    if isinstance(problem, Http404):
        return _("Not found.")
    if isinstance(problem, exceptions.ValidationError):
        return _("The request is not understood. See errors.")
    return str(getattr(problem, "detail", "") or _("You may not do this."))


def _response(
    number: int, *, code: str, detail: str, errors: Any = None, headers: Mapping[str, str] | None = None
) -> Response:
    body = {"type": "about:blank", "title": code.replace("_", " "), "status": number, "detail": detail, "code": code}
    if errors is not None:
        body["errors"] = errors
    kept = {k: v for k, v in (headers or {}).items() if k.lower() not in ("content-type", "content-length")}
    return Response(body, status=number, headers=kept, content_type=CONTENT_TYPE)
