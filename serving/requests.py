"""Reading a request: its body within the limits, and the rows it asks about.

Belongs here: whatever turns bytes from outside into something that can be trusted, or into the problem that says why
not. Does not belong here: looking anything up, or answering.
"""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from core.problems import MAX_ERRORS, FieldError, ProblemError, from_validation
from serving.schemas import MAX_BODY_BYTES, FeatureRow

R = TypeVar("R")
_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9._-]{1,64}")


def idempotency_key(request: Request) -> str | None:
    """The key that tells a request sent again from a new one, if the caller gave one; raises ProblemError if unfit."""
    given = request.headers.get("idempotency-key")
    if given is not None and not _IDEMPOTENCY_KEY.fullmatch(given):
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "The request is not valid at `Idempotency-Key`.",
            [FieldError("Idempotency-Key", "must be 1 to 64 letters, digits, dots, underscores or hyphens")],
        )
    return given


async def read_request(request: Request, adapter: TypeAdapter[R]) -> R:
    """The body of a request, checked; raises ProblemError naming every field that is wrong."""
    return parsed(await read_body(request), adapter)


def parsed(body: bytes, adapter: TypeAdapter[R]) -> R:
    """What a body says; raises ProblemError naming every field that is wrong."""
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        raise from_validation(error) from error


def feature_values(rows: Sequence[FeatureRow], names: tuple[str, ...]) -> NDArray[np.float64]:
    """Rows x `names`, NaN where undefined; raises ProblemError naming what is missing or unknown."""
    expected = frozenset(names)
    errors: list[FieldError] = []
    for position, row in enumerate(rows):
        given = row.values.keys()
        if given == expected:
            continue
        errors += [
            FieldError(f"features[{position}].{name}", "is not a feature of this model; see GET /model")
            for name in sorted(given - expected)
        ]
        errors += [
            FieldError(f"features[{position}].{name}", "is missing; give null if it is undefined")
            for name in sorted(expected - given)
        ]
        if len(errors) >= MAX_ERRORS:
            break
    if errors:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"The request is not valid at `{errors[0].field}`.",
            errors[:MAX_ERRORS],
        )
    # numpy reads None as NaN.
    return np.array([[row.values[name] for name in names] for row in rows], np.float64)


async def read_body(request: Request) -> bytes:
    """The body, read only as far as its limit; raises ProblemError if it is longer, or not declared as plain JSON."""
    media_type, _, parameters = request.headers.get("content-type", "application/json").partition(";")
    is_utf8 = "charset" not in parameters.lower() or "utf-8" in parameters.lower()
    if media_type.strip().lower() != "application/json" or "content-encoding" in request.headers or not is_utf8:
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Send JSON in UTF-8, not compressed, with `Content-Type: application/json`.",
            [FieldError("body", "is not declared as plain application/json")],
        )
    length = request.headers.get("content-length", "0")
    body = bytearray()
    is_too_long = length.isdecimal() and int(length) > MAX_BODY_BYTES
    if not is_too_long:
        async for chunk in request.stream():
            body += chunk
            if is_too_long := len(body) > MAX_BODY_BYTES:
                break
    if is_too_long:
        raise ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body is larger than {MAX_BODY_BYTES} bytes; ask for fewer users at a time.",
            [FieldError("body", f"is larger than {MAX_BODY_BYTES} bytes")],
            # What was not read must not be taken for the next request.
            {"connection": "close"},
        )
    return bytes(body)
