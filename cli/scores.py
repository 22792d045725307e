"""`customer-analyzer scores`: export batch scores."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.options import ModelArgument

app = typer.Typer(help="Batch scores of every user.", no_args_is_help=True)


@app.command()
def export(
    model: ModelArgument,
    to: Annotated[Path, typer.Option(help="The Parquet file to write.")],
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day of the scores. [default: the newest]", show_default=False),
    ] = None,
) -> None:
    """Write the scores of one model and day to a Parquet file."""
    from cli.session import open_session
    from core.errors import UserError
    from warehouse.scores import newest_scored_day, read_scores, scored_days

    if not to.parent.is_dir():
        raise UserError(f"The folder {to.parent} does not exist; make it, or write somewhere else with --to.")
    with open_session() as session:
        warehouse = session.warehouse
        day = warehouse.run(newest_scored_day(model)) if as_of is None else as_of.date()
        scores = None if day is None else read_scores(warehouse, model, day)
        if scores is None or scores.is_empty():
            known = ", ".join(str(known) for known in warehouse.run(scored_days(model))) or "none yet"
            raise UserError(
                f"There are no {model} scores as of {day or 'any day'} (there are: {known}); "
                "make them with: customer-analyzer run"
            )
        scores.write_parquet(to)
    typer.echo(f"{scores.height:,} {model} scores as of {day} are in {to}")
