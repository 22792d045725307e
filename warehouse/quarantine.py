"""Rows in quarantine: why they are held, which they are, and what became of those that were repaired.

Belongs here: SQL that reads `raw.events_quarantine` and notes repairs in it. Does not belong here: what brings rows in
(`arriving_events`), rows that wait for a rate and get it (`waiting_events`), or repairing (`ingestion.repairing`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from warehouse.database import Statement, command, first_row, rows, value

FIRST = UUID(int=0)
"""No row has an id before it."""

_ROWS = sql.SQL(
    "select quarantine_id, import_id, file_name, row_number, reason, waits_for, row, quarantined_at, repaired_at,"
    " repaired_by, repair, event_id, reading"
    " from raw.events_quarantine left join raw.imports using (import_id) where {}"
)


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row, whole, as it came; `reading` says how its file was read, None for what came in no file.

    One that was repaired has `repaired_at`, `repaired_by`, what was changed, and the event that it became.
    """

    quarantine_id: UUID
    import_id: int | None
    file_name: str | None
    row_number: int
    reason: str
    waits_for: str | None
    row: Any
    quarantined_at: datetime
    repaired_at: datetime | None
    repaired_by: str | None
    repair: dict[str, Any] | None
    event_id: UUID | None
    reading: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows that are held: of one reason, of one currency that they wait for, of one import, or one row.

    What is None selects nothing away. Of one row all that equal it are selected, since they have the same fault.
    """

    reason: str | None = None
    waits_for: str | None = None
    import_id: int | None = None
    quarantine_id: UUID | None = None

    def bound(self) -> dict[str, object]:
        """What SELECTED binds."""
        return {
            "reason": self.reason,
            "waits_for": self.waits_for,
            "import_id": self.import_id,
            "quarantine_id": self.quarantine_id,
        }


# Whether two rows are equal is asked of the import alone in which the row is.
_SELECTED: LiteralString = """
repaired_at is null
    and (%(reason)s::text is null or reason = %(reason)s and waits_for is null)
    and (%(waits_for)s::text is null or waits_for = %(waits_for)s)
    and (%(import_id)s::bigint is null or import_id = %(import_id)s)
    and (
        %(quarantine_id)s::uuid is null or quarantine_id = %(quarantine_id)s
        or (row, coalesce(import_id, 0)) = (
            select chosen.row, coalesce(chosen.import_id, 0) from raw.events_quarantine as chosen
            where chosen.quarantine_id = %(quarantine_id)s
        )
    )
"""


def rows_held(selection: Selection, after: UUID, limit: int) -> Statement[list[QuarantinedRow]]:
    """A page of selected rows, in the order of their ids."""
    return rows(
        QuarantinedRow,
        _ROWS.format(sql.SQL(_SELECTED + " and quarantine_id > %(after)s order by quarantine_id limit %(limit)s")),
        **selection.bound(),
        after=after,
        limit=limit,
    )


def rows_by_import(selection: Selection, limit: int) -> Statement[list[QuarantinedRow]]:
    """Selected rows in the order of their imports, so that those that are read alike come together; locked."""
    return rows(
        QuarantinedRow,
        _ROWS.format(
            sql.SQL(
                _SELECTED
                + " order by coalesce(import_id, 0), waits_for is not null, row_number, quarantine_id limit %(limit)s"
                " for update of events_quarantine"
            )
        ),
        **selection.bound(),
        limit=limit,
    )


def count_held(selection: Selection) -> Statement[int]:
    """How many rows are selected."""
    return value(
        int,
        sql.SQL("select count(*) from raw.events_quarantine where {}").format(sql.SQL(_SELECTED)),
        **selection.bound(),
    )


def row_of(quarantine_id: UUID) -> Statement[QuarantinedRow | None]:
    """One row, whether it is held or was repaired."""
    return first_row(
        QuarantinedRow,
        _ROWS.format(sql.SQL("quarantine_id = %(quarantine_id)s")),
        quarantine_id=quarantine_id,
    )


def repaired_rows(limit: int) -> Statement[list[QuarantinedRow]]:
    """The rows that were repaired last."""
    return rows(
        QuarantinedRow,
        _ROWS.format(sql.SQL("repaired_at is not null order by repaired_at desc, quarantine_id limit %(limit)s")),
        limit=limit,
    )


def held_among(ids: Sequence[str]) -> Statement[int]:
    """How many of these rows are in quarantine already."""
    return value(
        int, "select count(*) from raw.events_quarantine where quarantine_id = any(%(ids)s::uuid[])", ids=[*ids]
    )


def note_repaired(
    ids: Sequence[UUID], event_ids: Sequence[str], said_by: str, repair: Mapping[str, Any]
) -> Statement[int]:
    """Rows have become events; they stay as they came, beside what was changed."""
    return command(
        "update raw.events_quarantine set repaired_at = now(), repaired_by = %(said_by)s, repair = %(repair)s,"
        " event_id = done.event_id, waits_for = null"
        " from unnest(%(ids)s::uuid[], %(event_ids)s::uuid[]) as done (id, event_id) where quarantine_id = done.id",
        ids=[*ids],
        event_ids=[*event_ids],
        said_by=said_by,
        repair=Jsonb(dict(repair)),
    )


def note_reasons(ids: Sequence[UUID], reasons: Sequence[str]) -> Statement[int]:
    """Rows are still held, for these reasons."""
    return command(
        "update raw.events_quarantine set reason = found.reason, waits_for = null"
        " from unnest(%(ids)s::uuid[], %(reasons)s::text[]) as found (id, reason) where quarantine_id = found.id",
        ids=[*ids],
        reasons=[*reasons],
    )


def note_waiting(
    ids: Sequence[UUID], events: Sequence[str], reasons: Sequence[str], currencies: Sequence[str]
) -> Statement[int]:
    """Rows wait for a rate from now on, as the events that they will be."""
    return command(
        "update raw.events_quarantine set row = found.event, reason = found.reason, waits_for = found.currency"
        " from unnest(%(ids)s::uuid[], %(events)s::jsonb[], %(reasons)s::text[], %(currencies)s::text[])"
        " as found (id, event, reason, currency) where quarantine_id = found.id",
        ids=[*ids],
        events=[*events],
        reasons=[*reasons],
        currencies=[*currencies],
    )


def forget_rows(ids: Sequence[UUID]) -> Statement[int]:
    """Deletes rows that turn out to be about users who were erased."""
    return command("delete from raw.events_quarantine where quarantine_id = any(%(ids)s::uuid[])", ids=[*ids])
