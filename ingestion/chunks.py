"""The piece of a file that is worked on at a time, the same whatever the format.

Belongs here: the shape of a chunk and how one of its rows is written down whole. Does not: reading (`readers`).
"""

import json
import re
from dataclasses import dataclass
from functools import cache

import polars as pl
import polars.selectors as cs

# Enough rows to make vectorised work and COPY efficient, few enough that the two chunks in hand stay below 200 MB.
CHUNK_ROWS = 100_000
# A line of text beyond this is no event; it keeps memory bounded.
LINE_LIMIT = 1 << 24
NOT_UTF8 = "the row is not UTF-8 text"
# What connectors note about an export. It is no part of what happened, and differs each time the same is exported.
_BOOKKEEPING = re.compile(
    r"(?i)_fivetran_\w+|_airbyte_\w+|_sdc_\w+|_dlt_\w+|_hevo_\w+|__hevo_\w+|_etl_\w+|_?(?:synced|exported|extracted|loaded)_at"
)
# Postgres cannot store NUL; this is its picture.
_NUL_PICTURE = "\N{SYMBOL FOR NULL}"
# Not where its backslash is itself escaped, as in text about JSON.
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an import asks of a file.

    Names that documents are asked for: `taken` become event columns; `looked_into` also stay where they are. `encoding`
    is the one of text, None to find out; `records` is the way to the array of events inside of one JSON object.
    """

    taken: tuple[str, ...]
    looked_into: tuple[str, ...] = ()
    encoding: str | None = None
    records: str | None = None


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
    `fraction` is how much of the file has been read with this chunk, 0 to 1, None if nobody knows. `lines` of text were
    read for it, of which `skipped` are the head or empty; 0 where a file has no lines.
    """

    numbers: pl.Series
    rows: pl.DataFrame
    fraction: float | None
    malformed: tuple[Malformed, ...] = ()
    documents: pl.Series | None = None
    rest: pl.Series | None = None
    # Names beyond rows.columns that were seen, for a sentence about a name that was not.
    names: tuple[str, ...] = ()
    lines: int = 0
    skipped: int = 0

    @property
    def height(self) -> int:
        """Rows of the file in this chunk, malformed ones included."""
        return self.rows.height + len(self.malformed)

    def whole(self, places: list[int]) -> list[str]:
        """The rows at `places` as the file has them, each as JSON that Postgres can store."""
        if self.documents is not None:
            return [storable(json.loads(text)) for text in self.documents.gather(places)]
        # Times that Python cannot hold, such as the year 20000, are text.
        rows = self.rows[places].with_columns(cs.temporal().cast(pl.String))
        return [storable(row) for row in rows.iter_rows(named=True)]


@cache
def is_bookkeeping(name: str) -> bool:
    """Whether a column only says when and how a row was exported, such as `_fivetran_synced`."""
    return _BOOKKEEPING.fullmatch(name) is not None


def storable(row: object) -> str:
    """`row` as JSON text for a jsonb column, names in order; what JSON has no word for is written as text."""
    try:
        text = json.dumps(row, ensure_ascii=False, default=_text, allow_nan=False, sort_keys=True)
    except ValueError:
        text = json.dumps(_finite(row), ensure_ascii=False, default=_text, sort_keys=True)
    if "\\u0000" in text:
        text = _ESCAPED_NUL.sub(rf"\1{_NUL_PICTURE}", text)
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
