"""Opens event files and gives them out in chunks of bounded size.

Belongs here: which reader a file gets, and refusing a file that cannot be read. Does not: the formats themselves
(`csv_rows`, `json_rows`, `parquet_rows`), or what a column means (`mapping`).
"""

import csv
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import ijson
import polars as pl
import pyarrow as pa

from ingestion.chunks import CHUNK_ROWS, Chunk, Wanted
from ingestion.csv_rows import read_csv
from ingestion.errors import FileBrokenError, FileRefusedError
from ingestion.json_rows import read_json
from ingestion.opening import PARQUET, demand_encoding, opened
from ingestion.parquet_rows import read_parquet

Reader = Callable[[Path, Wanted, int], Iterator[Chunk]]

# What a broken file can raise, in whichever library reads it.
_BROKEN = (
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RecursionError,
    pa.ArrowException,
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    csv.Error,
    zlib.error,
    zipfile.BadZipFile,
    ijson.JSONError,
)


def read_chunks(path: Path, wanted: Wanted, chunk_rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
    """The file's chunks, in order. `wanted` is what the import asks of the file.

    Raises FileRefusedError before the first chunk if the file cannot be read at all, FileBrokenError if it breaks
    later.
    """
    demand_encoding(wanted.encoding)
    given = 0
    try:
        for chunk in _reader(path)(path, wanted, chunk_rows):
            yield chunk
            given += chunk.height
    except _BROKEN as error:
        what = " ".join(str(error).split())[:300] or type(error).__name__
        if given == 0:
            raise FileRefusedError(f"{path} cannot be read: {what}") from error
        raise FileBrokenError(
            f"{path} breaks off after row {given:,}: {what}; the rows before it are stored,"
            " so repair the file and import it again"
        ) from error
    if given == 0:
        raise FileRefusedError(f"{path} holds no events; give a file with at least one row")


def _reader(path: Path) -> Reader:
    """The reader of a file: by what is inside where that is beyond doubt, else by its name."""
    if not path.exists():
        raise FileRefusedError(f"{path} does not exist; check the path")
    if not path.is_file():
        raise FileRefusedError(f"{path} is not a file; name a file")
    if path.stat().st_size == 0:
        raise FileRefusedError(f"{path} is empty; give a file with at least one event")
    with opened(path) as file:
        head = file.head
    if head.startswith(PARQUET):
        return read_parquet
    name = path.name.lower()
    while name.endswith(_PACKED):
        name = name.rpartition(".")[0]
    for suffixes, reader in _READERS.items():
        if name.endswith(suffixes):
            return reader
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        return read_json
    raise FileRefusedError(
        f"{path} is of no format we know; the name must end in one of {', '.join(_PLAIN)}"
        " (.gz, .zip or .zst where it is packed)"
    )


_PACKED = (".gz", ".zip", ".zst", ".zstd")
_READERS: dict[tuple[str, ...], Reader] = {
    (".parquet", ".pq"): read_parquet,
    (".csv", ".tsv", ".txt"): read_csv,
    (".jsonl", ".ndjson", ".json"): read_json,
}
_PLAIN = tuple(suffix for suffixes in _READERS for suffix in suffixes)
ENDINGS = (*_PLAIN, *(plain + packed for plain in _PLAIN for packed in _PACKED))
"""What names of files of events end in."""
