"""Writes simulated events to a file, completely or not at all.

Belongs here: one writer for each format. Does not belong here: reading the file (`ingestion`).
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from core.errors import OperationError, UserError

# Stored in every Parquet file, where `pl.read_parquet_metadata` finds it. The other formats have no place for it.
METADATA = {"synthetic": "true", "made_by": "customer-analyzer events simulate: no such shop, no such users"}


def write(frames: Iterable[pl.DataFrame], path: Path, *, progress: Callable[[int], None] | None = None) -> int:
    """Writes all frames to `path` (.parquet, .csv or .jsonl) and returns how many rows there were.

    `progress` is called with the number of rows so far. The file gets its name only once it is complete. Raises
    UserError for another suffix, and OperationError if the file cannot be written.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise UserError(f"{path} must end in one of {', '.join(_WRITERS)}, which says how to write it")
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            rows = writer(frames, unfinished, progress or (lambda _: None))
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise OperationError(f"{path} cannot be written: {error.strerror}; nothing of it is left") from error
    return rows


def _write_parquet(frames: Iterable[pl.DataFrame], path: Path, progress: Callable[[int], None]) -> int:
    rows = 0
    writer: pq.ParquetWriter | None = None
    try:
        for frame in frames:
            table = frame.to_arrow().replace_schema_metadata(METADATA)
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table)
            rows += frame.height
            progress(rows)
    finally:
        if writer is not None:
            writer.close()
    return rows


def _write_csv(frames: Iterable[pl.DataFrame], path: Path, progress: Callable[[int], None]) -> int:
    rows = 0
    with path.open("wb") as file:
        for frame in frames:
            frame.write_csv(file, include_header=rows == 0, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
            rows += frame.height
            progress(rows)
    return rows


def _write_json_lines(frames: Iterable[pl.DataFrame], path: Path, progress: Callable[[int], None]) -> int:
    rows = 0
    with path.open("wb") as file:
        for frame in frames:
            frame.write_ndjson(file)
            rows += frame.height
            progress(rows)
    return rows


_WRITERS: dict[str, Callable[[Iterable[pl.DataFrame], Path, Callable[[int], None]], int]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".jsonl": _write_json_lines,
}
