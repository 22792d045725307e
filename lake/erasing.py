"""Erasing a user from every table of the lake, until no file holds the user.

Belongs here: rows, mentions, snapshots and files. Does not belong here: how an id is recognised in text, and everything
outside the lake (`privacy`).

First the files are found that hold the user, while others write. Then, table by table, these are written anew, older
snapshots expire, and what nothing refers to any more is removed. A kill leaves a table as it was or as it should be;
erasing the user again finishes the rest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import FileScanTask, Table
from pyiceberg.types import StringType

from lake.catalogue import Lake, LakeTransaction
from lake.files import data_files, read, remove_unreferenced, replace
from lake.names import EVENTS
from warehouse.database import execute
from warehouse.lake_events import forget_ids


@dataclass(frozen=True)
class Person:
    """How a user is recognised: which columns say whose a row is, and how text mentions the user.

    Text without any of `spellings` does not mention the user; `mask` makes mentions illegible.
    """

    user_id: str
    is_user_column: Callable[[str], bool]
    spellings: Sequence[str]
    mask: Callable[[str], str]


@dataclass(frozen=True)
class Erased:
    """Rows that were deleted, and rows about others in which the id was masked, by table; how many files went."""

    deleted: dict[str, int] = field(default_factory=dict)
    masked: dict[str, int] = field(default_factory=dict)
    files: int = 0


def erase(lake: Lake, person: Person) -> Erased:
    """Erases a user from the lake. Nobody else may be building marts meanwhile.

    Time travel ends with it: of every table only the newest snapshot is left.
    """
    with lake.reading() as transaction:
        names = transaction.names()
        looked = {name: _looked_through(transaction.table(name), person, {}) for name in names}
    deleted: dict[str, int] = {}
    masked: dict[str, int] = {}
    for name in names:
        with lake.writing() as transaction:
            counts = _erase_from(transaction, name, person, looked[name])
        label = ".".join(name)
        deleted |= {label: counts[0]} if counts[0] else {}
        masked |= {label: counts[1]} if counts[1] else {}
    with lake.writing() as transaction:
        return Erased(deleted, masked, remove_unreferenced(transaction, timedelta()))


def holds(lake: Lake, person: Person) -> bool:
    """Whether any table of the lake holds the user."""
    with lake.reading() as transaction:
        tables = [transaction.table(name) for name in transaction.names()]
    return any(any(_looked_through(table, person, {}).values()) for table in tables)


def _looked_through(table: Table | None, person: Person, known: dict[str, bool]) -> dict[str, bool]:
    """Whether each data file of a table holds the user, by path; `known` are those that were looked through before."""
    if table is None or not (columns := _texts(table)):
        return {}
    return {
        task.file.file_path: known[task.file.file_path]
        if task.file.file_path in known
        else _holds(read(table, [task], columns), person)
        for task in data_files(table)
    }


def _texts(table: Table) -> list[str]:
    return [each.name for each in table.schema().fields if isinstance(each.field_type, StringType)]


def _holds(rows: pa.Table, person: Person) -> bool:
    return any(pc.any(_is_concerned(rows[name], name, person)).as_py() for name in rows.column_names)


def _is_concerned(column: pa.ChunkedArray, name: str, person: Person) -> pa.ChunkedArray:
    """Whether each value is the user's id, or may mention it. Missing ones are not."""
    if person.is_user_column(name):
        return pc.fill_null(pc.equal(column, person.user_id), False)
    found = pc.match_substring(column, person.spellings[0])
    for spelled in person.spellings[1:]:
        found = pc.or_(found, pc.match_substring(column, spelled))
    return pc.fill_null(found, False)


def _erase_from(
    transaction: LakeTransaction, name: tuple[str, ...], person: Person, known: dict[str, bool]
) -> tuple[int, int]:
    """Erases the user from a table, and all its snapshots but the newest; rows that were deleted, and masked."""
    table = transaction.table(name)
    if table is None:
        return 0, 0
    looked = _looked_through(table, person, known)
    concerned = [task for task in data_files(table) if looked.get(task.file.file_path)]
    counts = [0, 0]
    gone: list[str] = []

    def without(task: FileScanTask) -> pa.Table:
        rows = read(table, [task])
        kept, of_user = _without_rows(rows, person)
        masked, changed = _masked(kept, person)
        counts[0] += of_user.num_rows
        counts[1] += changed
        if name == EVENTS:
            gone.extend(of_user["event_id"].to_pylist())
        return masked

    if concerned:
        replace(table, (([task], without(task)) for task in concerned), {})
        execute(transaction.connection, forget_ids(gone))
    old = [each.snapshot_id for each in table.snapshots() if each != table.current_snapshot()]
    if old:
        table.maintenance.expire_snapshots().by_ids(old).commit()
    return counts[0], counts[1]


def _without_rows(rows: pa.Table, person: Person) -> tuple[pa.Table, pa.Table]:
    """The rows that are about others, and the user's."""
    is_users = pa.chunked_array([pa.array([False] * rows.num_rows)])
    for name in rows.column_names:
        if person.is_user_column(name) and pa.types.is_string(rows.schema.field(name).type):
            is_users = pc.or_(is_users, _is_concerned(rows[name], name, person))
    return rows.filter(pc.invert(is_users)), rows.filter(is_users)


def _masked(rows: pa.Table, person: Person) -> tuple[pa.Table, int]:
    """The same rows with mentions masked, and how many differ."""
    changed = [False] * rows.num_rows
    for place, name in enumerate(rows.column_names):
        kind = rows.schema.field(name).type
        if person.is_user_column(name) or not pa.types.is_string(kind):
            continue
        may_mention = _is_concerned(rows[name], name, person)
        if not pc.any(may_mention).as_py():
            continue
        texts = rows[name].to_pylist()
        masked = [
            person.mask(text) if is_likely else text
            for text, is_likely in zip(texts, may_mention.to_pylist(), strict=True)
        ]
        changed = [was or one != other for was, one, other in zip(changed, texts, masked, strict=True)]
        rows = rows.set_column(place, rows.schema.field(name), pa.array(masked, kind))
    return rows, sum(changed)
