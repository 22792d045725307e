"""The fingerprint of a frame: what a model records about the rows it learned from.

Belongs here: turning a frame into bytes that are the same for the same rows. Does not belong here: where the
fingerprint is recorded (`ml.artifact.Provenance`).
"""

import hashlib
from collections.abc import Iterator

import numpy as np
import polars as pl

_KEYS = ("user_id", "as_of")


def fingerprint(frame: pl.DataFrame) -> str:
    """Number of rows, number of columns and a SHA-256 of names, types and values of a frame, whatever their order.

    Two frames have the same fingerprint only if they hold the same columns and the same rows. Rows are ordered by
    user_id and as_of, so the frame must have at most one row for each pair.
    """
    order = frame.select(pl.arg_sort_by([name for name in _KEYS if name in frame.columns])).to_series()
    digest = hashlib.sha256()
    # Column by column: a sorted copy would take as much memory as the frame again.
    for name in sorted(frame.columns):
        digest.update(f"{name!r} {frame.schema[name]}\n".encode())
        for part in _column_bytes(frame[name].gather(order)):
            digest.update(part)
    return f"{frame.height}x{frame.width}-{digest.hexdigest()}"


def _column_bytes(series: pl.Series) -> Iterator[bytes]:
    """Which values are null, then the values. Lengths come before texts, so that `a`, `bc` is not `ab`, `c`."""
    yield np.packbits(series.is_null().to_numpy()).tobytes()
    if series.dtype.is_numeric() and not series.dtype.is_decimal():
        yield series.fill_null(0).to_numpy().tobytes()
        return
    texts = series.cast(pl.String).fill_null("")
    yield texts.str.len_bytes().to_numpy().tobytes()
    yield "".join(texts).encode()
