"""Rows of Parquet files, whatever wrote them.

Belongs here: types of Arrow that Polars does not know. Does not: what a column means (`mapping`).
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.chunks import Chunk, Wanted


def read_parquet(path: Path, wanted: Wanted, chunk_rows: int) -> Iterator[Chunk]:
    """The chunks of a Parquet file."""
    del wanted  # A frame keeps every column.
    with pq.ParquetFile(path) as file:
        total = max(file.metadata.num_rows, 1)
        given = 0
        for batch in file.iter_batches(batch_size=chunk_rows):
            table = pa.Table.from_batches([batch])
            names = table.column_names
            known = pa.table([_known(table.column(place)) for place in range(len(names))], names=names)
            rows = pl.DataFrame(pl.from_arrow(known))
            numbers = pl.int_range(given + 1, given + rows.height + 1, eager=True)
            yield Chunk(numbers, rows, (given + rows.height) / total)
            given += rows.height


def _known(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column as a type that Polars reads: maps as JSON, wide decimals as floating point, broken text as bytes."""
    kind = values.type
    if pa.types.is_primitive(kind) or _is_ascii(values):
        return values
    try:
        # Polars trusts that text is UTF-8, and a damaged file's may not be.
        values.validate(full=True)
    except pa.ArrowInvalid:
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise
        return pc.cast(values, pa.large_binary())
    if pa.types.is_decimal256(kind):
        # Through text, as Arrow's own way from a wide decimal to floating point is not exact. Without a fraction it
        # may be an id and stays text.
        text = pc.cast(values, pa.string())
        return text if kind.scale == 0 else pc.cast(text, pa.float64())
    if _holds(kind, lambda each: pa.types.is_map(each) or pa.types.is_decimal256(each)):
        texts = [None if each is None else json.dumps(_plain(each, kind), default=str) for each in values.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    return values


def _is_ascii(values: pa.ChunkedArray) -> bool:
    """Whether values are text that needs no validation, because all of its bytes are ASCII."""
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return False
    buffers = (chunk.buffers()[2] for chunk in values.chunks)
    return all(not buffer or np.frombuffer(buffer, np.uint8).max() < 128 for buffer in buffers)


def _holds(kind: pa.DataType, is_wanted: Callable[[pa.DataType], bool]) -> bool:
    return is_wanted(kind) or any(_holds(kind.field(place).type, is_wanted) for place in range(kind.num_fields))


def _plain(value: object, kind: pa.DataType) -> object:
    """A value that Arrow gave out as one that JSON has."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if value is None:
        return None
    if pa.types.is_map(kind) and isinstance(value, list):
        return {str(_plain(key, kind.key_type)): _plain(each, kind.item_type) for key, each in value}
    if pa.types.is_struct(kind) and isinstance(value, dict):
        return {name: _plain(each, kind.field(name).type) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, kind.value_type) for each in value]
    return value
