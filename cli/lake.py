"""`customer-analyzer lake`: events to the lake and back, what is in it, and its upkeep.

Belongs here: options, progress and tables. Does not belong here: copying (`ingestion`) and tables (`lake`).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.options import AsJson

if TYPE_CHECKING:
    from lake.catalogue import Lake

app = typer.Typer(help="The lake: events and marts in Apache Iceberg tables.", no_args_is_help=True)


@app.callback()
def lake() -> None:
    """The lake: events and marts in Apache Iceberg tables, for shops that outgrow one Postgres."""


@app.command()
def copy(
    to_lake: Annotated[
        bool, typer.Option("--to-lake", help="From Postgres: what arrived there since the last copy.")
    ] = False,
    to_postgres: Annotated[
        bool, typer.Option("--to-postgres", help="From the lake: everything that Postgres does not have.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy events between Postgres and the lake, row for row. Nothing is removed where it comes from.

    An event that is there already is known and stays. A copy that was interrupted is finished by starting it again.
    Months that `events archive` moved to files are not in Postgres: restore them first.
    """
    from core.errors import UserError
    from ingestion.lake_copying import Copied, copy_to_lake, copy_to_postgres

    if to_lake == to_postgres:
        raise UserError("Say where the events go: either --to-lake, or --to-postgres.")
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with _opened() as opened, Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("looking", total=None)

        def show(copied: Copied) -> None:
            of = f" of about {copied.total:,}" if copied.total else ""
            bar.update(task, description=f"{copied.read:,}{of} events read, {copied.stored:,} stored")

        copied = copy_to_lake(opened, progress=show) if to_lake else copy_to_postgres(opened, progress=show)
    if as_json:
        typer.echo(json.dumps(asdict(copied)))
        return
    typer.echo(
        f"{copied.read:,} events read: {copied.stored:,} stored, {copied.known:,} already known,"
        f" {copied.conflicting:,} with the id of another event, {copied.erased:,} of erased users left out"
    )


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show the tables of the lake: rows, files, size, snapshots."""
    with _opened() as opened:
        from lake.tables import tables

        found = tables(opened)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found]))
        return
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("table")
    for name in ("rows", "files", "MB", "snapshots"):
        shown.add_column(name, justify="right")
    for each in found:
        shown.add_row(
            each.name, f"{each.rows:,}", f"{each.files:,}", f"{each.size_bytes / 1e6:,.1f}", f"{each.snapshots:,}"
        )
    Console().print(shown)


@app.command()
def publish(
    tables: Annotated[
        list[str], typer.Argument(metavar="TABLE...", help="Tables of the lake, such as marts.user_features.")
    ],
    as_json: AsJson = False,
) -> None:
    """Put tables of the lake into Postgres, where services and the API read them: all of them at once, or none.

    Of a table with a column as_of, the newest day goes there.
    """
    from core.errors import UserError

    names = [tuple(each.split(".")) for each in tables]
    if any(len(name) != 2 for name in names):
        raise UserError("Name tables with their schema, such as marts.user_features.")
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with _opened() as opened, Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        from lake.publishing import publish as published

        task = bar.add_task("looking", total=None)

        def show(name: tuple[str, str], rows: int) -> None:
            bar.update(task, description=f"{rows:,} rows of {'.'.join(name)}")

        counts = published(opened, [(schema, name) for schema, name in names], progress=show)
    if as_json:
        typer.echo(json.dumps(counts))
        return
    for name, rows in counts.items():
        typer.echo(f"{rows:,} rows of {name} are in Postgres")


@app.command()
def upkeep(as_json: AsJson = False) -> None:
    """Put small files together, drop snapshots older than a week and files that nothing refers to.

    Dagster does the same every night (the job `lake_upkeep`).
    """
    from warehouse.database import Database
    from warehouse.locks import marts_lock

    with _opened() as opened, marts_lock(Database(opened.url)):
        from lake.upkeep import keep_up

        kept = keep_up(opened)
    if as_json:
        typer.echo(json.dumps(asdict(kept)))
        return
    typer.echo(
        f"{kept.compacted:,} files put together into {kept.made:,}, {kept.expired:,} snapshots expired,"
        f" {kept.removed:,} files removed"
    )


@contextmanager
def _opened() -> Iterator["Lake"]:
    from core.settings import read_settings
    from lake.names import warehouse_location
    from lake.opening import open_lake
    from standalone.stack import running_platform

    with running_platform(read_settings()) as platform:
        yield open_lake(platform.warehouse_url, warehouse_location(platform.settings.lake, platform.home.root))
