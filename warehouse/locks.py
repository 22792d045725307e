"""Locks that keep two processes from doing the same thing at once. Where that takes long, the second one is refused.

Each lock lasts as long as its transaction, so it also holds behind a connection pooler that shares sessions.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import UserError
from warehouse.database import Connection, Database, execute, value


@contextmanager
def promotion_lock(database: Database, model: str) -> Iterator[Connection]:
    """A transaction that only one promoter of a model can be in. Raises UserError where another is in it."""
    with database.transaction() as connection:
        query = "select pg_try_advisory_xact_lock(hashtext('promotion'), hashtext(%(model)s))"
        if not execute(connection, value(bool, query, model=model)):
            raise UserError(f"Somebody else is promoting {model} right now; try again when they are done.")
        yield connection


@contextmanager
def local_key_lock(database: Database) -> Iterator[Connection]:
    """A transaction that makes others wait: of two commands that want a key for their home, one makes it."""
    with database.transaction() as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext('local service key'), 0)")
        yield connection


@contextmanager
def marts_lock(database: Database) -> Iterator[None]:
    """Held while dbt builds. Raises UserError where somebody else builds: both would replace the same tables."""
    with database.transaction() as connection:
        if not execute(connection, value(bool, "select pg_try_advisory_xact_lock(hashtext('marts'), 0)")):
            raise UserError("Another run is building the marts of this warehouse; try again when it has ended.")
        yield
