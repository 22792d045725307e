"""Rows of CSV files: every line is part of a row, of the head, or empty, and all are counted.

Belongs here: heads, delimiters, quotes. Does not: what a column means (`mapping`).
"""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import IO

import polars as pl

from ingestion.chunks import LINE_LIMIT, NOT_UTF8, Chunk, Malformed, Wanted
from ingestion.errors import FileRefusedError
from ingestion.opening import Opened, opened

# A field of more lines is taken for a quote that nobody closed.
_FIELD_LINES = 200
# Stands for a line that was too long to be kept: half a character, which no text holds.
_CUT = "\ud800"


@dataclass(slots=True)
class _Taken:
    """Rows of some lines. `skipped` of the lines are empty."""

    rows: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    malformed: list[Malformed] = field(default_factory=list)
    lines: int = 0
    skipped: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How the rows of a file are written."""

    delimiter: str
    skips_spaces: bool = False

    def rows(self, lines: Iterable[str]) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self.delimiter, skipinitialspace=self.skips_spaces, strict=True)


def read_csv(path: Path, wanted: Wanted, chunk_rows: int) -> Iterator[Chunk]:
    """The chunks of a CSV file."""
    with opened(path) as file:
        lines = _lines(file.text(wanted.encoding))
        head, columns, dialect = _head(file, lines)
        records = _Records(lines, dialect, len(columns))
        given = 0
        while (taken := records.take(given, chunk_rows)).lines:
            frame, numbers, unreadable = _frame(columns, taken.rows, taken.numbers)
            yield Chunk(
                pl.Series(numbers, dtype=pl.Int64),
                frame,
                file.fraction(),
                (*taken.malformed, *unreadable),
                lines=head + taken.lines,
                skipped=head + taken.skipped,
            )
            given, head = given + taken.height, 0


def _lines(text: IO[str]) -> Iterator[str]:
    while line := text.readline(LINE_LIMIT):
        if len(line) < LINE_LIMIT or line.endswith(("\n", "\r")):
            yield line
            continue
        while line and not line.endswith(("\n", "\r")):
            line = text.readline(LINE_LIMIT)
        yield _CUT


def _head(file: Opened, lines: Iterator[str]) -> tuple[int, list[str], _Dialect]:
    """How many lines come before the rows, the names of the columns, and how rows are written."""
    count, first = 0, ""
    delimiter = None
    for first in lines:
        count += 1
        if given := re.fullmatch(r'"?sep=(.)"?\s*', first, re.IGNORECASE):
            delimiter = given[1]
        elif first.strip():
            break
    # A delimiter between quotes is part of a name.
    bare = re.sub(r'"[^"]*"?', "", first)
    dialect = _Dialect(delimiter or max(",;\t|", key=bare.count))
    more = 0

    def counted() -> Iterator[str]:
        nonlocal more
        for line in islice(lines, _FIELD_LINES):
            more += 1
            yield line

    names = next(dialect.rows(chain([first], counted())), [])
    if len(names) > 1 and all(name.startswith(" ") for name in names[1:]):
        dialect = replace(dialect, skips_spaces=True)
        names = [name.strip().removeprefix('"').removesuffix('"') for name in names]
    columns = [" ".join(name.split()) or f"column_{place}" for place, name in enumerate(names, 1)]
    if not all(_is_utf8(name) for name in columns):
        raise file.not_utf8()
    _demand_distinct(file.path, columns, names)
    return count + more, columns, dialect


def _demand_distinct(path: Path, columns: list[str], names: list[str]) -> None:
    if not any(name.strip() for name in names):
        raise FileRefusedError(f"{path} has no line of column names; put one first")
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise FileRefusedError(f"{path} has the column {', '.join(twice)} twice; rename one of them")


class _Records:
    """Reads rows from lines as strictly as the csv module can, and goes on one line after a row that is none."""

    def __init__(self, lines: Iterator[str], dialect: _Dialect, width: int) -> None:
        self._lines, self._dialect, self._width = lines, dialect, width
        # Lines that are to be read again, and those of the row in hand.
        self._held: deque[str] = deque()
        self._row_lines: list[str] = []

    def take(self, given: int, limit: int) -> _Taken:
        """The next rows, about `limit`; `given` came before."""
        held = len(self._held)
        self._held.extend(islice(self._lines, max(limit - held, 0)))
        taken = _Taken()
        self._take_lines(taken, given)
        if self._held:
            self._take_spread(taken, given, limit)
        return taken

    def _take_lines(self, taken: _Taken, given: int) -> None:
        """All rows in one go, if every line is a row."""
        try:
            rows = list(self._dialect.rows(self._held))
        except csv.Error:
            return
        if len(rows) != len(self._held):
            return
        taken.lines = len(rows)
        if set(map(len, rows)) == {self._width} and _CUT not in self._held:
            taken.height = len(rows)
            taken.rows, taken.numbers = rows, list(range(given + 1, given + 1 + len(rows)))
        else:
            for row in rows:
                self._add(taken, row, given)
        self._held.clear()

    def _take_spread(self, taken: _Taken, given: int, limit: int) -> None:
        """Row by row, as a field may go on in the next line, and not every quote is closed."""
        reader = self._reader()
        while taken.height < limit:
            self._row_lines = []
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self._set_aside(taken, given, str(error))
                reader = self._reader()
                continue
            if len(self._row_lines) > 1 and self._swallowed_rows():
                self._set_aside(taken, given, "a quote is not closed in its row")
                reader = self._reader()
                continue
            taken.lines += len(self._row_lines)
            self._add(taken, row, given)

    def _reader(self) -> Iterator[list[str]]:
        return self._dialect.rows(self._feed())

    def _feed(self) -> Iterator[str]:
        while True:
            if len(self._row_lines) >= _FIELD_LINES:
                raise csv.Error(f"a field spans more than {_FIELD_LINES} lines")
            line = self._held.popleft() if self._held else next(self._lines, None)
            if line is None:
                return
            self._row_lines.append(line)
            yield line

    def _swallowed_rows(self) -> bool:
        """Whether every line of a field that spans lines would be a row by itself."""
        delimiter = self._dialect.delimiter
        return self._width > 2 and all(line.count(delimiter) == self._width - 1 for line in self._row_lines[1:])

    def _set_aside(self, taken: _Taken, given: int, reason: str) -> None:
        """Refuses the first line of the row in hand; the others are read again."""
        first = self._row_lines[0] if self._row_lines else ""
        self._held.extendleft(reversed(self._row_lines[1:]))
        taken.lines += 1
        taken.height += 1
        number = given + taken.height
        taken.malformed.append(Malformed(number, f"the row is not CSV: {reason}", _shown(first.rstrip("\r\n"))))

    def _add(self, taken: _Taken, row: list[str], given: int) -> None:
        if not row:
            taken.skipped += 1
            return
        taken.height += 1
        number = given + taken.height
        if len(row) == self._width and row[0] != _CUT:
            taken.rows.append(row)
            taken.numbers.append(number)
        elif row[0] == _CUT:
            taken.malformed.append(Malformed(number, f"the row is longer than {LINE_LIMIT:,} characters", ""))
        else:
            reason = f"the row has {len(row)} fields, not {self._width}"
            taken.malformed.append(Malformed(number, reason, _shown(",".join(row))))


def _frame(
    columns: list[str], rows: list[list[str]], numbers: list[int]
) -> tuple[pl.DataFrame, list[int], list[Malformed]]:
    if not rows:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String)), numbers, []
    try:
        cells = zip(columns, zip(*rows, strict=True), strict=True)
        return pl.DataFrame([pl.Series(name, each, dtype=pl.String) for name, each in cells]), numbers, []
    except UnicodeError:
        pass
    good = [place for place, row in enumerate(rows) if _is_utf8("".join(row))]
    malformed = [
        Malformed(numbers[place], NOT_UTF8, _shown(",".join(rows[place])))
        for place in sorted(set(range(len(rows))) - set(good))
    ]
    frame, kept, _ = _frame(columns, [rows[place] for place in good], [numbers[place] for place in good])
    return frame, kept, malformed


def _shown(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeError:
        return False
    return True
