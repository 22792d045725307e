"""What an import of a file would do, counted without storing anything.

Belongs here: the rehearsal. Does not: the import (`importing`), or the first rows for a person to look at
(`previewing`).

Rows are read, judged, converted and compared with what is stored exactly as an import does it. An id that a file has
twice, far apart, counts as known, though the import would find out whether both rows say the same.
"""

from collections.abc import Callable
from pathlib import Path

from data_contracts.contract import read_contract
from ingestion import event_ids, event_writer
from ingestion.batches import PackedBatch, packed
from ingestion.chunks import CHUNK_ROWS
from ingestion.importing import look, prepared
from ingestion.mapping import demand_known_columns, wanted_columns
from ingestion.profile import Profile
from ingestion.readers import read_chunks
from ingestion.reexports import demand_new
from ingestion.results import ImportResult, Progress, added, noted
from ingestion.waiting import known_exchange
from warehouse import arriving_events, events
from warehouse.database import Connection, execute
from warehouse.quarantine import held_among


def rehearse(
    url: str,
    file: Path,
    *,
    profile: Profile,
    source: str = "import",
    even_if_known: bool = False,
    progress: Callable[[Progress], None] | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> ImportResult:
    """Counts what `import_files` would do with a file now. Raises what it raises."""
    contract = read_contract()
    demand_known_columns(contract, profile)
    sample, reading = look(file, contract, profile)
    with event_writer.connected(url) as connection:
        if not even_if_known:
            (batch,) = prepared(iter([sample]), contract, reading, source)
            demand_new(connection, file, batch.events)
        archived = frozenset(execute(connection, events.archived_months()))
        seen = event_ids.Places()
        result = ImportResult(file, notes=reading.notes)
        chunks = read_chunks(file, wanted_columns(contract, profile), chunk_rows)
        for each in packed(prepared(chunks, contract, reading, source), known_exchange(connection)):
            if months := archived & {f"{month:%Y-%m}" for month in each.events.months}:
                raise event_writer.is_archived(min(months))
            result = added(result, _counted(connection, each, seen), each)
            if progress:
                progress(Progress(each.batch.chunk.fraction, result))
    return noted(result, reading.conventions.time_zone)


def _counted(connection: Connection, each: PackedBatch, seen: event_ids.Places) -> event_writer.Stored:
    """What would become of a batch after those whose ids were `seen`."""
    with connection.transaction():
        good, bad, erased = event_writer.without_erased(connection, each.events, each.quarantine)
        event_writer.copy_rows(connection, event_writer.empty_table(connection), good)
        compared = execute(connection, arriving_events.compare_table())
        held = execute(connection, held_among(bad.rows.get_column("quarantine_id").to_list()))
    # Two ids with the same hash cost one count.
    before = seen.take(good.rows.get_column("event_id").hash().to_numpy())
    stored = int((before[compared.places] == 0).sum())
    conflicting = len(compared.conflicts)
    return event_writer.Stored(
        stored,
        good.height - stored - conflicting,
        bad.height + conflicting,
        held,
        conflicting,
        erased,
    )
