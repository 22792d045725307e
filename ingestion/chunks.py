"""The piece of a file that is worked on at a time, the same whatever the format.

Belongs here: the shape of a chunk and how one of its rows is written down whole. Does not: reading (`readers`).
"""

import json
from dataclasses import dataclass

import polars as pl

# Enough rows to make vectorised work and COPY efficient, few enough that the two chunks in hand stay below 200 MB.
CHUNK_ROWS = 100_000
# Postgres cannot store NUL; this is its picture.
_NUL_PICTURE = "\N{SYMBOL FOR NULL}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Names that an import asks documents for. `taken` become event columns; `looked_into` also stay where they are."""

    taken: tuple[str, ...]
    looked_into: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Malformed:
    """A row that has no columns to speak of: too many fields, not JSON, not UTF-8."""

    number: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some consecutive rows of a file.

    `numbers` says which row of the file (the first is 1) each of `rows` is. Formats whose rows are documents give in
    `documents` the text of each and in `rest`, as JSON objects, what is not in `rows`; others give None.
    `fraction` is how much of the file has been read with this chunk, 0 to 1, None if nobody knows.
    """

    numbers: pl.Series
    rows: pl.DataFrame
    fraction: float | None
    malformed: tuple[Malformed, ...] = ()
    documents: pl.Series | None = None
    rest: pl.Series | None = None
    # Names beyond rows.columns that were seen, for a sentence about a name that was not.
    names: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """Rows of the file in this chunk, malformed ones included."""
        return self.rows.height + len(self.malformed)

    def whole(self, places: list[int]) -> list[str]:
        """The rows at `places` as the file has them, each as JSON that Postgres can store."""
        if self.documents is not None:
            return [storable(json.loads(text)) for text in self.documents.gather(places)]
        return [storable(row) for row in self.rows[places].iter_rows(named=True)]


def storable(row: object) -> str:
    """`row` as JSON text for a jsonb column, names in order; what JSON has no word for is written as text."""
    try:
        text = json.dumps(row, ensure_ascii=False, default=_text, allow_nan=False, sort_keys=True)
    except ValueError:
        text = json.dumps(_finite(row), ensure_ascii=False, default=_text, sort_keys=True)
    if "\\u0000" in text:
        text = text.replace("\\u0000", _NUL_PICTURE)
    return text


def _text(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _finite(value: object) -> object:
    """`value` with the numbers that JSON lacks (not a number, infinity) as text."""
    match value:
        case dict():
            return {key: _finite(each) for key, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
        case float() if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124
            return str(value)
    return value
