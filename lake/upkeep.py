"""What the lake's tables need from time to time: fewer files, fewer snapshots, and no files without a table.

Belongs here: compaction and expiry, for tables that are appended to. Does not belong here: when it is done
(`orchestration`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from pyiceberg.table import FileScanTask, Table

from lake.catalogue import Lake
from lake.events import COMPACTED
from lake.files import data_files, read, remove_unreferenced, replace

FILE_ROWS = 1_000_000
"""Files with fewer rows than half of this are put together, up to so many rows, which are read into memory."""
KEPT = timedelta(days=7)
"""Snapshots are kept for so long: whoever builds from one, or compares with one, has so much time."""
IN_THE_MAKING = timedelta(days=1)
"""Files that nothing refers to are removed when they are so old: a younger one may be about to be committed."""


@dataclass(frozen=True)
class Kept:
    """What upkeep came to: files put together and made of them, snapshots that expired, files that were removed."""

    compacted: int = 0
    made: int = 0
    expired: int = 0
    removed: int = 0


def keep_up(
    lake: Lake, *, file_rows: int = FILE_ROWS, kept: timedelta = KEPT, in_the_making: timedelta = IN_THE_MAKING
) -> Kept:
    """Compacts and expires every table, each in a transaction of its own, then removes files without a table."""
    compacted = made = expired = 0
    with lake.reading() as transaction:
        names = transaction.names()
    for name in names:
        with lake.writing() as transaction:
            table = transaction.table(name)
            if table is None:
                continue
            before = _small_groups(table, file_rows)
            if before:
                replace(table, ((group, read(table, group)) for group in before), {COMPACTED: "true"})
            compacted += sum(len(group) for group in before)
            made += len(before)
            expired += _expire(table, datetime.now(UTC) - kept)
    with lake.writing() as transaction:
        removed = remove_unreferenced(transaction, in_the_making)
    return Kept(compacted, made, expired, removed)


def _small_groups(table: Table, file_rows: int) -> list[list[FileScanTask]]:
    """Small files as they are put together: those that were written one after another, of one partition."""
    small = [task for task in data_files(table) if task.file.record_count < file_rows / 2 and not task.delete_files]
    groups = []
    for _, same in groupby(sorted(small, key=_order), key=lambda task: repr(task.file.partition)):
        group: list[FileScanTask] = []
        for task in same:
            if group and sum(each.file.record_count for each in group) + task.file.record_count > file_rows:
                groups.append(group)
                group = []
            group.append(task)
        groups.append(group)
    return [group for group in groups if len(group) > 1]


def _order(task: FileScanTask) -> tuple[str, list[tuple[int, int]], str]:
    """By partition, then by the least values of columns that have bounds: numbers and times are little-endian."""
    bounds = sorted((task.file.lower_bounds or {}).items())
    return (
        repr(task.file.partition),
        [(column, int.from_bytes(bound, "little", signed=True)) for column, bound in bounds],
        task.file.file_path,
    )


def _expire(table: Table, before: datetime) -> int:
    current = table.current_snapshot()
    old = [each for each in table.snapshots() if each != current and each.timestamp_ms < before.timestamp() * 1000]
    if old:
        table.maintenance.expire_snapshots().by_ids([each.snapshot_id for each in old]).commit()
    return len(old)
