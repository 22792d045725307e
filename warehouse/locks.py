"""Locks that keep two processes from doing the same thing at once. If it takes long, the second process is refused.

Each lock lasts as long as its transaction, so it also works behind a connection pooler that shares sessions.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import UserError
from warehouse.database import Connection, Database, Statement, execute, value


@contextmanager
def promotion_lock(database: Database, model: str) -> Iterator[Connection]:
    """A transaction in which only one process can promote a model. Raises UserError if another one is in it."""
    with database.transaction() as connection:
        query = "select pg_try_advisory_xact_lock(hashtext('promotion'), hashtext(%(model)s))"
        if not execute(connection, value(bool, query, model=model)):
            raise UserError(f"Somebody else is promoting {model} right now; try again when they are done.")
        yield connection


def is_promoting(model: str) -> Statement[bool]:
    """Whether a process is promoting the model at this moment. It only looks, and takes no lock."""
    return value(
        bool,
        "select exists (select from pg_locks where locktype = 'advisory' and objsubid = 2 and granted"
        " and database = (select oid from pg_database where datname = current_database())"
        " and classid::bigint = hashtext('promotion')::bigint & 4294967295"
        " and objid::bigint = hashtext(%(model)s)::bigint & 4294967295)",
        model=model,
    )


@contextmanager
def local_key_lock(database: Database) -> Iterator[Connection]:
    """A transaction that lets others wait, so that only one of several commands creates the key of the home."""
    with database.transaction() as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext('local API key'), 0)")
        yield connection


@contextmanager
def marts_lock(database: Database) -> Iterator[None]:
    """Held while dbt builds. Raises UserError if another run is building, since both would replace the same tables."""
    with database.transaction() as connection:
        if not execute(connection, value(bool, "select pg_try_advisory_xact_lock(hashtext('marts'), 0)")):
            raise UserError("Another run is building the marts of this warehouse; try again when it has ended.")
        yield
