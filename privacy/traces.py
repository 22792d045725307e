"""Where a user's id is written: in any column of any table, in any file of the home; and making it illegible.

Belongs here: what counts as a trace, looking for it, masking it. Does not: deleting what is the user's own (`erasure`).

The tables are found in the catalogue of Postgres, so a table that comes later is looked through too.
"""

import gzip
import html
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import polars as pl
import psycopg
import pyarrow.parquet as pq
from psycopg import sql

Connection = psycopg.Connection[tuple[object, ...]]

QUARANTINE = sql.Identifier("raw", "events_quarantine")
# The files of Postgres are read through Postgres.
_NOT_READ = ("postgres",)
# Models and code, checked against digests when they are loaded: changing a byte breaks them. They hold no ids; if they
# ever did, a scan would say so.
_NOT_MASKED = ("bentoml", "dbt", "models")
# What these columns of events hold is never about one user, whatever a user may be called.
_KINDS = ("event_type", "source", "currency")
_SHORTEST_WORD, _SHORTEST_NUMBER = 6, 8


def pattern(user_id: str) -> str:
    """A regular expression, for Python and Postgres alike, that finds the id (group 2) as it may be spelled in text.

    An id like tg-8412993 is found wherever it stands as a word of its own. A short number or a plain word (42,
    anna, 2024-05-01) means something else nearly everywhere: such an id is found only as the value of a `user_id`.
    """
    in_json = json.dumps(user_id)[1:-1], json.dumps(user_id, ensure_ascii=False)[1:-1]
    spellings = "|".join(re.escape(each) for each in sorted({user_id, *in_json, html.escape(user_id), quote(user_id)}))
    before = r"(?<![\w-])()" if _is_distinctive(user_id) else r"""(user_id\\*["']?\s*[:=]\s*\\*["']?)"""
    return rf"{before}({spellings})(?![\w-])"


def _is_distinctive(user_id: str) -> bool:
    if re.fullmatch(r"[\d.:-]+", user_id):
        return user_id.isdigit() and len(user_id) >= _SHORTEST_NUMBER
    return len(user_id) >= _SHORTEST_WORD and any(character.isdigit() for character in user_id)


def user_tables(connection: Connection) -> list[sql.Identifier]:
    """Every table with a column user_id; partitions are reached through their table."""
    rows = connection.execute(
        "select relnamespace::regnamespace::text, relname from pg_class"
        " join pg_attribute on attrelid = pg_class.oid and attname = 'user_id'"
        " where relkind in ('r', 'p') and not relispartition and relnamespace::regnamespace::text !~ '^pg_'"
        " order by 1, 2"
    ).fetchall()
    return [sql.Identifier(str(schema), str(table)) for schema, table in rows]


def is_quarantined_of(user_id: str) -> sql.Composed:
    """The condition on a row of the quarantine that it is the user's."""
    # The first half spares most rows the hashing of all they hold.
    return sql.SQL("strpos(row::text, {}) > 0 and raw.is_of_user(row, array[raw.user_hash({})])").format(
        sql.Literal(json.dumps(user_id, ensure_ascii=False)[1:-1]), sql.Literal(user_id)
    )


def name_of(table: sql.Identifier) -> str:
    """The table as people write it: schema.table."""
    return ".".join(table._obj)


def scan_database(connection: Connection, user_id: str) -> list[str]:
    """Every column, as schema.table.column, in which the id is found; of the planner's statistics too.

    Reads every table whole, a partition at a time.
    """
    found = []
    for table, columns in _text_columns(connection, "relkind in ('r', 'm')"):
        finds = sql.SQL(", ").join(
            sql.SQL("coalesce(bool_or({}), false)").format(_finds(column, user_id)) for column, _ in columns
        )
        row = connection.execute(sql.SQL("select {} from {}").format(finds, table)).fetchone()
        assert row is not None  # noqa: S101 (an aggregate returns a row)
        found += [f"{name_of(table)}.{column}" for (column, _), is_found in zip(columns, row, strict=True) if is_found]
    return found + [f"statistics of {name_of(table)}" for table in tables_remembered(connection, user_id)]


def tables_remembered(connection: Connection, user_id: str) -> list[sql.Identifier]:
    """Tables whose statistics, which the planner keeps a sample of values in, hold the id."""
    rows = connection.execute(
        "select distinct schemaname::text, tablename::text from pg_stats"
        " where (attname = 'user_id' and %(id)s = any(coalesce(most_common_vals::text::text[], '{}')"
        "     || coalesce(histogram_bounds::text::text[], '{}')))"
        " or concat_ws(' ', most_common_vals::text, histogram_bounds::text, most_common_elems::text) ~ %(pattern)s",
        {"id": user_id, "pattern": pattern(user_id)},
    ).fetchall()
    return [sql.Identifier(str(schema), str(table)) for schema, table in rows]


def mask_database(connection: Connection, user_id: str) -> dict[str, int]:
    """Makes the id illegible where others' rows mention it; how many rows of each table that were.

    Rows of the user's own must have been deleted before.
    """
    replacement = rf"\1{mask_of(user_id)}"
    masked = {}
    for table, columns in _text_columns(connection, "relkind in ('r', 'p') and not relispartition"):
        asked = [(name, kind) for name, kind in columns if name != "user_id" and name not in _KINDS]
        if not asked:
            continue
        changes = [
            sql.SQL("{column} = regexp_replace({column}::text, {}, {}, 'g')::{}").format(
                sql.Literal(pattern(user_id)), sql.Literal(replacement), sql.SQL(kind), column=sql.Identifier(name)
            )
            for name, kind in asked
        ]
        is_found = sql.SQL(" or ").join(_finds(name, user_id) for name, _ in asked)
        update = sql.SQL("update {} set {} where {}").format(table, sql.SQL(", ").join(changes), is_found)
        masked[name_of(table)] = connection.execute(update).rowcount
    return {table: count for table, count in masked.items() if count}


def mask_of(user_id: str) -> str:
    """What stands in the place of the id. JSON stays JSON: a number's place is taken by a number."""
    return "0" if user_id.isdigit() else "erased"


def scan_files(root: Path, user_id: str) -> list[Path]:
    """Every file below `root` in which the id is found; compressed ones (.gz, .parquet) are looked into."""
    expression = re.compile(pattern(user_id).encode())
    return [path for path in _files(root) if _holds(path, user_id, expression)]


def mask_files(root: Path, user_id: str, leaving: Path) -> list[Path]:
    """Makes the id illegible in the files below `root`; returns those in which it was.

    Text is overwritten byte for byte, as its writers may have the file open; of Parquet files the user's rows go too.
    Files below `leaving` are somebody else's to change.
    """
    expression = re.compile(pattern(user_id).encode())
    return [
        path
        for path in _files(root)
        if leaving not in path.parents
        and not set(path.relative_to(root).parts) & set(_NOT_MASKED)
        and (_mask_parquet(path, user_id) if path.suffix == ".parquet" else _mask_text(path, user_id, expression))
    ]


def _mask_text(path: Path, user_id: str, expression: re.Pattern[bytes]) -> bool:
    places = [match.span(2) for match in expression.finditer(path.read_bytes())]
    with path.open("r+b") as file:
        for begin, end in places:
            file.seek(begin)
            file.write((b"0" if user_id.isdigit() else b"*") * (end - begin))
    return bool(places)


def masked_parquet(path: Path, user_id: str) -> Path | None:
    """A copy of a Parquet file beside it, without the user's rows and what others' say of the user; None if no need."""
    expression = re.compile(pattern(user_id))
    if not _parquet_holds(path, user_id, re.compile(pattern(user_id).encode())):
        return None
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with (
        pq.ParquetFile(path) as file,
        os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made,
    ):
        with pq.ParquetWriter(made, file.schema_arrow, compression="zstd") as writer:
            for batch in file.iter_batches():
                kept = _without_user(pl.DataFrame(batch), user_id, expression)
                writer.write_table(kept.to_arrow().cast(file.schema_arrow))
        made.flush()
        os.fsync(made.fileno())
    return part


def _mask_parquet(path: Path, user_id: str) -> bool:
    part = masked_parquet(path, user_id)
    if part is not None:
        part.replace(path)
    return part is not None


def _without_user(rows: pl.DataFrame, user_id: str, expression: re.Pattern[str]) -> pl.DataFrame:
    kept = rows.filter(pl.col("user_id").ne_missing(user_id)) if "user_id" in rows.columns else rows
    masked = []
    for column in kept.select(pl.col(pl.String).exclude("user_id")):
        texts = column.drop_nulls().unique().to_list()
        found = [text for text in texts if expression.search(text)]
        masked.append(column.replace(found, [expression.sub(rf"\1{mask_of(user_id)}", text) for text in found]))
    return kept.with_columns(masked)


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        if path.relative_to(root).parts[0] not in _NOT_READ and path.is_file() and not path.is_symlink():
            yield path


def _holds(path: Path, user_id: str, expression: re.Pattern[bytes]) -> bool:
    try:
        if path.suffix == ".parquet":
            return _parquet_holds(path, user_id, expression)
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except FileNotFoundError:  # Spooled predictions come and go.
        return False
    return expression.search(content) is not None


def _parquet_holds(path: Path, user_id: str, expression: re.Pattern[bytes]) -> bool:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                texts = {value for value in column.unique().to_pylist() if isinstance(value, str)}
                if user_id in texts if name == "user_id" else any(expression.search(text.encode()) for text in texts):
                    return True
    return False


def _text_columns(connection: Connection, which: str) -> list[tuple[sql.Identifier, list[tuple[str, str]]]]:
    """The tables of our own in which text can stand, with these columns and their types."""
    rows = connection.execute(
        "select relnamespace::regnamespace::text, relname, array_agg(attname::text order by attnum),"  # noqa: S608
        " array_agg(format_type(atttypid, atttypmod) order by attnum)"
        " from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped"
        f" where {which} and relpersistence <> 't' and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'"
        " and format_type(atttypid, null) in"
        " ('text', 'character varying', 'character', 'json', 'jsonb', 'text[]', 'character varying[]')"
        " group by 1, 2 order by 1, 2"
    ).fetchall()
    return [
        (sql.Identifier(str(schema), str(table)), list(zip(names, kinds, strict=True)))  # type: ignore[call-overload]
        for schema, table, names, kinds in rows
    ]


def _finds(column: str, user_id: str) -> sql.Composed:
    if column == "user_id":
        return sql.SQL("user_id = {}").format(sql.Literal(user_id))
    return sql.SQL("{}::text ~ {}").format(sql.Identifier(column), sql.Literal(pattern(user_id)))
