"""What is decided about rows that are held back: how they are shown, and what is asked of the worker."""

import asyncio
from uuid import UUID

from pydantic import TypeAdapter

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.recording import entry
from backend.database import DatabasePool
from backend.errors import NotFound
from backend.imports import service as imports
from backend.imports.schemas import DataJob
from backend.paging import cursor_of, place_of
from backend.quarantine import store
from backend.quarantine.schemas import (
    HeldReasons,
    HeldRow,
    HeldRows,
    QuarantineQuery,
    RepairedRows,
    RepairRequest,
)
from backend.resources import Resources
from core.problems import FieldError
from ingestion.repairing import as_event
from warehouse import quarantine, uploads
from warehouse.database import execute_async
from warehouse.quarantine import FIRST, QuarantinedRow, Selection

_PLACE: TypeAdapter[UUID] = TypeAdapter(UUID)
_REPAIRED = 100


async def reasons(database: DatabasePool) -> HeldReasons:
    """Why rows are held back."""
    return HeldReasons(
        rows=await database.run(quarantine.count_held(Selection())), reasons=await database.run(store.reasons())
    )


async def page(database: DatabasePool, query: QuarantineQuery) -> HeldRows:
    """A page of rows that are held back. Raises Invalid for a cursor of something else."""
    after = FIRST if query.cursor is None else place_of(query.cursor, _PLACE)
    chosen = Selection(query.reason, query.waits_for, query.import_id)
    found = await database.run(quarantine.rows_held(chosen, after, query.limit + 1))
    shown = await asyncio.to_thread(_shown, found[: query.limit])
    is_last = len(found) <= query.limit
    return HeldRows(rows=shown, next_cursor=None if is_last else cursor_of(str(shown[-1].quarantine_id)))


async def repaired(database: DatabasePool) -> RepairedRows:
    """The rows that were repaired last."""
    found = await database.run(quarantine.repaired_rows(_REPAIRED))
    return RepairedRows(rows=await asyncio.to_thread(_shown, found))


async def row(database: DatabasePool, quarantine_id: UUID) -> HeldRow:
    """One row, whether it is held or was repaired. Raises NotFound."""
    return (await asyncio.to_thread(_shown, [await _found(database, quarantine_id)]))[0]


async def ask(resources: Resources, principal: Principal, origin: Origin, wanted: RepairRequest) -> DataJob:
    """Has the worker try rows again. Raises NotFound where none is held that is meant."""
    chosen = Selection(wanted.reason, wanted.waits_for, wanted.import_id, wanted.quarantine_id)
    if wanted.quarantine_id is not None:
        await _found(resources.database, wanted.quarantine_id)
    count = await resources.database.run(quarantine.count_held(chosen))
    if count == 0:
        raise NotFound("No such row is held back any more.", [FieldError("reason", "holds no row back")])
    told = {
        "selection": {name: None if value is None else str(value) for name, value in chosen.bound().items()},
        "change": wanted.change.model_dump(),
    }
    # The audit log names the columns that are filled in, and never the values: they are about a user.
    noted = told | {"change": told["change"] | {"fields": sorted(wanted.change.fields)}, "rows": count}
    async with resources.database.transaction() as connection:
        job_id = await execute_async(connection, uploads.ask_for_data("repair", None, told, principal.name))
        assert job_id is not None  # noqa: S101 (only a file can be in use)
        await execute_async(connection, entry(principal, origin, "quarantine:repair", f"job:{job_id}", after=noted))
    return await imports.job(resources, job_id)


async def _found(database: DatabasePool, quarantine_id: UUID) -> QuarantinedRow:
    found = await database.run(quarantine.row_of(quarantine_id))
    if found is None:
        raise NotFound("There is no such row.", [FieldError("quarantine_id", "is not the id of a row")])
    return found


def _shown(found: list[QuarantinedRow]) -> list[HeldRow]:
    return [
        HeldRow(
            **{name: getattr(each, name) for name in HeldRow.model_fields if name != "event"},
            event=as_event(each),
        )
        for each in found
    ]
