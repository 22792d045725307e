"""API keys at a service: who may call it, known without asking Postgres for each request.

Belongs here: remembering which keys are valid, and telling whose key a request carries. Does not belong here: making
and storing keys (`core.api_keys`, `warehouse.api_keys`), or which routes need one (`app.py`).

A service is closed by default: without a valid key nobody is answered, wherever the request comes from. A service that
starts while Postgres is away goes by the keys it knew last (`last_known.py`); one that never read any lets nobody in.
"""

import hmac
import logging
import threading
from collections.abc import Iterable
from http import HTTPStatus

import psycopg
from starlette.requests import Request

from core.api_keys import digest_of, is_mistyped
from core.problems import ProblemError
from serving.background import BackgroundConnection
from serving.last_known import LastKnown
from serving.settings import ServingSettings
from warehouse.api_keys import SERVICE_SCOPE, valid_keys

logger = logging.getLogger("serving.key_ring")

_REMEMBERED = "valid-keys"


class KeyRing:
    """The valid keys as they were a moment ago; None in `_valid` until they are known."""

    def __init__(self, retry_after_seconds: int) -> None:
        self._retry_after_seconds = retry_after_seconds
        self._valid: tuple[tuple[int, bytes], ...] | None = None

    def learn(self, valid: Iterable[tuple[int, bytes]]) -> None:
        """Take over the keys that are valid now, as (key id, digest)."""
        self._valid = tuple(valid)

    def authenticate(self, request: Request) -> int:
        """The id of the key that a request carries.

        Raises ProblemError: 401 without a valid key, 503 while the service does not know its keys.
        """
        if self._valid is None:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "The service has not read its keys yet; try again shortly.",
                headers={"retry-after": str(self._retry_after_seconds)},
            )
        given = _given(request)
        if given is not None and not is_mistyped(given):
            digest = digest_of(given)
            # Every key is compared, whichever fits, so that the time taken tells nothing.
            fitting = [key_id for key_id, valid in self._valid if hmac.compare_digest(digest, valid)]
            if fitting:
                return fitting[0]
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED,
            f"Send a valid API key with the scope `{SERVICE_SCOPE}` as `Authorization: Bearer KEY`;"
            " `customer-analyzer keys create` makes one.",
            headers={"www-authenticate": "Bearer"},
        )


def _given(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key")


class KeyWatcher:
    """A thread that keeps a ring in step with `app.api_keys`; while Postgres is away, what was known stays."""

    def __init__(self, ring: KeyRing, settings: ServingSettings, last_known: LastKnown) -> None:
        self._ring = ring
        self._last_known = last_known
        self._connection = BackgroundConnection(settings, "keys")
        self._poll_seconds = settings.key_poll_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keys", daemon=True)

    def start(self) -> None:
        """Look once, so that a service begins with the keys there are, or were when last seen; then keep looking."""
        if not self.look():
            self._recall()
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; returns once a look under way is over."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self._connection.close()

    def look(self) -> bool:
        """Read the keys; false if they cannot be read. A warehouse without the table has no keys: nobody is let in."""
        try:
            valid = self._connection.run(valid_keys())
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            valid = []
        except psycopg.Error as error:
            logger.warning("keys cannot be read, keeping those known: %s", type(error).__name__)
            return False
        self._ring.learn(valid)
        self._last_known.remember(_REMEMBERED, [[key_id, digest.hex()] for key_id, digest in valid])
        return True

    def _recall(self) -> None:
        kept = self._last_known.recall(_REMEMBERED)
        if kept is None:
            return
        try:
            self._ring.learn([(int(key_id), bytes.fromhex(digest)) for key_id, digest in kept])
            logger.warning("going by the keys known when the service last ran")
        except (TypeError, ValueError):
            logger.warning("the keys known when the service last ran cannot be understood")

    def _run(self) -> None:
        while not self._stopping.wait(self._poll_seconds):
            self.look()
