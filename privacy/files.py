"""A user's id in files: found in any file below a folder, overwritten in text, left out of Parquet.

Belongs here: which files are read and which are changed. Does not: files that others write to at the same time and
empty themselves (predictions on their way to the ledger: `erasure`).
"""

import gzip
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from privacy.spelling import mask, pattern, spellings

# The files of Postgres (also those set aside, `postgres.*`) and its replica are read through Postgres; its log on the
# way to the archive is not read.
_NOT_READ = ("postgres", "replica", "backups")
# Models and code, checked against digests when they are loaded: changing a byte breaks them. They hold no ids; if they
# ever did, a scan would say so.
_NOT_MASKED = ("bentoml", "dbt", "models")


def find(root: Path, user_id: str) -> list[Path]:
    """Every file below `root` in which the id is found; compressed ones (.gz, .parquet) are looked into."""
    return [path for path in _files(root) if _holds(path, user_id)]


def mask_below(root: Path, user_id: str, leaving: Collection[Path]) -> list[Path]:
    """Makes the id illegible in the files below `root`; returns those in which it was.

    Text is overwritten byte for byte, as its writers may have the file open; of Parquet files the user's rows go too.
    Files below one of `leaving` are somebody else's to change.
    """
    return [
        path
        for path in _files(root)
        if not set(leaving) & set(path.parents)
        and not set(path.relative_to(root).parts) & set(_NOT_MASKED)
        and (_replace_parquet(path, user_id) if path.suffix == ".parquet" else _overwrite(path, user_id))
    ]


def masked_parquet(path: Path, user_id: str) -> Path | None:
    """A copy of a Parquet file beside it, without the user's rows and with mentions masked; None if no row changes."""
    if not _parquet_holds(path, user_id):
        return None
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with (
        pq.ParquetFile(path) as file,
        os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made,
    ):
        with pq.ParquetWriter(made, file.schema_arrow, compression="zstd") as writer:
            for batch in file.iter_batches():
                kept = _without_user(pl.DataFrame(batch), user_id)
                writer.write_table(kept.to_arrow().cast(file.schema_arrow))
        made.flush()
        os.fsync(made.fileno())
    return part


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        if (
            path.relative_to(root).parts[0].partition(".")[0] not in _NOT_READ
            and path.is_file()
            and not path.is_symlink()
        ):
            yield path


def _holds(path: Path, user_id: str) -> bool:
    try:
        if path.suffix == ".parquet":
            return _parquet_holds(path, user_id)
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except FileNotFoundError:  # Predictions on their way to the ledger come and go.
        return False
    return _is_mentioned(content, user_id) and re.search(pattern(user_id).encode(), content) is not None


def _is_mentioned(content: bytes, user_id: str) -> bool:
    """Whether the bytes may mention the user: a fixed text is found a hundred times faster than a pattern."""
    return any(spelled.encode() in content for spelled in spellings(user_id))


def _overwrite(path: Path, user_id: str) -> bool:
    content = path.read_bytes()
    if not _is_mentioned(content, user_id):
        return False
    places = [match.span(2) for match in re.finditer(pattern(user_id).encode(), content)]
    with path.open("r+b") as file:
        for begin, end in places:
            file.seek(begin)
            file.write((b"0" if user_id.isdigit() else b"*") * (end - begin))
    return bool(places)


def _replace_parquet(path: Path, user_id: str) -> bool:
    part = masked_parquet(path, user_id)
    if part is not None:
        part.replace(path)
    return part is not None


def _parquet_holds(path: Path, user_id: str) -> bool:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            rows = pl.DataFrame(batch)
            if "user_id" in rows.columns and rows.select((pl.col("user_id") == user_id).any()).item():
                return True
            if any(_mentions(column, user_id) for column in _texts_of_others(rows)):
                return True
    return False


def _without_user(rows: pl.DataFrame, user_id: str) -> pl.DataFrame:
    kept = rows.filter(pl.col("user_id").ne_missing(user_id)) if "user_id" in rows.columns else rows
    masked = []
    for column in _texts_of_others(kept):
        found = _mentions(column, user_id)
        masked.append(column.replace(found, [mask(user_id, text) for text in found]))
    return kept.with_columns(masked)


def _texts_of_others(rows: pl.DataFrame) -> list[pl.Series]:
    return rows.select(pl.col(pl.String).exclude("user_id")).get_columns()


def _mentions(texts: pl.Series, user_id: str) -> list[str]:
    """The different texts that mention the user."""
    likely = texts.filter(texts.str.contains_any(list(spellings(user_id)))).unique().to_list()
    return [text for text in likely if re.search(pattern(user_id), text)]
