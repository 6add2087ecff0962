"""What the API's document says of every answer alike, so that no view has to repeat it."""

from __future__ import annotations

from typing import Any

from accounts.problems import CONTENT_TYPE

PROBLEM = {"$ref": "#/components/schemas/Problem"}
NOT_FOUND = {"description": "No such page.", "content": {CONTENT_TYPE: {"schema": PROBLEM}}}


def complete(result: dict[str, Any], **_asked: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: problems have a type of their own, bodies no unknown field, cursors may be wrong."""
    for operation in _operations(result):
        answers = operation["responses"]
        if any(parameter["name"] == "cursor" for parameter in operation.get("parameters", ())):
            answers.setdefault("404", NOT_FOUND)
        for answer in answers.values():
            content = answer.get("content", {})
            if content.get("application/json", {}).get("schema") == PROBLEM:
                content[CONTENT_TYPE] = content.pop("application/json")
        for sent in operation.get("requestBody", {}).get("content", {}).values():
            _refuse_unknown_fields(result, sent["schema"])
    return result


def _operations(result: dict[str, Any]) -> list[dict[str, Any]]:
    methods = ("get", "post", "put", "patch", "delete")
    return [path[method] for path in result["paths"].values() for method in methods if method in path]


def _refuse_unknown_fields(result: dict[str, Any], schema: dict[str, Any]) -> None:
    """Also in what a body holds: `accounts.problems.Input` refuses a field that it does not know."""
    reference = schema.get("$ref") or next((part["$ref"] for part in schema.get("allOf", ()) if "$ref" in part), None)
    if reference is None:
        return
    shape = result["components"]["schemas"][reference.rsplit("/", 1)[1]]
    if shape.get("type") == "object":
        shape["additionalProperties"] = False
        for field in shape.get("properties", {}).values():
            _refuse_unknown_fields(result, field)
