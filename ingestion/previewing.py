"""The first rows of a file for a person to look at: its columns, a proposal for reading it, and the events they become.

Belongs here: looking. Does not: proposing a profile (`guessing`), or counting the whole file (`rehearsing`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from core.errors import UserError
from data_contracts.contract import Contract
from data_contracts.errors import ConventionError
from ingestion.batches import FILLED, Batch
from ingestion.chunks import Chunk, Wanted
from ingestion.guessing import guess
from ingestion.importing import prepared
from ingestion.mapping import demand_columns, demand_known_columns, map_columns, names_of, wanted_columns
from ingestion.normalizing import find_reading
from ingestion.profile import Profile
from ingestion.readers import read_chunks

ROWS = 1_000
"""So many of a file's first rows are looked at."""
_SAMPLES = 3
_SAMPLE_CHARACTERS = 80
_SHOWN = 20
_MOST_COLUMNS = 200
_COLUMNS = ("user_id", "event_type", "occurred_at", "order_id", "item_id", "amount", "currency", "quantity", "source")


@dataclass(frozen=True, slots=True)
class FileColumn:
    """A column of a file, or a name in its documents, and some of its values as text."""

    name: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that would be refused: its number (the first is 1), why, and the row as JSON."""

    number: int
    reason: str
    row: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What the first rows of a file become. `problem` says why they cannot be read by `profile`, if so."""

    profile: Profile
    columns: tuple[FileColumn, ...]
    rows: int
    events: tuple[Mapping[str, str | None], ...] = ()
    refused: tuple[RefusedRow, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problem: str | None = None


def preview(path: Path, contract: Contract, profile: Profile | None) -> Preview:
    """What the first rows of a file become by `profile`, or by one that is proposed.

    Raises FileRefusedError for a file that cannot be read at all.
    """
    given = profile or Profile()
    first = next(read_chunks(path, Wanted((), (), given.encoding, given.records), ROWS))
    columns = _columns(path, first, given)
    problem = None
    if profile is None:
        try:
            given = guess(path, contract).profile
        except UserError as error:
            problem = str(error)
    try:
        demand_known_columns(contract, given)
        chunk = next(read_chunks(path, wanted_columns(contract, given), ROWS))
        demand_columns(path, chunk, contract, given.columns, FILLED, given.optional)
        reading = find_reading(contract, map_columns(chunk, contract, given.columns), given)
    except (UserError, ConventionError) as error:
        return Preview(given, columns, first.height, problem=problem or str(error))
    (batch,) = prepared(iter([chunk]), contract, reading, "import")
    return Preview(
        given,
        columns,
        chunk.height,
        _events(batch),
        _refused(batch),
        dict(batch.quarantine.get_column("reason").value_counts(sort=True).iter_rows()),
        reading.notes,
    )


def _columns(path: Path, chunk: Chunk, profile: Profile) -> tuple[FileColumn, ...]:
    names = names_of(chunk)[:_MOST_COLUMNS]
    rows = chunk.rows
    if chunk.documents is not None:
        rows = next(read_chunks(path, Wanted(tuple(names), (), profile.encoding, profile.records), ROWS)).rows
    return tuple(FileColumn(name, _samples(rows.get_column(name))) for name in names)


def _samples(values: pl.Series) -> tuple[str, ...]:
    """Some different values of a column, the first ones; never an empty one."""
    found: dict[str, None] = {}
    for each in values.head(100).to_list():
        text = "" if each is None else str(each).strip()[:_SAMPLE_CHARACTERS]
        if text:
            found[text] = None
        if len(found) == _SAMPLES:
            break
    return tuple(found)


def _events(batch: Batch) -> tuple[Mapping[str, str | None], ...]:
    rows = batch.events.sort("row_number").head(_SHOWN).select("row_number", *_COLUMNS)
    return tuple(
        {name: None if value is None else _text(value) for name, value in row.items()}
        for row in rows.iter_rows(named=True)
    )


def _text(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _refused(batch: Batch) -> tuple[RefusedRow, ...]:
    rows = batch.quarantine.sort("row_number").head(_SHOWN).select("row_number", "reason", "row")
    return tuple(RefusedRow(*row) for row in rows.iter_rows())
