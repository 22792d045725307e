"""The error tree of the API: every way a request is refused, each with its status.

Belongs here: errors that services raise and callers see. Does not belong here: how an error becomes an answer
(`core.problems`).
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from core.problems import MAX_ERRORS, FieldError, ProblemError


class ApiError(ProblemError):
    """The root of all of them. A subclass sets the status; `detail` is one sentence with the way out."""

    http_status = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(
        self, detail: str, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(self.http_status, detail, list(errors)[:MAX_ERRORS], headers)


class BadRequest(ApiError):
    """The request cannot be read at all."""

    http_status = HTTPStatus.BAD_REQUEST


class NotAuthenticated(ApiError):
    """Nobody valid is asking."""

    http_status = HTTPStatus.UNAUTHORIZED

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"www-authenticate": "Bearer"})


class Forbidden(ApiError):
    """Whoever asks lacks a permission; the answer names it."""

    http_status = HTTPStatus.FORBIDDEN

    def __init__(self, permission: str) -> None:
        self.permission = permission
        super().__init__(f"This needs the permission `{permission}`, which you do not have.")


class ProofNeeded(ApiError):
    """Whoever asks may do it, but has not shown lately who they are: `POST /auth/proof`, then ask again.

    A program tells it from a missing permission by the field `proof`, or by the header (RFC 9470).
    """

    http_status = HTTPStatus.FORBIDDEN

    def __init__(self, seconds: int) -> None:
        challenge = f'Bearer error="insufficient_user_authentication", max_age="{seconds}"'
        super().__init__(
            f"This needs a proof of who you are that is not older than {seconds // 60} minutes; see POST /auth/proof.",
            [FieldError("proof", "is missing or too old")],
            {"www-authenticate": challenge},
        )


class ForeignPage(ApiError):
    """A browser asks for a page that is not ours."""

    http_status = HTTPStatus.FORBIDDEN


class NotFound(ApiError):
    """What was asked for does not exist."""

    http_status = HTTPStatus.NOT_FOUND


class Conflict(ApiError):
    """The request does not fit what is stored."""

    http_status = HTTPStatus.CONFLICT


class TooLarge(ApiError):
    """The body is larger than this route takes."""

    http_status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def __init__(self, limit_bytes: int) -> None:
        what = f"is larger than {limit_bytes} bytes"
        # What was not read must not be taken for the next request.
        super().__init__(f"The body {what}; send less at a time.", [FieldError("body", what)], {"connection": "close"})


class WrongMediaType(ApiError):
    """The body is declared as something that this route does not read."""

    http_status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class Invalid(ApiError):
    """The request can be read, but a field is wrong; `errors` name it."""

    http_status = HTTPStatus.UNPROCESSABLE_ENTITY


class TooMany(ApiError):
    """The caller, or all callers together, ask too much at a time."""

    http_status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, detail: str, retry_after_seconds: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail, headers={"retry-after": str(retry_after_seconds), **(headers or {})})


class Unavailable(ApiError):
    """Something that the answer needs is away for now."""

    http_status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, detail: str, retry_after_seconds: int) -> None:
        super().__init__(detail, headers={"retry-after": str(retry_after_seconds)})


UNEXPECTED = ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "The API failed to answer; its log says why.")
"""All that a caller learns of our inside; the log has the rest, under the same request id."""
