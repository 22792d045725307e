"""`customer-analyzer marts`: features and labels of past days."""

import json
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.options import AsJson

app = typer.Typer(help="Features and labels of past days.", no_args_is_help=True)


@app.callback()
def marts() -> None:
    """Features and labels of past days."""


@app.command()
def backfill(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day.")],
    every: Annotated[int, typer.Option(metavar="DAYS", help="Days between two snapshots.")] = 1,
    horizon: Annotated[
        int | None, typer.Option(metavar="DAYS", help="The horizon of the labels. [default: 30]", show_default=False)
    ] = None,
    days_a_pass: Annotated[int, typer.Option(metavar="DAYS", help="The number of days that are built at once.")] = 13,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Also build what is there and still true.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build features and labels as of every day of a range. What is there and still true is left as it is.

    It may be stopped at any time, and continues when it is started again.
    """
    from cli.console import output_to
    from cli.session import open_session
    from core.settings import read_settings
    from dbt_project import PROJECT
    from orchestration.backfill import backfill as built_by_postgres
    from orchestration.backfill import backfill_days, backfill_with_spark, passes

    days = backfill_days(first.date(), last.date(), every)
    passes(days, days_a_pass)
    horizon_days = read_settings().horizon_days if horizon is None else horizon
    with open_session() as session:
        home, settings = session.platform.home, session.platform.settings
        if settings.engine == "postgres":
            built = partial(built_by_postgres, session.warehouse)
        else:
            built = partial(backfill_with_spark, session.warehouse, settings, home)
        with output_to(home.logs / "backfill.log") as terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            with Progress(*columns, console=Console(file=terminal)) as bar:
                task = bar.add_task(f"as of {days[0]} to {days[-1]}", total=len(days))
                found = built(
                    PROJECT,
                    home.dbt_target / "backfill",
                    days,
                    horizon_days,
                    days_a_pass=days_a_pass,
                    rebuild=rebuild,
                    progress=lambda done: bar.update(task, completed=done),
                )
    if as_json:
        typer.echo(json.dumps(asdict(found)))
    else:
        typer.echo(f"{found.days} days: {found.built} built, {found.days - found.built} there already")
