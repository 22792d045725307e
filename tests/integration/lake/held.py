"""What is in a lake, for the tests of this folder."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import polars as pl
import psycopg

from lake.catalogue import Lake
from lake.events import ARROW_SCHEMA, batches
from lake.names import EVENTS


def emptied_lake(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Forgets all tables of the lake. Their files stay."""
    connection.execute("delete from lake.iceberg_tables")
    connection.execute("delete from lake.iceberg_namespace_properties")
    connection.execute("delete from lake.event_ids")


def held(lake: Lake) -> pl.DataFrame:
    """All events of the lake; an empty frame with their columns where there are none."""
    nothing = pl.DataFrame(ARROW_SCHEMA.empty_table())
    with lake.reading() as transaction:
        table = transaction.table(EVENTS)
        frames = [] if table is None or table.current_snapshot() is None else list(batches(table, 1_000))
    return pl.concat([nothing, *frames])


def files(lake: Lake) -> list[Path]:
    """Every file of the lake."""
    return [path for path in Path(unquote(urlsplit(lake.location).path)).rglob("*") if path.is_file()]
