"""Every way the client can say no: the API is not there, or it refuses, each refusal by its status."""

from collections.abc import Sequence

from api_client.models import FieldError


class ApiError(Exception):
    """Root of every failure a caller of the client is expected to handle."""


class ApiUnreachable(ApiError):
    """No API answers at the address, or not in time, or not as this version of the client expects."""


class ApiRefused(ApiError):
    """The API answered that it will not do what was asked.

    `status` is the HTTP status, `detail` the API's own sentence, `errors` the fields that are wrong, `request_id` what
    its log knows the request by, and `retry_after_seconds` how long it asked to wait (0: it did not).
    """

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[FieldError] = (),
        request_id: str | None = None,
        retry_after_seconds: float = 0.0,
    ) -> None:
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds
        named = "; ".join(f"{each.field} {each.message}" for each in self.errors[:3])
        super().__init__(f"{detail} ({named})" if named else detail)


class NotAuthenticated(ApiRefused):
    """The token or key is missing, wrong, or over."""


class Forbidden(ApiRefused):
    """A permission is missing; `detail` names it."""


class NotFound(ApiRefused):
    """What was asked for does not exist."""


class Conflict(ApiRefused):
    """The request does not fit what is stored."""


class Invalid(ApiRefused):
    """The request cannot be read, or fields are wrong; `errors` names them."""


class TooMany(ApiRefused):
    """The caller asks too much at a time."""


class Unavailable(ApiRefused):
    """Something that the answer needs is away for now."""


REFUSAL_OF: dict[int, type[ApiRefused]] = {
    400: Invalid,
    401: NotAuthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: Invalid,
    415: Invalid,
    422: Invalid,
    429: TooMany,
    503: Unavailable,
}
