"""`customer-analyzer events`: import events, check them, and archive old ones.

Belongs here: options, progress and the closing table. Does not belong here: reading, storing and moving events
(`ingestion`).
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from cli.consuming import consume_events
from cli.importing import guess_file, import_files, import_with_progress, show_import
from cli.options import AsJson
from cli.rates import bring_rates
from core.settings import read_settings
from standalone.stack import running_platform

if TYPE_CHECKING:
    import polars as pl


app = typer.Typer(help="Events in and out: import, check, simulate a shop, archive old months.", no_args_is_help=True)


@app.callback()
def events() -> None:
    """Events in and out: import, check, simulate a shop, archive old months."""


app.command("import")(import_files)
app.command("guess")(guess_file)
app.command("rates")(bring_rates)
app.command("consume")(consume_events)


@app.command()
def simulate(
    users: Annotated[int, typer.Option(help="The number of users.")] = 1_000,
    days: Annotated[int, typer.Option(help="The number of days.")] = 180,
    seed: Annotated[int, typer.Option(help="The same seed gives the same events.")] = 0,
    load: Annotated[bool, typer.Option("--load", help="Load them into this home.")] = False,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write them to a .parquet, .csv or .jsonl file.")
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the truth about each user to a .parquet, .csv or .jsonl file: the true probability of a "
            "purchase and of churn, and the true effect of a notification, as of the day after the last and of every "
            "day whole horizons before it.",
        ),
    ] = None,
    horizon: Annotated[int, typer.Option(metavar="DAYS", help="The horizon of the true probabilities.")] = 30,
    drift: Annotated[
        str | None,
        typer.Option(
            metavar="KIND@DAY",
            help="What changes from a day on (the first is 0). sources: most users move from Telegram to the mobile "
            "app; activity: users come half as often; churn: users leave twice as fast.",
        ),
    ] = None,
    late: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of events received hours to months after they occurred.")
    ] = 0.0,
    duplicates: Annotated[float, typer.Option(metavar="SHARE", help="Share of events sent twice.")] = 0.0,
    bad: Annotated[
        float,
        typer.Option(metavar="SHARE", help="Share of events that are also sent as a copy that breaks the contract."),
    ] = 0.0,
) -> None:
    """Simulate the events of a Telegram shop, and load them or write them to a file.

    Everything is synthetic. A fifth of the users are a control group: campaigns notify the others (notification_sent)
    and are withheld from them (notification_withheld).
    """
    from core.errors import UserError
    from ingestion import Profile
    from simulator import Faults, draw_population, parse_drift, truth_by_horizon, write
    from simulator import simulate as simulated

    if load == (to is not None):
        raise UserError("Say what to do with the events: either --load, or --to FILE.")
    change = None if drift is None else parse_drift(drift)
    frames = simulated(users, days, seed, drift=change, faults=Faults(late, duplicates, bad))
    if truth is not None:
        population = draw_population(users, days, seed, drift=change)
        rows = write(truth_by_horizon(population, days, horizon), truth)
        typer.echo(f"{rows:,} rows of truth about synthetic users are in {truth}")
    if to is not None:
        typer.echo(f"{_write_with_progress(frames, to):,} synthetic events are in {to}")
        return
    settings = read_settings()
    with running_platform(settings) as platform, TemporaryDirectory(dir=platform.home.root) as folder:
        file = Path(folder) / f"simulated-{users}-users-{days}-days-seed-{seed}.parquet"
        _write_with_progress(frames, file)
        results = import_with_progress(platform.warehouse_url, [file], Profile())
    show_import(Console(), results)


@app.command()
def archive(
    before: Annotated[
        datetime, typer.Option(formats=["%Y-%m"], metavar="YYYY-MM", help="Months before this one are moved.")
    ],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the files go, one a month.")],
) -> None:
    """Move old months out of the database into Parquet files. Marts and scores made from them stay.

    Each file is read back and compared before its month is dropped. Late events of an archived month are refused.
    """
    from ingestion.archive import Archive, archive_months
    from warehouse.database import Database

    def show(archive: Archive) -> None:
        typer.echo(f"{archive.rows:,} events of {archive.month:%Y-%m} are in {archive.path}")

    with running_platform(read_settings()) as platform:
        if not archive_months(Database(platform.warehouse_url), before.date(), to, progress=show):
            typer.echo(f"There are no events before {before:%Y-%m}.")


@app.command()
def restore(files: Annotated[list[Path], typer.Argument(help="Files that `events archive` wrote.")]) -> None:
    """Bring archived months back exactly as they were, without users who have been erased since."""
    from ingestion.archive import restore_files

    with running_platform(read_settings()) as platform:
        for month in restore_files(platform.warehouse_url, files):
            left_out = f", {month.erased:,} of erased users left out" if month.erased else ""
            waiting = f", {month.waiting:,} in quarantine, waiting for rates" if month.waiting else ""
            typer.echo(f"{month.rows:,} events of {month.month:%Y-%m} are back{left_out}{waiting}")


@app.command()
def check(
    accept: Annotated[
        bool, typer.Option("--accept", help="Accept the new rows, and treat them as usual from now on.")
    ] = False,
    refuse: Annotated[
        bool,
        typer.Option("--refuse", help="Move the faulty rows to quarantine, so that repaired ones can be imported."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check the rows that are new since the last check against the contract, and against what is usual."""
    from core.errors import OperationError, UserError
    from ingestion.contract_check import check_new_events, refuse_new_events
    from warehouse.database import Database

    if accept and refuse:
        raise UserError("Rows are either accepted or refused: give --accept or --refuse, not both.")
    with running_platform(read_settings()) as platform:
        warehouse = Database(platform.warehouse_url)
        refused = refuse_new_events(warehouse) if refuse else 0
        found = check_new_events(warehouse, accept=accept)
    if as_json:
        typer.echo(json.dumps({**asdict(found), "refused": refused}))
    else:
        if refuse:
            typer.echo(f"{refused:,} rows are in quarantine now; `customer-analyzer events quarantine` says why")
        for warning in found.warnings:
            typer.echo(f"warning: {warning}")
        if found.success:
            typer.echo(found.sentence)
    if not found.success:
        raise OperationError(found.sentence)


@app.command()
def quarantine(as_json: AsJson = False) -> None:
    """Show why rows are in quarantine: the number of rows by file and reason."""
    from warehouse.database import Database

    with running_platform(read_settings()) as platform:
        rows = Database(platform.warehouse_url).frame(
            "with found as (select coalesce(file_name, '(no file)') as file, waits_for,"
            " case when waits_for is null then reason end as fault, left(row ->> 'occurred_at', 10) as day"
            " from raw.events_quarantine left join raw.imports using (import_id) where repaired_at is null)"
            " select file, coalesce(fault, format('amount is in %s, which has no rate for its day (%s to %s)',"
            " waits_for, min(day), max(day))) as reason, count(*) as rows"
            " from found group by file, waits_for, fault order by 3 desc, 1, 2"
        )
    if as_json:
        typer.echo(json.dumps(rows.to_dicts()))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows.columns:
        table.add_column(name, justify="right" if name == "rows" else "left", overflow="fold")
    for file, reason, count in rows.iter_rows():
        table.add_row(file, reason, f"{count:,}")
    Console().print(table)


def _write_with_progress(frames: "Iterable[pl.DataFrame]", file: Path) -> int:
    from simulator import write

    columns = (SpinnerColumn(), TextColumn("simulating {task.completed:,} events"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        return write(frames, file, progress=lambda rows: bar.update(task, completed=rows))
