"""Erasing a user: from every table at once, then from files; a receipt says what went and what a scan still finds.

Belongs here: the order of things and the receipt. Does not: what a trace is and how it is found (`traces`), which
models had learned from the user (`trained`).

What is in Postgres goes in one transaction, together with the hash that keeps the user from coming back. Files cannot
be part of it, so that part comes after and can be repeated: erasing a user again finishes what a kill interrupted.
"""

import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from core.errors import UserError
from core.home import Home
from ingestion.archive import Archive, catalogue, replace_file
from ingestion.event_writer import connected
from privacy import traces
from privacy.trained import TrainedVersion, as_plain, versions_that_saw
from serving.spool import change_left_lines
from warehouse.database import Database
from warehouse.locks import marts_lock

Connection = psycopg.Connection[tuple[object, ...]]

SCORECARD = "scorecards.model_scorecard"
# How long services may take to bring predictions that they have on disk into Postgres, which leaves the user's out.
_DRAIN_SECONDS = 10.0


@dataclass(frozen=True)
class Receipt:
    """What an erasure came to; it does not hold the id.

    `deleted`: rows by table; `masked`: rows of others, by table, in which the id was made illegible; `files`: files in
    which it was, archives of old months among them; `unreached_archives`: those that lie elsewhere now, from which the
    user is left out when they are restored; `trained_models`: versions that had learned from the user, which deleting
    rows does not change; `found`: columns and files in which a scan afterwards still finds the id, none if all is well.
    """

    user_hash: str
    erased_at: str
    deleted: dict[str, int]
    masked: dict[str, int]
    files: list[str]
    unreached_archives: list[dict[str, str | int]]
    trained_models: list[dict[str, str | int]]
    found: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def erase_user(
    warehouse: Database, home: Home, user_id: str, versions: Iterable[TrainedVersion], others: Sequence[str] = ()
) -> Receipt:
    """Erases a user from the warehouse and from the files of the home.

    `versions` are those that may have learned from the user; `others` are addresses of further databases to scan.
    Raises UserError where nothing is known of such a user, or while marts are being built.
    """
    # A build that began before would write the user's marts after.
    with marts_lock(warehouse):
        with warehouse.transaction() as connection:
            user_hash, is_again = _remember(connection, user_id, versions_that_saw(connection, user_id, versions))
            deleted = _delete(connection, user_id)
            if not (deleted or is_again or traces.scan_files(home.ledger, user_id)):
                raise UserError(f"Nothing is held about a user {user_id}; check how the id is written.")
            if deleted.get("ml.outcomes") and _exists(connection, SCORECARD):
                # Weeks are counted again where something is new, and what is gone is not: the next build counts all.
                connection.execute(sql.SQL("truncate {}").format(sql.Identifier(*SCORECARD.split("."))))
            masked = traces.mask_database(connection, user_id)
        _forget_rows(warehouse, user_id, {*deleted, *masked})
    archives, unreached = _erase_archives(warehouse, user_id)
    files = [*archives, *_erase_files(home, user_id)]
    with warehouse.transaction() as connection:
        trained, erased_at = connection.execute(
            "select trained_models, erased_at from raw.erased_users where user_hash = %s", [user_hash]
        ).fetchall()[0]
    assert isinstance(trained, list) and isinstance(erased_at, datetime)  # noqa: S101 (as the table has them)
    return Receipt(
        user_hash.hex(),
        erased_at.astimezone(UTC).isoformat(timespec="seconds"),
        deleted,
        masked,
        [str(path) for path in files],
        [{"month": f"{each.month:%Y-%m}", "path": each.path, "sha256": each.sha256} for each in unreached],
        trained,
        _scan([warehouse.url, *others], home, user_id),
    )


def _remember(connection: Connection, user_id: str, trained: Sequence[TrainedVersion]) -> tuple[bytes, bool]:
    """Keeps the user out from now on; the hash, and whether it was there already."""
    # Waits for imports and scores that are being stored: what comes later sees the hash.
    connection.execute("lock table raw.erased_users in exclusive mode")
    row = connection.execute(
        "select raw.user_hash(%(id)s), exists (select from raw.erased_users where user_hash = raw.user_hash(%(id)s))",
        {"id": user_id},
    ).fetchall()[0]
    user_hash, is_again = row
    assert isinstance(user_hash, bytes)  # noqa: S101 (as the function has it)
    connection.execute(
        "insert into raw.erased_users (user_hash, trained_models) values (%s, %s) on conflict do nothing",
        [user_hash, Jsonb(as_plain(trained))],
    )
    return user_hash, bool(is_again)


def _delete(connection: Connection, user_id: str) -> dict[str, int]:
    counts = {
        traces.name_of(table): connection.execute(
            sql.SQL("delete from {} where user_id = %s").format(table), [user_id]
        ).rowcount
        for table in traces.user_tables(connection)
    }
    counts[traces.name_of(traces.QUARANTINE)] = connection.execute(
        sql.SQL("delete from {} where {}").format(traces.QUARANTINE, traces.is_quarantined_of(user_id))
    ).rowcount
    return {table: count for table, count in counts.items() if count}


def _exists(connection: Connection, table: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", [table]).fetchone()
    return row is not None and bool(row[0])


def _forget_rows(warehouse: Database, user_id: str, tables: Iterable[str]) -> None:
    """Has Postgres reuse the place of deleted rows, and drop them from its statistics, now rather than some day."""
    with psycopg.connect(warehouse.url, autocommit=True) as connection:
        for table in sorted(tables):
            for leaf in _leaves(connection, table):
                connection.execute(sql.SQL("vacuum (analyze) {}").format(leaf))
        for remembered in traces.tables_remembered(connection, user_id):
            connection.execute(sql.SQL("analyze {}").format(remembered))


def _leaves(connection: Connection, table: str) -> list[sql.Identifier]:
    rows = connection.execute(
        "select relnamespace::regnamespace::text, relname from pg_partition_tree(%(table)s::regclass)"
        " join pg_class on oid = relid where isleaf"
        " union select relnamespace::regnamespace::text, relname from pg_class"
        " where oid = %(table)s::regclass and relkind = 'r'",
        {"table": table},
    ).fetchall()
    return [sql.Identifier(str(schema), str(name)) for schema, name in rows]


def _erase_archives(warehouse: Database, user_id: str) -> tuple[list[Path], list[Archive]]:
    """Archives that were written anew without the user, and those that are not where they were written."""
    changed, unreached = [], []
    with connected(warehouse.url) as connection:
        for archive in catalogue(connection):
            if not archive.is_there:
                unreached.append(archive)
            elif part := traces.masked_parquet(Path(archive.path), user_id):
                replace_file(connection, archive, part)
                changed.append(Path(archive.path))
    return changed, unreached


def _erase_files(home: Home, user_id: str) -> list[Path]:
    """The files of the home in which the id was. Spooled predictions are left out, in all else the id is masked."""
    spooled = traces.scan_files(home.ledger, user_id)
    if spooled:
        change_left_lines(home.ledger, lambda line: _without_user(line, user_id))
        deadline = time.monotonic() + _DRAIN_SECONDS
        while traces.scan_files(home.ledger, user_id) and time.monotonic() < deadline:
            time.sleep(0.1)
    return [*spooled, *traces.mask_files(home.root, user_id, leaving=home.ledger)]


def _without_user(line: bytes, user_id: str) -> bytes:
    """A line of the spool without what the user was told; what a caller named so is illegible."""
    entries = [
        {**entry, "predictions": [said for said in entry["predictions"] if said["user_id"] != user_id]}
        for entry in json.loads(line)
    ]
    kept = json.dumps([entry for entry in entries if entry["predictions"]], separators=(",", ":"), ensure_ascii=False)
    return re.sub(traces.pattern(user_id), rf"\1{traces.mask_of(user_id)}", kept).encode()


def _scan(urls: Iterable[str], home: Home, user_id: str) -> list[str]:
    found = [str(path.relative_to(home.root)) for path in traces.scan_files(home.root, user_id)]
    for url in urls:
        with psycopg.connect(url) as connection:
            found += [f"{connection.info.dbname}: {place}" for place in traces.scan_database(connection, user_id)]
    return found
