"""Every way a service, its build or its client can say no.

Belongs here: the exceptions of this package. Each message is one sentence that names the thing and the way out.
Does not belong here: how an error becomes an HTTP answer (`core/problems.py`).
"""

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.problems import FieldError


class ServingError(Exception):
    """Root of every failure a caller of `serving` is expected to handle."""


class WarehouseUnavailable(ServingError):
    """The warehouse cannot be asked now; the same question may be answered later."""


class KeyReused(ServingError):
    """An Idempotency-Key came with another request than the one it was first used for."""


class SnapshotMissing(ServingError):
    """The warehouse answers, but has no feature snapshot for the day asked."""

    def __init__(self, as_of: datetime.date | None) -> None:
        self.as_of = as_of
        asked = "at all yet" if as_of is None else f"for {as_of.isoformat()}"
        super().__init__(f"There is no feature snapshot {asked}; build one, or ask for another `as_of`.")


class ModelRefused(ServingError):
    """A model may not be served; `code` names the reason for metrics and callers."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class LedgerUnusable(ServingError):
    """There is no folder in which predictions could wait for the warehouse."""


class SpoolFull(ServingError):
    """What waits on disk has reached its bound."""


class BuildFailed(ServingError):
    """BentoML could not build the Bento."""


class ServiceUnreachable(ServingError):
    """No service answers at the address, or not in time."""


class ServiceRefused(ServingError):
    """The service answered that it will not do what was asked.

    `status` is the HTTP status, `detail` the service's own sentence, `errors` the fields that are wrong, `request_id`
    what its log knows the request by, and `retry_after_seconds` how long it asked to wait (0: it did not).
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: "Sequence[FieldError]" = (),
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
