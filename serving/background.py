"""A connection of a thread that works beside the requests.

Belongs here: opening it when it is needed, and again after it broke. Does not belong here: what a thread asks.

Nothing here needs a session of its own in Postgres (no settings, no locks), so PgBouncer may stand between in
transaction mode. That a machine is gone is noticed by TCP, within half a minute.
"""

from typing import Any, TypeVar

import psycopg

from serving.settings import ServingSettings
from warehouse.database import Statement, execute

T = TypeVar("T")

_TCP = {
    "connect_timeout": 2,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    # Milliseconds that sent data may stay unacknowledged.
    "tcp_user_timeout": 25_000,
}
# A statement that is at fault leaves the connection as it was.
_AT_FAULT = (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError)


class BackgroundConnection:
    """For one thread. Each statement is a transaction of its own."""

    def __init__(self, settings: ServingSettings, purpose: str) -> None:
        self._url = settings.warehouse_url.get_secret_value()
        self._options: dict[str, Any] = {
            **_TCP,
            "application_name": f"customer-analyzer {purpose}",
            "prepare_threshold": 5 if settings.prepared_statements else None,
        }
        self._connection: psycopg.Connection[Any] | None = None

    def run(self, statement: Statement[T]) -> T:
        """The answer to a statement; raises psycopg.Error, and connects anew the next time if that helps."""
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._url, autocommit=True, **self._options)
            return execute(self._connection, statement)
        except _AT_FAULT:
            raise
        except psycopg.Error:
            self.close()
            raise

    def close(self) -> None:
        """Close it; the next statement opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
