"""Service keys: who may call a service, known without asking Postgres for each request.

Belongs here: making a key, remembering which are valid, and judging a request by them. Does not belong here: storing
keys (the command line does) or what a key opens (`app.py`).

Nobody needs a key as long as none was ever made and both ends of the connection are on this machine. A service that
starts while Postgres is away goes by the hashes it knew last (`last_known.py`), as one that runs does; one that never
knew any lets nobody in.
"""

import hashlib
import hmac
import ipaddress
import logging
import secrets
import threading
from functools import lru_cache
from http import HTTPStatus

import psycopg
from starlette.requests import Request

from core.problems import ProblemError
from serving.last_known import LastKnown
from serving.settings import ServingSettings

logger = logging.getLogger("serving.key_ring")

_PREFIX = "ca_"
_REMEMBERED = "keys"
# Read by a collector on this machine, which has no key and sees nothing of any user.
_METRICS = "/metrics"
_READ = "select key_sha256, revoked_at is null from ml.service_keys"


def new_key() -> str:
    """A key of 256 random bits, told from other secrets by its first letters."""
    return _PREFIX + secrets.token_urlsafe(32)


def digest_of(key: str) -> bytes:
    """What is stored of a key. It is too random to be guessed, so a plain hash is enough, and cheap."""
    return hashlib.sha256(key.encode()).digest()


class KeyRing:
    """The valid keys as they were a moment ago; None in `_valid` until they are known."""

    def __init__(self, retry_after_seconds: int) -> None:
        self._retry_after_seconds = retry_after_seconds
        self._valid: tuple[bytes, ...] | None = None
        self._is_open = False

    def learn(self, rows: list[tuple[bytes, bool]]) -> None:
        """Take over what is stored: (digest, is valid) of every key ever made."""
        self._valid = tuple(digest for digest, is_valid in rows if is_valid)
        self._is_open = not rows

    def check(self, request: Request) -> None:
        """Raise ProblemError unless the request may pass: 401 without a valid key, 503 while keys are unknown."""
        if request.scope["path"] == _METRICS and is_local(request):
            return
        if self._valid is None:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "The service has not read its keys yet; try again shortly.",
                headers={"retry-after": str(self._retry_after_seconds)},
            )
        if self._is_open and is_local(request):
            return
        given = _given(request)
        if given is not None:
            digest = digest_of(given)
            # Every key is compared, whichever fits, so that time tells nothing.
            if sum(hmac.compare_digest(digest, valid) for valid in self._valid):
                return
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED,
            "Send a valid service key as `Authorization: Bearer KEY`; `customer-analyzer keys create` makes one.",
            headers={"www-authenticate": "Bearer"},
        )


def is_local(request: Request) -> bool:
    """Whether both ends of the connection are on this machine."""
    ends = (request.scope.get("server"), request.scope.get("client"))
    return all(end is not None and _is_loopback(end[0]) for end in ends)


@lru_cache(maxsize=64)
def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _given(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key")


class KeyWatcher:
    """A thread that keeps a ring in step with `ml.service_keys`; while Postgres is away, what was known stays."""

    def __init__(self, ring: KeyRing, settings: ServingSettings, last_known: LastKnown) -> None:
        self._ring = ring
        self._last_known = last_known
        self._url = settings.warehouse_url.get_secret_value()
        self._poll_seconds = settings.key_poll_seconds
        self._connection: psycopg.Connection[tuple[bytes, bool]] | None = None
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
        self._forget_connection()

    def look(self) -> bool:
        """Read the keys; false if they cannot be read. A warehouse that has never heard of keys has none."""
        try:
            rows = self._read()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            rows = []
        except psycopg.Error as error:
            self._forget_connection()
            logger.warning("keys cannot be read, keeping those known: %s", type(error).__name__)
            return False
        self._ring.learn(rows)
        self._last_known.remember(_REMEMBERED, [[digest.hex(), is_valid] for digest, is_valid in rows])
        return True

    def _recall(self) -> None:
        rows = self._last_known.recall(_REMEMBERED)
        try:
            # No keys at all opens the door on this machine, so nothing else may pass for an empty list.
            if isinstance(rows, list):
                self._ring.learn([(bytes.fromhex(digest), is_valid is True) for digest, is_valid in rows])
                logger.warning("going by the keys known when the service last ran")
        except (TypeError, ValueError):
            logger.warning("the keys known when the service last ran cannot be understood")

    def _run(self) -> None:
        while not self._stopping.wait(self._poll_seconds):
            self.look()

    def _read(self) -> list[tuple[bytes, bool]]:
        if self._connection is None:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=2,
                application_name="customer-analyzer keys",
                options="-c statement_timeout=5000 -c default_transaction_read_only=on",
            )
        return self._connection.execute(_READ).fetchall()

    def _forget_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
