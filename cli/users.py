"""`customer-analyzer users`: export or erase what is held about one user."""

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="One user's data: export it, erase it.", no_args_is_help=True)

UserArgument = Annotated[str, typer.Argument(metavar="USER", help="The user's id, as in the events.")]


@app.command()
def export(
    user: UserArgument,
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="Write to a file instead of the terminal.")] = None,
) -> None:
    """Print everything that is held about a user as JSON: events, quarantined rows, features, labels, scores,
    ledger."""
    from core.errors import UserError
    from core.home import write_private
    from core.settings import read_settings
    from privacy.export import export_user
    from standalone.stack import running_platform
    from warehouse.database import Database

    if to is not None and not to.parent.is_dir():
        raise UserError(f"The folder {to.parent} does not exist; make it, or write somewhere else with --to.")
    with running_platform(read_settings()) as platform:
        warehouse = Database(platform.warehouse_url)
        with closing(export_user(warehouse, platform.home, user)) as pieces:
            if to is None:
                sys.stdout.writelines(pieces)
            else:
                write_private(to, pieces)
                typer.echo(f"Everything held about {user} is in {to}")


@app.command()
def erase(
    user: UserArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a user everywhere, for good, and print the receipt as JSON. Repeating it completes an interrupted erasure.

    An import of an old file does not bring the user back. Models that learned from the user are listed, not changed.
    """
    from cli.session import open_session
    from privacy.erasure import erase_user
    from registry.trained_versions import registered_versions
    from warehouse.databases import DAGSTER, MLFLOW

    if not yes:
        typer.confirm(f"Erase everything about {user}? This cannot be undone.", abort=True, err=True)
    with open_session() as session:
        others = [session.platform.access.pipeline.url(name) for name in (DAGSTER, MLFLOW)]
        versions = registered_versions(session.registry)
        receipt = erase_user(session.warehouse, session.platform.home, user, versions, others)
    typer.echo(json.dumps(receipt.to_dict(), indent=2))
    if receipt.found:
        typer.echo("The id is still found where `found` says; remove it there, then erase the user again.", err=True)
        raise typer.Exit(1)
