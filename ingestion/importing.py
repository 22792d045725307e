"""Importing files of events, from the first look to the counts.

Belongs here: the order of things. Does not: any one of them (`readers`, `mapping`, `event_ids`, `event_writer`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import polars as pl

from data_contracts.contract import Contract, read_contract
from data_contracts.errors import ConventionError
from ingestion import event_writer
from ingestion.batches import FILLED, Batch, ahead, alias_events, packed, prepare
from ingestion.chunks import CHUNK_ROWS, Chunk
from ingestion.errors import MappingRefusedError
from ingestion.mapping import (
    demand_columns,
    demand_known_columns,
    demand_known_source,
    map_columns,
    wanted_columns,
)
from ingestion.normalizing import Reading, find_reading, said_of_clocks
from ingestion.profile import Profile
from ingestion.readers import read_chunks
from ingestion.recorded_reading import as_json
from ingestion.reexports import demand_new, sampled
from ingestion.results import ImportResult, Progress, added, noted
from ingestion.waiting import accept_new_rates, known_exchange
from warehouse.database import Connection, execute
from warehouse.user_aliases import joining_nothing

# How much of each file is looked at before anything is stored.
_LOOK_ROWS = 50_000


def import_files(
    url: str,
    files: Sequence[Path],
    *,
    profile: Profile | None = None,
    source: str = "import",
    contract: Contract | None = None,
    even_if_known: bool = False,
    upload_id: UUID | None = None,
    progress: Callable[[Progress], None] | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> list[ImportResult]:
    """Brings files into `raw.events` of the warehouse at `url`; rows that break the contract go to quarantine.

    `profile` says what the files do not say about themselves. `source` is for events that do not name theirs.
    `upload_id` is noted with the import of a file that came by upload. Every
    file is looked at before the first row is stored; a batch of `chunk_rows` rows is stored whole or not at all.
    Importing again changes nothing. Raises ReexportError for a file whose events are stored under other ids, unless
    `even_if_known`; FileRefusedError, MappingRefusedError, ConventionError, FileBrokenError, ImportStoppedError,
    DatabaseError.
    """
    agreed = contract or read_contract()
    given = profile or Profile()
    demand_known_columns(agreed, given)
    demand_known_source(agreed, source)
    wanted = wanted_columns(agreed, given)
    looks = [look(file, agreed, given) for file in files]
    with event_writer.connected(url) as connection:
        results = []
        for file, (sample, reading) in zip(files, looks, strict=True):
            if not even_if_known:
                (batch,) = prepared(iter([sample]), agreed, reading, source)
                demand_new(connection, file, batch.events)
            batches = prepared(read_chunks(file, wanted, chunk_rows), agreed, reading, source)
            results.append(_import(connection, file, batches, reading, progress, upload_id))
        event_writer.analyze_after(connection, sum(result.stored for result in results))
    return results


def look(file: Path, contract: Contract, profile: Profile) -> tuple[Chunk, Reading]:
    """Some of a file's first rows, and how to read it. Nothing is stored yet, so what is open is said before."""
    first = next(read_chunks(file, wanted_columns(contract, profile), _LOOK_ROWS))
    demand_columns(file, first, contract, profile.columns, FILLED, profile.optional)
    try:
        reading = find_reading(contract, map_columns(first, contract, profile.columns), profile)
    except (ConventionError, MappingRefusedError) as error:
        raise type(error)(f"{file}: {error}") from error
    return sampled(first), reading


def prepared(chunks: Iterator[Chunk], contract: Contract, reading: Reading, source: str) -> Iterator[Batch]:
    """The chunks of a file as batches, by the contract that also knows the clocks of the file's zone."""
    return prepare(chunks, said_of_clocks(contract, reading.conventions), reading, source=source)


def import_frames(
    url: str,
    frames: Iterable[pl.DataFrame],
    name: str,
    *,
    source: str = "import",
    progress: Callable[[Progress], None] | None = None,
) -> ImportResult:
    """Brings frames with the columns of the events contract in, just as if they were the file `name`."""
    with event_writer.connected(url) as connection:
        batches = prepare(_chunks(frames), read_contract(), Reading(), source=source)
        result = _import(connection, Path(name), batches, Reading(), progress)
        event_writer.analyze_after(connection, result.stored)
    return result


def _chunks(frames: Iterable[pl.DataFrame]) -> Iterator[Chunk]:
    given = 0
    for frame in frames:
        numbers = pl.int_range(given + 1, given + frame.height + 1, eager=True)
        yield Chunk(numbers, frame, fraction=None)
        given += frame.height


def _import(
    connection: Connection,
    file: Path,
    batches: Iterator[Batch],
    reading: Reading,
    progress: Callable[[Progress], None] | None,
    upload_id: UUID | None = None,
) -> ImportResult:
    import_id = event_writer.begin_import(connection, file, as_json(reading), upload_id)
    exchange = known_exchange(connection)
    result, is_new = ImportResult(file, notes=reading.notes), True
    for each in ahead(packed(batches, exchange)):
        done = event_writer.store_batch(
            connection,
            import_id,
            each.events,
            each.quarantine,
            each.batch.conflicting,
            is_new=is_new,
            base=each.base if exchange.base is None else None,
        )
        # A file with one known event is likely to have more.
        is_new = is_new and done.known == 0 and done.conflicting == 0
        result = added(result, done, each)
        if aliases := alias_events(each.batch.events):
            in_vain = execute(connection, joining_nothing(aliases))
            result = replace(result, joining_nothing=result.joining_nothing + in_vain)
        if progress:
            progress(Progress(each.batch.chunk.fraction, result))
    if result.waiting:
        accept_new_rates(connection, exchange)
    event_writer.finish_import(connection, import_id)
    return noted(result, reading.conventions.time_zone)
