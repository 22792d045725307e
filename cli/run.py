"""`customer-analyzer run`: the whole pipeline once, for one day, with progress and a closing table."""

import json
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.console import make_console, output_to
from cli.options import AsJson
from cli.session import Session, session_of
from core.errors import OperationError
from core.settings import read_settings
from orchestration.planning import plan_run
from standalone.stack import running_platform

if TYPE_CHECKING:
    from orchestration.pipeline import RunOutcome


def run(
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Use what was known when this day began. [default: day after the last event]"
        ),
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(help="Days ahead that the models predict. [default: 30]", show_default=False)
    ] = None,
    backtest: Annotated[
        bool, typer.Option(help="Also test the models at past cutoffs, which takes about as long as training them.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Run everything once: check events, build marts, train, judge, score, watch drift, deploy."""
    settings = read_settings()
    with running_platform(settings) as platform:
        session = session_of(platform)
        outcome = run_everything(
            session,
            None if as_of is None else as_of.date(),
            settings.horizon_days if horizon is None else horizon,
            backtest=backtest,
        )
        from cli.summary import recommender_line, summarize
        from cli.tables import models_table
        from ingestion.waiting import what_waits

        models, warnings = summarize(outcome, session.registry), what_waits(session.warehouse)
    if as_json:
        found = [asdict(model) for model in models]
        typer.echo(json.dumps({"as_of": outcome.as_of.isoformat(), "models": found, "warnings": warnings}))
    else:
        make_console().print(models_table(outcome, models))
        typer.echo(recommender_line(outcome))
        for warning in warnings:
            typer.echo(f"warning: {warning}")


def run_everything(session: Session, as_of: date | None, horizon_days: int, *, backtest: bool) -> "RunOutcome":
    """Runs the retrain job, or the quick one, with a progress bar. All other output goes to the home's log.

    Raises OperationError that names the first failed step and the log.
    """
    plan = plan_run(session.warehouse, as_of, horizon_days)
    # Only now: it loads all that the assets use, and a day that cannot be run is refused at once.
    from orchestration.pipeline import run_job

    log = session.platform.home.logs / "run.log"
    with output_to(log) as terminal:
        console = Console(file=terminal)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console) as progress:
            task = progress.add_task(f"as of {plan.as_of}, {plan.horizon_days} days ahead", total=None)
            outcome = run_job(
                "retrain" if backtest else "quick_retrain",
                plan,
                started_by="customer-analyzer run",
                steps=lambda total: progress.update(task, total=total),
                on_step=lambda step, _: progress.update(task, advance=1, description=step),
            )
    _raise_on_failure(outcome, log)
    return outcome


def _raise_on_failure(outcome: "RunOutcome", log: Path) -> None:
    if outcome.is_success:
        return
    first = outcome.failed[0]
    raise OperationError(f"Step {first.step} failed: {first.error} (the details are in {log}, run {outcome.run_id})")
