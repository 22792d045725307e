"""The description of the API in OpenAPI, and the file of it that is checked in.

Belongs here: what FastAPI does not say by itself: which problems a route answers with, the headers of every answer, and
who is let in. Does not belong here: which changes callers would notice (`serving.api_changes`).
"""

import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from core.problems import MEDIA_TYPE, Problem
from serving.api_changes import write

Json = dict[str, Any]

_EXAMPLE = {
    "status": 422,
    "title": "Unprocessable Entity",
    "detail": "The request is not valid at `user_ids[0]`.",
    "request_id": "5d0e4d3c9b0f2f0f",
    "errors": [{"field": "user_ids[0]", "message": "Input should be a valid string"}],
}
_REQUEST_ID = {"description": "names the request in logs", "schema": {"type": "string"}}
_WAIT = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}
_HEADERS: dict[str, Json] = {
    "401": {"WWW-Authenticate": {"description": "how to show who you are", "schema": {"type": "string"}}},
    "429": _WAIT,
    "503": _WAIT,
}
_MEANING = {
    "400": "The body is not JSON in UTF-8",
    "401": "Nobody valid is asking",
    "403": "A permission is missing; `detail` names it",
    "404": "Nothing has this id",
    "409": "The request does not fit what is stored",
    "413": "The body is larger than the API takes",
    "415": "The body is not declared as what this route reads",
    "422": "A field is wrong; `errors` names it",
    "429": "Too many requests; see `Retry-After`",
    "500": "The API failed; its log says why, under the request id",
    "503": "The warehouse does not answer; see `Retry-After`",
}


def also_refuses(*statuses: HTTPStatus) -> dict[int | str, Json]:
    """For the description of a route: refusals that do not follow from what it takes and whom it lets in."""
    return {int(status): {} for status in statuses}


class DescribedApi(FastAPI):
    """An application whose description is complete."""

    def openapi(self) -> Json:
        """The document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            _complete(document)
            self.openapi_schema = document
        return self.openapi_schema


def _complete(document: Json) -> None:
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
    schemas |= {**problem.pop("$defs"), "Problem": problem}
    document["components"]["responses"] = {status: _problem_answer(status) for status in _MEANING}
    # A route that says nothing about it is open.
    document["security"] = []
    document["servers"] = [{"url": "/"}]
    for method, path, operation in _operations(document):
        _complete_operation(method, path, operation)


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield method, path, operation


def _complete_operation(method: str, path: str, operation: Json) -> None:
    problems = {"429", "500", "503"}
    if operation.get("security"):
        problems |= {"401", "403"}
    if "requestBody" in operation:
        problems |= {"400", "413", "415", "422"}
    if operation.get("parameters"):
        problems |= {"422"}
    if "{" in path:
        problems |= {"404"} | ({"409"} if method != "get" else set())
    answers = operation["responses"]
    problems |= {status for status in answers if status in _MEANING and status != "422"}
    answers = {status: answer for status, answer in answers.items() if status not in _MEANING}
    for answer in answers.values():
        answer["headers"] = {"X-Request-ID": _REQUEST_ID, **answer.get("headers", {})}
    answers |= {status: {"$ref": f"#/components/responses/{status}"} for status in problems}
    operation["responses"] = dict(sorted(answers.items()))


def _problem_answer(status: str) -> Json:
    return {
        "description": _MEANING[status],
        "headers": {"X-Request-ID": _REQUEST_ID, **_HEADERS.get(status, {})},
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": _EXAMPLE}},
    }


def _main(file: Path) -> None:
    # Imported here, because the application is made of this module.
    from backend.app import create_app

    if broken := write({file: create_app().openapi()}):
        sys.exit("\n".join([*broken, "Keep what was promised, or raise API_VERSION in backend/app.py."]))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
