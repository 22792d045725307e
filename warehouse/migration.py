"""Migrations: numbered SQL files. Each is applied once, in order, completely or not at all.

Belongs here: applying them. Does not belong here: the tables (`migrations/*.sql`), and the schemas that dbt creates.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from core.errors import DatabaseError, PlatformError

MIGRATIONS = Path(__file__).parent / "migrations"

# An arbitrary number that nothing else in the database uses.
_LOCK = 4_242_001

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_INCLUDED = re.compile(r"^\\include (\w+)$", re.MULTILINE)


@dataclass(frozen=True)
class Migration:
    """One step of the schema. The checksum shows whether a file was changed after it was applied.

    A line `\\include LIBRARY` stands for the tables and functions that a library of ours makes for itself.
    """

    version: int
    name: str
    statements: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.statements.encode()).hexdigest()


def read_migrations(folder: Path = MIGRATIONS) -> tuple[Migration, ...]:
    """The folder's migrations in order. Raises PlatformError unless numbered 0001, 0002, ... without gaps."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise PlatformError(f"{path} is not named like a migration, such as 0003_what_it_does.sql.")
        found.append(Migration(int(match[1]), match[2], path.read_text(encoding="utf-8")))
    versions = [migration.version for migration in found]
    if versions != list(range(1, len(found) + 1)):
        raise PlatformError(f"The migrations in {folder} are numbered {versions}: they must run 1, 2, 3, ...")
    return tuple(found)


def pending(migrations: Sequence[Migration], applied: Mapping[int, str]) -> tuple[Migration, ...]:
    """The migrations that are not applied yet, given the checksum of each applied version.

    Raises PlatformError if an applied migration was changed, or the database is ahead of this code.
    """
    ahead = sorted(applied.keys() - {migration.version for migration in migrations})
    if ahead:
        raise PlatformError(
            f"The warehouse has migration {ahead[-1]:04d}, which this installation does not know: update it."
        )
    for migration in migrations:
        if applied.get(migration.version, migration.checksum) != migration.checksum:
            raise PlatformError(
                f"Migration {migration.version:04d}_{migration.name}.sql was changed after it was applied: "
                "restore it and put the change into a new migration."
            )
    return tuple(migration for migration in migrations if migration.version not in applied)


def migrate(
    connection: psycopg.Connection[tuple[object, ...]], migrations: Sequence[Migration]
) -> tuple[Migration, ...]:
    """Brings a database up to date and returns what was applied. Needs an autocommit connection.

    Two processes may call it at the same time: the second one waits and then finds nothing to do.
    """
    connection.execute("select pg_advisory_lock(%s)", [_LOCK])
    try:
        applied = _applied(connection)
        todo = pending(migrations, applied)
        for migration in todo:
            _apply(connection, migration)
        return todo
    finally:
        if not connection.broken:
            connection.execute("select pg_advisory_unlock(%s)", [_LOCK])


def _applied(connection: psycopg.Connection[tuple[object, ...]]) -> dict[int, str]:
    exists = connection.execute("select to_regclass('public.schema_migrations') is not null").fetchone()
    if exists is None or not exists[0]:
        try:
            connection.execute(
                "create table public.schema_migrations (version integer primary key, name text not null,"
                " checksum text not null, applied_at timestamptz not null default now())"
            )
        except psycopg.errors.InsufficientPrivilege as error:
            user, database = connection.info.user, connection.info.dbname
            raise DatabaseError(
                f"{user} may not make tables in {database}: "
                f'have its administrator run `alter database {database} owner to "{user}"`.'
            ) from error
    rows = connection.execute("select version, checksum from public.schema_migrations").fetchall()
    return {int(str(version)): str(checksum) for version, checksum in rows}


def _apply(connection: psycopg.Connection[tuple[object, ...]], migration: Migration) -> None:
    try:
        with connection.transaction():
            connection.execute(_complete(migration.statements).encode())
            connection.execute(
                "insert into public.schema_migrations (version, name, checksum) values (%s, %s, %s)",
                [migration.version, migration.name, migration.checksum],
            )
    except psycopg.Error as error:
        raise DatabaseError(
            f"Migration {migration.version:04d}_{migration.name}.sql failed and was taken back: "
            f"{error.diag.message_primary or error}."
        ) from error


def _complete(statements: str) -> str:
    """The statements with what libraries make in place of each `\\include`."""
    return _INCLUDED.sub(lambda line: _made_by(line[1]), statements)


def _made_by(library: str) -> str:
    if library != "procrastinate":
        raise PlatformError(f"A migration includes {library}, whose schema nobody knows.")
    # Only a migration needs it; a service, which carries this package, has no such library.
    from procrastinate.schema import SchemaManager

    return SchemaManager.get_schema()
