"""Opens event files and gives them out in chunks of bounded size.

Belongs here: one reader a format, and refusing a file that cannot be read. Does not: what a column means (`mapping`).
"""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.chunks import CHUNK_ROWS, Chunk, Malformed, Wanted
from ingestion.errors import FileBrokenError, FileRefusedError

Reader = Callable[[Path, Wanted, int], Iterator[Chunk]]

_NOT_UTF8 = "the row is not UTF-8 text"
# A list or an object where one value belongs; the contract refuses it like any text that cannot be stored.
_NOT_A_VALUE = "\x00"


def read_chunks(path: Path, wanted: Wanted, chunk_rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
    """The file's chunks, in order. `wanted` is what somebody will ask a document for.

    Raises FileRefusedError before the first chunk if the file cannot be read at all, FileBrokenError if it breaks
    later.
    """
    reader = _reader(path)
    given = 0
    try:
        for chunk in reader(path, wanted, chunk_rows):
            yield chunk
            given += chunk.height
    except (OSError, EOFError, pa.ArrowException, pl.exceptions.PolarsError, csv.Error, UnicodeError) as error:
        what = " ".join(str(error).split()) or type(error).__name__
        if given == 0:
            raise FileRefusedError(f"{path} cannot be read: {what}") from error
        raise FileBrokenError(
            f"{path} breaks off after row {given:,}: {what}; the rows before it are stored,"
            " so repair the file and import it again"
        ) from error
    if given == 0:
        raise FileRefusedError(f"{path} holds no events; give a file with at least one row")


def _reader(path: Path) -> Reader:
    if not path.exists():
        raise FileRefusedError(f"{path} does not exist; check the path")
    if not path.is_file():
        raise FileRefusedError(f"{path} is not a file; name the files in it")
    if path.stat().st_size == 0:
        raise FileRefusedError(f"{path} is empty; give a file with at least one event")
    name = path.name.lower().removesuffix(".gz")
    for suffixes, reader in _READERS.items():
        if name.endswith(suffixes):
            return reader
    known = ", ".join(suffix for suffixes in _READERS for suffix in suffixes)
    raise FileRefusedError(
        f"{path} is of no format we know; the name must end in one of {known} (.gz where it is text)"
    )


def _read_parquet(path: Path, wanted: Wanted, chunk_rows: int) -> Iterator[Chunk]:
    del wanted  # A frame keeps every column.
    with pq.ParquetFile(path) as file:
        total = max(file.metadata.num_rows, 1)
        given = 0
        for batch in file.iter_batches(batch_size=chunk_rows):
            rows = pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))
            yield Chunk(_numbers(given, rows.height), rows, (given + rows.height) / total)
            given += rows.height


def _read_csv(path: Path, wanted: Wanted, chunk_rows: int) -> Iterator[Chunk]:
    del wanted
    with path.open("rb") as raw:
        # Bytes that are not UTF-8 survive as surrogates, so that only their row is refused.
        text = io.TextIOWrapper(_plain(path, raw), encoding="utf-8-sig", errors="surrogateescape", newline="")
        head = text.readline()
        columns = next(csv.reader([head], delimiter=_delimiter(head)), [])
        _demand_distinct(path, columns)
        rows = csv.reader(text, delimiter=_delimiter(head))
        given = 0
        while True:
            good, numbers, malformed = _csv_rows(rows, given, chunk_rows, len(columns))
            if not good and not malformed:
                return
            frame, numbers, unreadable = _csv_frame(columns, good, numbers)
            yield Chunk(pl.Series(numbers, dtype=pl.Int64), frame, _fraction(path, raw), (*malformed, *unreadable))
            given += len(good) + len(malformed)


def _delimiter(head: str) -> str:
    """The separator that occurs most in the first line; a comma where none does."""
    return max(",;\t|", key=head.count)


def _demand_distinct(path: Path, columns: list[str]) -> None:
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise FileRefusedError(f"{path} has the column {', '.join(twice)} twice; rename one of them")
    if not any(columns):
        raise FileRefusedError(f"{path} has no line of column names; put one first")


def _csv_rows(
    reader: Iterator[list[str]], given: int, limit: int, width: int
) -> tuple[list[list[str]], list[int], list[Malformed]]:
    good: list[list[str]] = []
    numbers: list[int] = []
    malformed: list[Malformed] = []
    number = given
    while number < given + limit:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            number += 1
            malformed.append(Malformed(number, f"the row is not CSV, as after an unclosed quote: {error}", ""))
            continue
        if not row:  # An empty line, the usual end of a file.
            continue
        number += 1
        if len(row) == width:
            good.append(row)
            numbers.append(number)
        else:
            reason = f"the row has {len(row)} fields, not {width}"
            malformed.append(Malformed(number, reason, ",".join(row).encode("utf-8", "replace").decode()))
    return good, numbers, malformed


def _csv_frame(
    columns: list[str], rows: list[list[str]], numbers: list[int]
) -> tuple[pl.DataFrame, list[int], list[Malformed]]:
    schema = dict.fromkeys(columns, pl.String)
    if not rows:
        return pl.DataFrame(schema=schema), numbers, []
    try:
        cells = zip(columns, zip(*rows, strict=True), strict=True)
        return pl.DataFrame([pl.Series(name, each, dtype=pl.String) for name, each in cells]), numbers, []
    except UnicodeError:
        pass
    good = [place for place, row in enumerate(rows) if _is_utf8("".join(row))]
    malformed = [
        Malformed(numbers[place], _NOT_UTF8, ",".join(rows[place]).encode("utf-8", "replace").decode())
        for place in sorted(set(range(len(rows))) - set(good))
    ]
    frame, kept, _ = _csv_frame(columns, [rows[place] for place in good], [numbers[place] for place in good])
    return frame, kept, malformed


def _read_json_lines(path: Path, wanted: Wanted, chunk_rows: int) -> Iterator[Chunk]:
    with path.open("rb") as raw:
        lines = (line for line in _plain(path, raw) if line.strip())
        given = 0
        while batch := list(islice(lines, chunk_rows)):
            chunk = _json_chunk(batch, given, wanted, _fraction(path, raw))
            if given == 0 and chunk.rows.height == 0:
                raise FileRefusedError(f"{path} is not JSON lines: none of its first {len(batch):,} lines is an object")
            yield chunk
            given += len(batch)


def _json_chunk(lines: list[bytes], given: int, wanted: Wanted, fraction: float) -> Chunk:
    values: dict[str, list[str | None]] = {name: [] for name in (*wanted.looked_into, *wanted.taken)}
    look, take = ([(name, values[name]) for name in each] for each in (wanted.looked_into, wanted.taken))
    documents: list[str] = []
    rest: list[str | None] = []
    numbers: list[int] = []
    malformed: list[Malformed] = []
    names: dict[str, None] = {}
    for number, line in enumerate(lines, given + 1):
        try:
            text = line.decode()
            row = _document(text)
        except ValueError as error:
            reason = _NOT_UTF8 if isinstance(error, UnicodeError) else f"the row is not a JSON object: {error}"
            malformed.append(Malformed(number, reason, line.decode("utf-8", "backslashreplace")))
            continue
        names.update(dict.fromkeys(row))
        documents.append(text)
        numbers.append(number)
        for name, column in look:
            column.append(_value(row.get(name)))
        for name, column in take:
            column.append(_value(row.pop(name, None)))
        # A missing value and empty text say nothing in any format, so equal rows are equal across formats.
        extra = {name: value for name, value in row.items() if value is not None and value != ""}
        rest.append(_compact(extra) if extra else None)
    return Chunk(
        pl.Series(numbers, dtype=pl.Int64),
        pl.DataFrame({name: pl.Series(column, dtype=pl.String) for name, column in values.items()}),
        fraction,
        tuple(malformed),
        pl.Series(documents, dtype=pl.String),
        pl.Series(rest, dtype=pl.String),
        tuple(names),
    )


def _document(text: str) -> dict[str, Any]:
    row = json.loads(text, parse_constant=_no_constant)
    if not isinstance(row, dict):
        raise ValueError("it is not between braces")  # noqa: TRY004 (all of these are one kind of bad row)
    # An escaped half of a surrogate pair is valid JSON and no character.
    if "\\ud" in text and not _is_utf8(json.dumps(row, ensure_ascii=False)):
        raise ValueError("it holds half a surrogate pair")
    return row


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _value(value: object) -> str | None:
    """A JSON value as the text that the contract reads, as a CSV file would have it."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case dict():
            return _compact(value)
    return _NOT_A_VALUE


def _compact(value: object) -> str:
    """JSON as Polars writes it, without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeError:
        return False
    return True


def _plain(path: Path, raw: IO[bytes]) -> Any:
    return gzip.GzipFile(fileobj=raw) if path.name.lower().endswith(".gz") else raw


def _fraction(path: Path, raw: IO[bytes]) -> float:
    return min(raw.tell() / max(path.stat().st_size, 1), 1.0)


def _numbers(given: int, height: int) -> pl.Series:
    return pl.int_range(given + 1, given + height + 1, eager=True)


_READERS: dict[tuple[str, ...], Reader] = {
    (".parquet", ".pq"): _read_parquet,
    (".csv", ".tsv"): _read_csv,
    (".jsonl", ".ndjson", ".json"): _read_json_lines,
}
