"""Every way a service, its build or its client can say no.

Belongs here: the exceptions of this package. Each message is one sentence that names the thing and the way out.
Does not belong here: how an error becomes an HTTP answer (`problems.py`).
"""

import datetime


class ServingError(Exception):
    """Root of every failure a caller of `serving` is expected to handle."""


class FeaturesUnavailable(ServingError):
    """The warehouse cannot be asked for features now; the same question may be answered later."""


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
    """The service answered that it cannot do what was asked; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)
