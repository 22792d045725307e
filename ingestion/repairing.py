"""Rows in quarantine that are tried again, as they are or with something changed, and become events where they can.

Belongs here: reading such rows as their file was read, with a change, and what becomes of them. Does not: SQL
(`warehouse.quarantine`), or what a good event is (`data_contracts`).

A row gets the identity and the `received_at` that it would have had, had its file been right. So the repaired file,
imported later, brings nothing twice. An event that came in no file is received when it is stored: no snapshot before
can have known it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import TypeVar
from uuid import UUID

import polars as pl

from data_contracts.contract import Contract, read_contract
from ingestion import event_writer
from ingestion.accepting import Outcome, Status, reason_of, storing
from ingestion.batches import Batch, prepare
from ingestion.chunks import Chunk, Wanted
from ingestion.exchange import Exchange, convert, with_base
from ingestion.json_rows import chunk_of
from ingestion.mapping import map_columns, wanted_columns
from ingestion.normalizing import Reading, said_of_clocks
from ingestion.profile import LEFT_OUT, is_column
from ingestion.quarantine import waiting
from ingestion.recorded_reading import from_json
from ingestion.waiting import known_exchange
from warehouse import quarantine
from warehouse.arriving_events import BASE_AMOUNT, EVENT_COLUMNS
from warehouse.database import Connection, execute, execute_steps
from warehouse.quarantine import QuarantinedRow, Selection

FIELDS = ("event_id", "user_id", "event_type", "occurred_at", "order_id", "item_id", "amount", "currency", "quantity")
"""What a repair can fill in."""
MOST_ROWS = 20_000
"""So many rows are tried at a time, since all of them are one transaction."""
COUNTS = ("tried", "stored", "known", "waiting", "held", "erased")
_AT_ONCE = 1_000
_NUMBER = "row_number"
_DONE = frozenset({Status.STORED, Status.KNOWN})


@dataclass(frozen=True, slots=True)
class Change:
    """What is changed in rows before they are tried again.

    `fields` are values of event columns, empty for none; `columns` and `values` are as in a `Profile`: which column of
    the file an event column is, and what its words mean.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of rows: tried = stored + known + waiting + held + erased. `reasons` count those that are `held`."""

    tried: int = 0
    stored: int = 0
    known: int = 0
    waiting: int = 0
    held: int = 0
    erased: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)


def repair(connection: Connection, selection: Selection, change: Change, said_by: str) -> Repaired:
    """Tries the selected rows again, in the caller's transaction: at most MOST_ROWS, of one import after the other."""
    contract, exchange, result = read_contract(), known_exchange(connection), Repaired()
    found = execute(connection, quarantine.rows_by_import(selection, MOST_ROWS))
    now = datetime.now(UTC)
    for _, together in groupby(found, key=lambda row: (row.import_id, row.waits_for is not None)):
        rows = list(together)
        reading = changed_reading(rows[0], change, now)
        chunk = _chunk(rows, contract, reading, change)
        agreed = said_of_clocks(contract, reading.conventions)
        (batch,) = prepare([chunk], agreed, reading, source="import", now=now)
        exchange = _settled(connection, exchange, batch.events)
        result = _added(result, _tried(connection, rows, batch, exchange, _Said(said_by, change)))
    return result


def as_event(row: QuarantinedRow) -> dict[str, str | None]:
    """What a row says in each column of an event, as text, read as its file was read."""
    reading = reading_of(row)
    contract = read_contract()
    rows = map_columns(_chunk([row], contract, reading, Change()), contract, reading.profile.columns)
    said = rows.to_dicts()[0] if rows.height else {}
    return {name: None if said.get(name) is None else str(said[name]) for name in FIELDS}


def reading_of(row: QuarantinedRow) -> Reading:
    """How a row is read: as its file was; as an event where nobody knows, or where it waits for a rate."""
    if row.reading is None or row.waits_for is not None:
        return Reading()
    return from_json(row.reading)


def changed_reading(row: QuarantinedRow, change: Change, now: datetime) -> Reading:
    """How a row is read with a change. What is filled in is written as programs write it, whatever the file does."""
    reading = reading_of(row)
    profile, conventions, given = reading.profile, reading.conventions, set(change.fields)
    filled = {name: f"'{value}'" if value else LEFT_OUT for name, value in change.fields.items()}
    if row.import_id is None:
        filled["received_at"] = f"'{now.isoformat()}'"
    words = {name: {**profile.values.get(name, {}), **more} for name, more in change.values.items()}
    return replace(
        reading,
        profile=replace(
            profile,
            columns={**profile.columns, **change.columns, **filled},
            values={**profile.values, **words},
            is_minor=profile.is_minor and "amount" not in given,
        ),
        conventions=replace(
            conventions,
            time_units=_without(conventions.time_units, given),
            date_orders=_without(conventions.date_orders, given),
            decimals=_without(conventions.decimals, given),
            whole_ids=conventions.whole_ids - given,
        ),
        cents=None if "amount" in given else reading.cents,
    )


T = TypeVar("T")


def _without(by_column: Mapping[str, T], columns: set[str]) -> dict[str, T]:
    return {name: value for name, value in by_column.items() if name not in columns}


def _chunk(rows: Sequence[QuarantinedRow], contract: Contract, reading: Reading, change: Change) -> Chunk:
    """The rows as a piece of a file. A column whose value is filled in counts as corrected, and not as a property."""
    wanted = wanted_columns(contract, reading.profile)
    before = reading_of(rows[0]).profile
    corrected = {before.columns.get(name, name) for name in change.fields} - {*wanted.taken, *wanted.looked_into}
    lines = [json.dumps(row.row, ensure_ascii=False).encode() for row in rows]
    taken = (*wanted.taken, *(name for name in sorted(corrected) if is_column(name)))
    return chunk_of(lines, 0, Wanted(taken, wanted.looked_into), None)


@dataclass(frozen=True, slots=True)
class _Said:
    by: str
    change: Change


def _settled(connection: Connection, exchange: Exchange, events: pl.DataFrame) -> Exchange:
    found = with_base(exchange, events)
    if found.base is not None and exchange.base is None:
        event_writer.settle(connection, found.base)
    return found


def _tried(
    connection: Connection, rows: Sequence[QuarantinedRow], batch: Batch, exchange: Exchange, said: _Said
) -> Repaired:
    """Stores what keeps the contract now and notes what became of each row; rows are numbered from 1."""
    converted = convert(batch.events, exchange)
    reasons = dict(batch.quarantine.select(_NUMBER, "reason").iter_rows())
    outcomes = _outcomes(connection, converted.events)
    done = {number: event_id for number, (outcome, event_id) in outcomes.items() if outcome.status in _DONE}
    erased = [number for number, (outcome, _) in outcomes.items() if outcome.status is Status.ERASED]
    reasons |= {
        number: reason_of(outcome)
        for number, (outcome, _) in outcomes.items()
        if outcome.status in (Status.CONFLICTING, Status.REFUSED)
    }
    # In quarantine, waiting rows are ordered by their numbers.
    waits = waiting(converted.waiting, converted.waiting.get_column(_NUMBER).to_list())

    def ids(numbers: Iterable[int]) -> list[UUID]:
        return [rows[number - 1].quarantine_id for number in numbers]

    execute(connection, quarantine.note_repaired(ids(done), [*done.values()], said.by, asdict(said.change)))
    execute(connection, quarantine.note_reasons(ids(reasons), [*reasons.values()]))
    execute(connection, quarantine.forget_rows(ids(erased)))
    texts = [waits.get_column(name).to_list() for name in ("row", "reason", "waits_for")]
    execute(connection, quarantine.note_waiting(ids(waits.get_column(_NUMBER)), *texts))
    stored = sum(outcome.status is Status.STORED for outcome, _ in outcomes.values())
    return Repaired(
        len(rows), stored, len(done) - stored, waits.height, len(reasons), len(erased), Counter(reasons.values())
    )


def _outcomes(connection: Connection, events: pl.DataFrame) -> dict[int, tuple[Outcome, str]]:
    """What became of each event, and its id, by the number of its row."""
    columns = [*EVENT_COLUMNS, *(name for name in (BASE_AMOUNT,) if name in events.columns)]
    found: dict[int, tuple[Outcome, str]] = {}
    for piece in events.iter_slices(_AT_ONCE):
        numbers, good = piece.get_column(_NUMBER).to_list(), piece.select(columns).to_dicts()
        outcomes = execute_steps(connection, storing(dict(enumerate(good))))
        found |= {number: (outcomes[place], str(good[place]["event_id"])) for place, number in enumerate(numbers)}
    return found


def _added(one: Repaired, other: Repaired) -> Repaired:
    counts = {name: getattr(one, name) + getattr(other, name) for name in COUNTS}
    return Repaired(**counts, reasons=Counter(one.reasons) + Counter(other.reasons))
