"""How many requests a process takes at a time: beyond that it says so at once, and no queue grows.

Belongs here: counting requests in and out. Does not belong here: waiting for a connection to the warehouse, which
has a bound of its own (`pool.py`).
"""

from http import HTTPStatus
from types import TracebackType

from core.problems import ProblemError


class Admission:
    """A door that lets `most` requests in, each for the length of a block; for the one thread of an event loop."""

    def __init__(self, most: int, retry_after_seconds: int) -> None:
        self._most = most
        self._inside = 0
        self._retry_after_seconds = retry_after_seconds

    def __enter__(self) -> None:
        """Raises ProblemError with 429 if the house is full."""
        if self._inside >= self._most:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"The service is answering {self._most} requests already; try again shortly.",
                headers={"retry-after": str(self._retry_after_seconds)},
            )
        self._inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Makes room."""
        self._inside -= 1
