"""Importing files of events, from the first look to the counts.

Belongs here: the order of things. Does not: any one of them (`readers`, `mapping`, `event_ids`, `event_writer`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from data_contracts.contract import Contract, read_contract
from data_contracts.rules import REASON, validate
from ingestion import event_ids, event_writer
from ingestion.chunks import CHUNK_ROWS, Chunk, storable
from ingestion.conflicts import Conflict, Connection
from ingestion.errors import OnlyBadRowsError
from ingestion.mapping import (
    demand_columns,
    demand_known_columns,
    demand_known_source,
    map_columns,
    wanted_columns,
)
from ingestion.readers import read_chunks

# What the import fills in when a file does not say.
FILLED = ("event_id", "received_at", "source")
# How much of each file is looked at before anything is stored.
_LOOK_ROWS = 50_000
_ROW = "row_number"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of a file's rows: read = stored + known + quarantined + erased.

    `quarantined_known` of the quarantined ones were in quarantine already. `conflicting` of them keep the contract, but
    have the id of another event. Those of erased users are left out.
    """

    file: Path
    read: int = 0
    stored: int = 0
    known: int = 0
    quarantined: int = 0
    quarantined_known: int = 0
    conflicting: int = 0
    erased: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: `fraction` of `result.file` (0 to 1; None if nobody knows) is stored."""

    fraction: float | None
    result: ImportResult


@dataclass(frozen=True, slots=True)
class Batch:
    """A chunk, sorted out: events as the table has them, and bad rows as the quarantine has them.

    `own_ids` are those of the ids that senders gave; `is_repeating`: the file has one of them twice, up to here.
    """

    chunk: Chunk
    events: pl.DataFrame
    quarantine: pl.DataFrame
    own_ids: pl.Series
    is_repeating: bool

    def conflicting(self, events: pl.DataFrame, conflicts: Sequence[Conflict]) -> event_writer.Packed:
        """Those of `events` that have the id of another, for the quarantine. Equal ones are one: they are one event."""
        numbers = events.get_column(_ROW).gather([each.place for each in conflicts])
        where = self.chunk.numbers.search_sorted(numbers).to_list()
        reasons = [f"event_id is taken by an event with another {each.columns}" for each in conflicts]
        return event_writer.pack_quarantine(_refused(numbers.to_list(), reasons, self.chunk.whole(where), None))


@dataclass(frozen=True, slots=True)
class _PackedBatch:
    events: event_writer.Packed
    quarantine: event_writer.Packed
    batch: Batch


def import_files(
    url: str,
    files: Sequence[Path],
    *,
    mapping: Mapping[str, str] | None = None,
    source: str = "import",
    contract: Contract | None = None,
    progress: Callable[[Progress], None] | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> list[ImportResult]:
    """Brings files into `raw.events` of the warehouse at `url`; rows that break the contract go to quarantine.

    `mapping` says which file column, or way into its JSON, an event column comes from. `source` is for events that
    do not name theirs. Every file is looked at before the first row is stored; a batch of `chunk_rows` rows is stored
    whole or not at all. Importing again changes nothing. Raises FileRefusedError, MappingRefusedError, FileBrokenError,
    ImportStoppedError, DatabaseError.
    """
    agreed = contract or read_contract()
    mapped = dict(mapping or {})
    demand_known_columns(agreed, mapped)
    demand_known_source(agreed, source)
    wanted = wanted_columns(agreed, mapped)
    for file in files:
        first = next(read_chunks(file, wanted, _LOOK_ROWS))
        demand_columns(file, first, agreed, mapped, FILLED)
    with event_writer.connected(url) as connection:
        results = [
            _import(
                connection,
                file,
                prepare(read_chunks(file, wanted, chunk_rows), agreed, mapped, source=source),
                progress,
            )
            for file in files
        ]
        event_writer.analyze_after(connection, sum(result.stored for result in results))
    return results


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
        batches = prepare(_chunks(frames), read_contract(), {}, source=source)
        result = _import(connection, Path(name), batches, progress)
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
    progress: Callable[[Progress], None] | None,
) -> ImportResult:
    import_id = event_writer.begin_import(connection, file)
    result, is_new = ImportResult(file), True
    for packed in _ahead(_packed(batches)):
        done = event_writer.store_batch(
            connection, import_id, packed.events, packed.quarantine, packed.batch.conflicting, is_new=is_new
        )
        # A file with one known event is likely to have more.
        is_new = is_new and done.known == 0 and done.conflicting == 0
        result = _added(result, done)
        if progress:
            progress(Progress(packed.batch.chunk.fraction, result))
    event_writer.finish_import(connection, import_id)
    return result


def demand_good_rows(results: Iterable[ImportResult]) -> None:
    """Raises OnlyBadRowsError for the first file of which every row broke the contract."""
    for result in results:
        if result.read and result.quarantined - result.conflicting == result.read:
            raise OnlyBadRowsError(
                f"Not one of the {result.read:,} rows of {result.file} is an event; all are in raw.events_quarantine"
                " with the reason, so compare its columns with the contract or use --map"
            )


def prepare(
    chunks: Iterable[Chunk],
    contract: Contract,
    mapping: Mapping[str, str],
    *,
    source: str,
    now: datetime | None = None,
) -> Iterator[Batch]:
    """Turns the chunks of one file, in order, into batches. `now` is for rules about the future."""
    moment = now or datetime.now(UTC)
    # What the import fills in is no part of a row's identity, so it is missing until the identity is made.
    incomplete = contract.optional(*FILLED)
    event_places, quarantine_places, own_places = event_ids.Places(), event_ids.Places(), event_ids.Places()
    for chunk in chunks:
        rows = map_columns(chunk, contract, mapping).with_columns(chunk.numbers.alias(_ROW))
        validated = validate(incomplete, rows, now=moment)
        events = validated.good.with_columns(
            event_ids.identify(validated.good, event_places),
            pl.coalesce("received_at", "occurred_at").alias("received_at"),
            pl.col("source").fill_null(source),
        )
        own_ids = validated.good.get_column("event_id").drop_nulls()
        # Two ids with the same hash cost a comparison and nothing else.
        is_repeating = bool(own_places.take(own_ids.hash().to_numpy()).any())
        yield Batch(chunk, events, _quarantine(chunk, validated.bad, quarantine_places), own_ids, is_repeating)


def _quarantine(chunk: Chunk, bad: pl.DataFrame, places: event_ids.Places) -> pl.DataFrame:
    numbers = bad.get_column(_ROW).to_list()
    broken = chunk.malformed
    where = chunk.numbers.search_sorted(bad.get_column(_ROW)).to_list()
    return _refused(
        [*numbers, *(each.number for each in broken)],
        [*bad.get_column(REASON).to_list(), *(each.reason for each in broken)],
        [*chunk.whole(where), *(storable({"text": each.text}) for each in broken)],
        places,
    )


def _refused(numbers: list[int], reasons: list[str], rows: list[str], places: event_ids.Places | None) -> pl.DataFrame:
    schema = {"row_number": pl.Int64, "reason": pl.String, "row": pl.String}
    frame = pl.DataFrame({"row_number": numbers, "reason": reasons, "row": rows}, schema=schema).sort("row_number")
    ids = event_ids.row_ids(event_ids.QUARANTINE, frame.get_column("row"), places)
    return frame.with_columns(ids.alias("quarantine_id"))


def _added(result: ImportResult, batch: event_writer.Stored) -> ImportResult:
    return ImportResult(
        result.file,
        result.read + batch.stored + batch.known + batch.quarantined + batch.erased,
        result.stored + batch.stored,
        result.known + batch.known,
        result.quarantined + batch.quarantined,
        result.quarantined_known + batch.quarantined_known,
        result.conflicting + batch.conflicting,
        result.erased + batch.erased,
    )


def _packed(batches: Iterable[Batch]) -> Iterator[_PackedBatch]:
    for batch in batches:
        events = event_writer.pack_events(batch.events, batch.own_ids, is_repeating=batch.is_repeating)
        yield _PackedBatch(events, event_writer.pack_quarantine(batch.quarantine), batch)


def _ahead(batches: Iterator[_PackedBatch]) -> Iterator[_PackedBatch]:
    """The same batches, the next one made on another thread while this one is being stored."""
    with ThreadPoolExecutor(1, thread_name_prefix="prepare") as executor:
        coming = executor.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = executor.submit(next, batches, None)
            yield batch
