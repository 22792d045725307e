"""Error answers over HTTP: problem details as in RFC 9457.

Belongs here: the shape of an error answer, and the message for each wrong field. An answer never contains what the
caller must not see, such as a traceback, a path, or SQL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails, to_json
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 20
_PARTS = (("body",), ("query",), ("path",), ("header",))


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that is wrong."""

    field: Annotated[str, Field(description="where, as in `user_ids[3]`; or `body`, `method`, `path`, or a header")]
    message: Annotated[str, Field(description="what is wrong with it")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The body of every 4xx and 5xx answer."""

    status: Annotated[int, Field(description="the HTTP status")]
    title: Annotated[str, Field(description="the kind of problem")]
    detail: Annotated[str, Field(description="one sentence: what is wrong and the way out")]
    request_id: Annotated[str, Field(description="to find the request in the service's log")]
    errors: list[FieldError] = field(default_factory=list)


class ProblemError(Exception):
    """Raised while a request is handled; becomes an error answer."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        errors: list[FieldError] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.detail = detail
        self.errors = errors or []
        self.headers = dict(headers or {})
        super().__init__(detail)


def problem_response(problem: ProblemError, request_id: str) -> Response:
    """The HTTP answer for `problem`."""
    return Response(to_json(problem_of(problem, request_id)), problem.status, problem.headers, MEDIA_TYPE)


def problem_of(problem: ProblemError, request_id: str) -> Problem:
    """What the caller is told of `problem`."""
    return Problem(
        status=problem.status,
        title=problem.status.phrase,
        detail=problem.detail,
        request_id=request_id,
        errors=problem.errors,
    )


def from_validation(error: ValidationError) -> ProblemError:
    """The problem that names every field that pydantic rejected: 400 if the body is not JSON, otherwise 422."""
    return from_details(error.errors(include_url=False, include_input=False))


def from_details(details: Sequence[ErrorDetails]) -> ProblemError:
    """The same, from what pydantic says about each fault."""
    if details[0]["type"] == "json_invalid":
        message = details[0].get("ctx", {}).get("error") or details[0]["msg"].removeprefix("Invalid JSON: ")
        return ProblemError(
            HTTPStatus.BAD_REQUEST, "The body is not valid JSON in UTF-8.", [FieldError("body", message)]
        )
    errors = [FieldError(_path(detail), _message(detail)) for detail in details[:MAX_ERRORS]]
    named = ", ".join(dict.fromkeys(f"`{each.field}`" for each in errors[:3]))
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"The request is not valid at {named}.", errors)


def _path(detail: ErrorDetails) -> str:
    path = ""
    # FastAPI names the part of the request first.
    location = detail["loc"][1:] if detail["loc"][:1] in _PARTS and len(detail["loc"]) > 1 else detail["loc"]
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path or "body"


def _message(detail: ErrorDetails) -> str:
    if detail["type"] == "extra_forbidden":
        return "is not a known field"
    if detail["type"] == "string_pattern_mismatch":
        return "must not contain the character NUL"
    return detail["msg"].removeprefix("Value error, ")
