"""Sorts the chunks of one file out: events as the table has them, and bad rows as the quarantine has them.

Belongs here: the way of a row from a chunk to a batch. Does not: files (`readers`), or the database (`event_writer`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from data_contracts.contract import Contract
from data_contracts.rules import REASON, validate
from data_contracts.times import repeated
from ingestion import event_ids
from ingestion.chunks import Chunk, storable
from ingestion.exchange import Exchange, convert, with_base
from ingestion.mapping import map_columns
from ingestion.normalizing import Reading, normalized, returns_as_refunds
from ingestion.packing import Packed, pack_events, pack_quarantine
from ingestion.quarantine import refused, waiting
from warehouse.arriving_events import Conflict, taken

# What the import fills in when a file does not say.
FILLED = ("event_id", "received_at", "source")
_ROW = "row_number"


@dataclass(frozen=True, slots=True)
class Batch:
    """A chunk, sorted out: events as the table has them, and bad rows as the quarantine has them.

    `own_ids` are those of the ids that senders gave; `is_repeating`: the file has one of them twice, up to here.
    `other_types`: how many events are of each type that the contract does not name. `repeated`: how many times are
    in an hour that the file's clocks showed twice. `has_users_again`: a user has two events in the file, up to here.
    """

    chunk: Chunk
    events: pl.DataFrame
    quarantine: pl.DataFrame
    own_ids: pl.Series
    is_repeating: bool
    other_types: Mapping[str, int] = field(default_factory=dict)
    repeated: int = 0
    has_users_again: bool = False

    def conflicting(self, events: pl.DataFrame, conflicts: Sequence[Conflict]) -> Packed:
        """Those of `events` that have the id of another, for the quarantine. Equal ones are one: they are one event."""
        numbers = events.get_column(_ROW).gather([each.place for each in conflicts])
        where = self.chunk.numbers.search_sorted(numbers).to_list()
        reasons = [taken(each.columns) for each in conflicts]
        return pack_quarantine(refused(numbers.to_list(), reasons, self.chunk.whole(where), None))


def alias_events(events: pl.DataFrame) -> list[str]:
    """The ids of the events of type alias."""
    return events.filter(pl.col("event_type") == "alias").get_column("event_id").to_list()


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """A batch in base currency, ready to be stored.

    `waiting` and `points` count, by currency, rows that wait for a rate and amounts that are no money. `base` is the
    base currency, None where no amount so far has a currency.
    """

    events: Packed
    quarantine: Packed
    batch: Batch
    waiting: Mapping[str, int]
    points: Mapping[str, int]
    base: str | None


def prepare(
    chunks: Iterable[Chunk],
    contract: Contract,
    reading: Reading,
    *,
    source: str,
    now: datetime | None = None,
) -> Iterator[Batch]:
    """Turns the chunks of one file, in order, into batches. `now` is for rules about the future."""
    moment = now or datetime.now(UTC)
    zone, known = reading.conventions.time_zone, [each.name for each in contract.event_types]
    # What the import fills in is no part of a row's identity, so it is missing until the identity is made.
    incomplete = event_ids.allowing_any_text(contract.optional(*FILLED))
    event_places, quarantine_places, own_places = event_ids.Places(), event_ids.Places(), event_ids.Places()
    users, has_users_again = event_ids.Places(), False
    for chunk in chunks:
        given = map_columns(chunk, contract, reading.profile.columns)
        rows = normalized(given, contract, reading).with_columns(chunk.numbers.alias(_ROW))
        validated = validate(incomplete, rows, now=moment, conventions=reading.conventions)
        sender = reading.profile.name
        good = validated.good.with_columns(event_ids.own_ids(validated.good.get_column("event_id"), sender))
        good = event_ids.keyed(good, reading.profile.key, sender)
        events = good.with_columns(
            event_ids.identify(good, event_places),
            pl.coalesce("received_at", "occurred_at").alias("received_at"),
            pl.col("source").fill_null(source),
        )
        # After the identity, so that a file of before is known again.
        events = returns_as_refunds(events)
        own_ids = good.get_column("event_id").drop_nulls()
        # Two ids with the same hash cost a comparison and nothing else.
        is_repeating = bool(own_places.take(own_ids.hash().to_numpy()).any())
        # In nearly every file the first chunk shows it.
        has_users_again = has_users_again or bool(users.take(events.get_column("user_id").hash().to_numpy()).any())
        yield Batch(
            chunk,
            events,
            _quarantine(chunk, validated.bad, quarantine_places),
            own_ids,
            is_repeating,
            _other_types(events, known),
            0 if zone == "UTC" else repeated(events.get_column("occurred_at"), zone),
            has_users_again,
        )


def _other_types(events: pl.DataFrame, known: Sequence[str]) -> dict[str, int]:
    counts = events.get_column("event_type").value_counts()
    return dict(counts.filter(~pl.col("event_type").is_in(known)).iter_rows())


def _quarantine(chunk: Chunk, bad: pl.DataFrame, places: event_ids.Places) -> pl.DataFrame:
    numbers = bad.get_column(_ROW).to_list()
    broken = chunk.malformed
    where = chunk.numbers.search_sorted(bad.get_column(_ROW)).to_list()
    return refused(
        [*numbers, *(each.number for each in broken)],
        [*bad.get_column(REASON).to_list(), *(each.reason for each in broken)],
        [*chunk.whole(where), *(storable({"text": each.text}) for each in broken)],
        places,
    )


def packed(batches: Iterable[Batch], exchange: Exchange) -> Iterator[PackedBatch]:
    """Each batch in base currency, with its text for COPY. The first amount in a currency settles the base currency."""
    for batch in batches:
        exchange = with_base(exchange, batch.events)
        converted = convert(batch.events, exchange)
        waits = waiting(converted.waiting, converted.waiting.get_column(_ROW).to_list())
        counts = converted.waiting.get_column("currency").value_counts()
        yield PackedBatch(
            pack_events(converted.events, batch.own_ids, is_repeating=batch.is_repeating),
            pack_quarantine(pl.concat([batch.quarantine, waits])),
            batch,
            dict(counts.iter_rows()),
            converted.points,
            exchange.base,
        )


def ahead(batches: Iterator[PackedBatch]) -> Iterator[PackedBatch]:
    """The same batches, the next one made on another thread while this one is being stored."""
    with ThreadPoolExecutor(1, thread_name_prefix="prepare") as executor:
        coming = executor.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = executor.submit(next, batches, None)
            yield batch
