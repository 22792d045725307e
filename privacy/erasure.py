"""Erasing a user: from the warehouse, the lake, then files; a receipt says what went and where the id is still found.

Belongs here: the order of things. Does not: which table is treated how (`holdings`), SQL (`tables`, `mentions`,
`statistics`), text and Parquet (`files`), which models had learned from the user (`trained`).

Nobody who stores events waits for an erasure. First the user's hash is committed, which keeps out whatever comes later;
then the erasure waits for the transactions that may not have seen it; then it deletes. A kill in between leaves a user
who is half erased: erasing the user again finishes that.
"""

import json
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.errors import UserError
from core.home import Home
from ingestion.archive import Archive, catalogue, replace_file
from ingestion.event_writer import connected
from privacy import files, from_lake, mentions, statistics, tables
from privacy.holdings import HOLDINGS, QUARANTINE, Action, Holding
from privacy.receipt import Receipt
from privacy.spelling import mask
from privacy.trained import TrainedVersion, as_plain, versions_that_saw
from serving.spool import change_left_lines
from warehouse import erased_users
from warehouse.database import Connection, Database, execute
from warehouse.locks import marts_lock

# How long services may take to bring predictions that they have on disk into Postgres, which leaves the user's out.
_DRAIN_SECONDS = 10.0
# Looks for mentions: one that finds them, one for rows that moved meanwhile, one that finds none.
_LOOKS = 3
_POLL_SECONDS = 0.05


def erase_user(
    warehouse: Database,
    home: Home,
    user_id: str,
    versions: Iterable[TrainedVersion],
    others: Sequence[str] = (),
    holdings: Sequence[Holding] = HOLDINGS,
    *,
    is_expected: bool = False,
) -> Receipt:
    """Erases a user from the warehouse and from the files of the home.

    `versions` are those that may have learned from the user; `others` are addresses of further databases to scan.
    Raises UserError where nothing is known of such a user, unless it `is_expected`, or while marts are being built.
    """
    # A build that began before would write the user's marts after.
    with marts_lock(warehouse):
        with warehouse.transaction() as connection:
            there = tables.present(connection, holdings)
            _keep_out(connection, warehouse, home, there, user_id, versions, is_expected=is_expected)
        _wait_for_storing(warehouse)
        with warehouse.transaction() as connection:
            kept = tables.count(connection, [each for each in there if each.action is Action.KEEP], user_id)
            counted = tables.delete_identities(connection, user_id)
            deleted = _added(counted, tables.delete(connection, there, user_id))
            pseudonymised = tables.pseudonymise(connection, there, user_id)
        of_lake, masked_in_lake = from_lake.erase(warehouse, user_id)
        with connected(warehouse.url) as connection:
            masked, missed = _mask_mentions(connection, there, user_id)
            statistics.reclaim(connection, {part for each in (deleted, pseudonymised, masked) for part in _parts(each)})
            statistics.renew(connection, user_id)
    archives, unreached = _erase_archives(warehouse, user_id)
    changed_files = [*archives, *_erase_files(home, user_id)]
    with warehouse.transaction() as connection:
        entry = execute(connection, erased_users.find(user_id))
        found = [*missed, *_left_over(connection, there, user_id)]
    assert entry is not None  # noqa: S101 (it was added above)
    return Receipt(
        entry.user_hash,
        entry.erased_at.isoformat(timespec="seconds"),
        {**_by_table(deleted), **of_lake},
        _by_table(pseudonymised),
        kept,
        {**_by_table(masked), **masked_in_lake},
        [str(path) for path in changed_files],
        [{"month": f"{each.month:%Y-%m}", "path": each.path, "sha256": each.sha256} for each in unreached],
        entry.trained_models,
        [*found, *_found_elsewhere(others, home, user_id)],
    )


def _keep_out(
    connection: Connection,
    warehouse: Database,
    home: Home,
    there: Sequence[Holding],
    user_id: str,
    versions: Iterable[TrainedVersion],
    *,
    is_expected: bool,
) -> None:
    """Adds the user to those whom imports, scores and the ledger leave out. Raises UserError for a stranger."""
    is_again = execute(connection, erased_users.find(user_id)) is not None
    if not (
        is_expected
        or is_again
        or tables.count(connection, there, user_id)
        or files.find(home.ledger, user_id)
        or from_lake.holds(warehouse, user_id)
    ):
        raise UserError(f"Nothing is held about a user {user_id}; check how the id is written.")
    execute(connection, erased_users.add(user_id, as_plain(versions_that_saw(connection, user_id, versions))))


def _wait_for_storing(warehouse: Database) -> None:
    """Waits for the transactions that are storing rows now: they may have begun before the user was to be kept out."""
    with connected(warehouse.url) as connection:
        storing = execute(connection, erased_users.storing_now())
        while storing := storing & execute(connection, erased_users.storing_now()):
            time.sleep(_POLL_SECONDS)


def _mask_mentions(
    connection: Connection, there: Sequence[Holding], user_id: str
) -> tuple[tables.ByPartition, list[str]]:
    """Masks the user's id in rows about others; how many, and columns in which it still is."""
    searched = mentions.searched(connection, there)
    masked: tables.ByPartition = {}
    for _ in range(_LOOKS):
        found = list(mentions.find(connection, searched, user_id))
        if not found:
            return masked, []
        for each in found:
            rows = masked.setdefault(each.table, {})
            rows[each.partition] = rows.get(each.partition, 0) + mentions.mask(connection, each, user_id)
    return masked, [name for each in mentions.find(connection, searched, user_id) for name in each.column_names]


def _added(one: tables.ByPartition, other: tables.ByPartition) -> tables.ByPartition:
    return {table: dict(Counter(one.get(table, {})) + Counter(other.get(table, {}))) for table in {**one, **other}}


def _parts(changed: tables.ByPartition) -> list[str]:
    return [partition for partitions in changed.values() for partition in partitions]


def _by_table(changed: tables.ByPartition) -> dict[str, int]:
    return {table: sum(partitions.values()) for table, partitions in changed.items()}


def _left_over(connection: Connection, there: Sequence[Holding], user_id: str) -> list[str]:
    """Columns that still hold the id: of declared tables, of tables that nobody declared, of the statistics."""
    columns = {QUARANTINE: "row"} | {each.table: each.user_column for each in there if each.action is not Action.KEEP}
    left = tables.count(connection, [each for each in there if each.table in columns], user_id)
    unknown = mentions.find(connection, mentions.undeclared(connection, there), user_id)
    remembered = statistics.remembered(connection, user_id)
    return [
        *(f"{table}.{columns[table]}" for table in left),
        *(name for each in unknown for name in each.column_names),
        *(f"statistics of {table}" for table in remembered),
    ]


def _erase_archives(warehouse: Database, user_id: str) -> tuple[list[Path], list[Archive]]:
    """Archives that were written anew without the user, and those that are not where they were written."""
    changed, unreached = [], []
    with connected(warehouse.url) as connection:
        for archive in catalogue(connection):
            if not archive.is_there:
                unreached.append(archive)
            elif part := files.masked_parquet(Path(archive.path), user_id):
                replace_file(connection, archive, part)
                changed.append(Path(archive.path))
    return changed, unreached


def _erase_files(home: Home, user_id: str) -> list[Path]:
    """The files of the home in which the id was. Spooled predictions are left out, in all else the id is masked.

    Uploaded files that nobody has imported yet may be packed and of any size: all of them go, and are uploaded again.
    """
    shutil.rmtree(home.uploads, ignore_errors=True)
    spooled = files.find(home.ledger, user_id)
    if spooled:
        change_left_lines(home.ledger, lambda line: _without_user(line, user_id))
        deadline = time.monotonic() + _DRAIN_SECONDS
        while files.find(home.ledger, user_id) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    return [*spooled, *files.mask_below(home.root, user_id, leaving=[home.ledger, home.lake])]


def _without_user(line: bytes, user_id: str) -> bytes:
    """A line of the spool without what the user was told; where a caller named the user, the id is masked."""
    entries = [
        {**entry, "predictions": [said for said in entry["predictions"] if said["user_id"] != user_id]}
        for entry in json.loads(line)
    ]
    kept = [entry for entry in entries if entry["predictions"]]
    return mask(user_id, json.dumps(kept, separators=(",", ":"), ensure_ascii=False)).encode()


def _found_elsewhere(others: Iterable[str], home: Home, user_id: str) -> list[str]:
    """Files of the home, and columns of other databases, that hold the id."""
    found = [str(path.relative_to(home.root)) for path in files.find(home.root, user_id)]
    for url in others:
        with connected(url) as connection:
            named = mentions.find(connection, tables.text_tables(connection), user_id)
            places = [name for each in named for name in each.column_names]
            places += [f"statistics of {table}" for table in statistics.remembered(connection, user_id)]
            found += [f"{connection.info.dbname}: {place}" for place in places]
    return found
