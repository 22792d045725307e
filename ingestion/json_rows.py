"""Rows of JSON files: objects one a line, in an array, or in an array inside of an object.

Belongs here: finding the objects, and their values as columns. Does not: what a column means (`mapping`).
"""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import ijson
import polars as pl

from ingestion.chunks import LINE_LIMIT, NOT_UTF8, Chunk, Malformed, Wanted, is_bookkeeping
from ingestion.errors import FileRefusedError
from ingestion.opening import Opened, opened

# A list where one value belongs; the contract refuses it like any text that cannot be stored.
_NOT_A_VALUE = "\x00"
# Nothing an event says is nested deeper, and neither Postgres nor we need a limit on the stack.
_DEPTH = 64


def read_json(path: Path, wanted: Wanted, chunk_rows: int) -> Iterator[Chunk]:
    """The chunks of a JSON file. `wanted.records` is the way to the array of events inside of an object."""
    with opened(path) as file:
        lines: Iterable[bytes]
        is_lines = False
        if wanted.records is not None:
            lines = _items(file, f"{wanted.records}.item")
        elif file.head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
            lines = _items(file, "item")
        else:
            lines, is_lines = _lines(file, wanted.encoding), True
        lines = iter(lines)
        given = 0
        while batch := list(islice(lines, chunk_rows)):
            chunk = chunk_of(batch, given, wanted, file.fraction())
            if given == 0 and len(chunk.numbers) == 0:
                raise _refused(path, len(batch), is_lines=is_lines)
            if is_lines and given == 0 and len(batch) == 1:
                _demand_events(path, chunk, wanted)
            yield chunk
            given += len(batch)


def _lines(file: Opened, encoding: str | None) -> Iterator[bytes]:
    name = file.encoding(encoding)
    if name not in ("utf-8", "utf-8-sig"):
        for text in file.text(name):
            if text.strip():
                yield text.encode("utf-8", "surrogatepass")
        return
    first = True
    while line := file.data.readline(LINE_LIMIT):
        while len(line) >= LINE_LIMIT and not line.endswith(b"\n"):
            if not (more := file.data.readline(LINE_LIMIT)):
                break
            line = line[:LINE_LIMIT] + more[-1:]
        if first:
            line, first = line.removeprefix(b"\xef\xbb\xbf"), False
        if line.strip():
            yield line


def _items(file: Opened, prefix: str) -> Iterator[bytes]:
    """Each object of an array as a line of its own. A file of any size is read piece by piece."""
    if file.head.startswith(b"\xef\xbb\xbf"):
        file.data.read(3)
    for value in ijson.items(file.data, prefix, use_float=True):
        try:
            yield compact(value).encode("utf-8", "surrogatepass")
        except (RecursionError, ValueError):
            yield b"(an object that is nested too deep, or holds a number that JSON lacks)"


def _refused(path: Path, height: int, *, is_lines: bool) -> FileRefusedError:
    if is_lines:
        if places := _arrays(path):
            return FileRefusedError(f"{path} is one JSON object; {_suggestion(places)}")
        return FileRefusedError(f"{path} is not JSON lines: none of its first {height:,} lines is an object")
    return FileRefusedError(f"{path}: none of the first {height:,} values of its array is an object")


def _demand_events(path: Path, chunk: Chunk, wanted: Wanted) -> None:
    """Refuses a file of one object that holds its events in an array."""
    if not set(chunk.names) & set(wanted.taken) and (places := _arrays(path)):
        raise FileRefusedError(f"{path} is one JSON object; {_suggestion(places)}")


def _suggestion(places: list[str]) -> str:
    return f"its events seem to be in {' or '.join(places)}: say so with --records {places[0]}"


def _arrays(path: Path) -> list[str]:
    """The ways to arrays of objects in a file of one object, the first few."""
    found: list[str] = []
    before = ""
    with opened(path) as file:
        try:
            for prefix, event, _ in ijson.parse(file.data):
                if event == "start_map" and before == "start_array" and prefix.count("item") == 1:
                    found.append(prefix.removesuffix(".item"))
                if len(found) >= 3:
                    break
                before = event
        except ijson.JSONError:
            return [] if before == "" else found
    return [place for place in found if place]


def chunk_of(lines: list[bytes], given: int, wanted: Wanted, fraction: float | None) -> Chunk:
    """Lines of JSON, one object each, as a chunk. Rows are numbered from `given` + 1."""
    values: dict[str, list[Any]] = {name: [] for name in (*wanted.looked_into, *wanted.taken)}
    look, take = ([(name, values[name]) for name in each] for each in (wanted.looked_into, wanted.taken))
    documents: list[str] = []
    rest: list[str | None] = []
    numbers: list[int] = []
    malformed: list[Malformed] = []
    names: dict[str, None] = {}
    for number, line in enumerate(lines, given + 1):
        try:
            text, row = _document(line)
        except (ValueError, RecursionError) as error:
            said = "it is nested too deep" if isinstance(error, RecursionError) else error
            reason = NOT_UTF8 if isinstance(error, UnicodeError) else f"the row is not a JSON object: {said}"
            malformed.append(Malformed(number, reason, line[:10_000].decode("utf-8", "backslashreplace")))
            continue
        names.update(dict.fromkeys(row))
        documents.append(text)
        numbers.append(number)
        for name, column in look:
            value = row.get(name)
            # A way may lead into a list.
            column.append(compact(value) if isinstance(value, list) else _value(value))
        for name, column in take:
            column.append(_value(row.pop(name, None)))
        # A missing value and empty text say nothing in any format, so equal rows are equal across formats.
        extra = {
            name: value for name, value in row.items() if value is not None and value != "" and not is_bookkeeping(name)
        }
        rest.append(compact(extra) if extra else None)
    return Chunk(
        pl.Series(numbers, dtype=pl.Int64),
        pl.DataFrame({name: _column(column) for name, column in values.items()}),
        fraction,
        tuple(malformed),
        pl.Series(documents, dtype=pl.String),
        pl.Series(rest, dtype=pl.String),
        tuple(names),
    )


def _document(line: bytes) -> tuple[str, dict[str, Any]]:
    if len(line) > LINE_LIMIT:
        raise ValueError(f"it is longer than {LINE_LIMIT:,} bytes")
    text = line.decode()
    row = json.loads(text, parse_constant=_no_constant)
    if not isinstance(row, dict):
        raise ValueError("it is not between braces")  # noqa: TRY004 (all of these are one kind of bad row)
    if text.count("[") + text.count("{") > _DEPTH and _is_deeper(row, _DEPTH):
        raise ValueError("it is nested too deep")
    # An escaped half of a surrogate pair is valid JSON and no character.
    if "\\ud" in text.lower() and not _is_utf8(json.dumps(row, ensure_ascii=False)):
        raise ValueError("it holds half a surrogate pair")
    return text, row


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _is_deeper(value: object, limit: int) -> bool:
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return limit == 0 or any(_is_deeper(each, limit - 1) for each in inside)
    return False


def _value(value: object) -> object:
    """A value as a column holds it: numbers stay numbers, an object is its JSON."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return value
        case dict():
            return compact(value)
    return _NOT_A_VALUE


def _column(values: list[Any]) -> pl.Series:
    """Numbers where all are, so that none is taken for text that people wrote; else text, as CSV would have it."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds and kinds <= {int, float}:
        is_whole = kinds == {int}
        if all(value is None or abs(value) < (1 << 63 if is_whole else 1 << 53) for value in values):
            return pl.Series(values, dtype=pl.Int64 if is_whole else pl.Float64, strict=False)
    return pl.Series(
        [value if value is None or isinstance(value, str) else repr(value) for value in values], dtype=pl.String
    )


def compact(value: object) -> str:
    """JSON as Polars writes it, without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeError:
        return False
    return True
