"""`customer-analyzer experiments control`: the global control group."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from cli.options import AsJson

app = typer.Typer(help="Experiments: the users whom no campaign reaches.", no_args_is_help=True)


@app.callback()
def experiments() -> None:
    """Experiments: the users whom no campaign reaches."""


@app.command()
def control(
    share: Annotated[
        float | None,
        typer.Option(metavar="PERCENT", min=1, max=10, help="Make the group this many percent of all users."),
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="End the group: campaigns may reach everybody.")] = False,
    redraw: Annotated[
        bool, typer.Option("--redraw", help="With --share: draw other users. A group that grows keeps its members.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show or change the global control group: a share of all users whom no campaign reaches.

    What they buy beside all others shows what all campaigns together do. While a campaign uses the group it cannot be
    changed.
    """
    from getpass import getuser

    from backend.audit.store import add_entry
    from cli.session import open_session
    from core.errors import UserError
    from warehouse.database import Database, execute, execute_steps
    from warehouse.experiments import global_control, global_control_uses, set_global_control

    if (end and share is not None) or (redraw and share is None):
        raise UserError("Use --share PERCENT, with --redraw if you like, or --end alone.")
    with open_session() as session, Database(session.platform.backend_url).transaction() as connection:
        if end or share is not None:
            wanted = None if share is None else share / 100
            if uses := execute_steps(connection, set_global_control(wanted, getuser(), redraw=redraw)):
                raise UserError(f"The group is used by {', '.join(uses)} and cannot be changed before that has ended.")
            after = {"share": wanted, "is_redrawn": redraw}
            execute(
                connection,
                add_entry("cli", getuser(), "", "", "experiment:control", "global control", None, after, "done"),
            )
        group, uses = execute(connection, global_control()), execute(connection, global_control_uses())
    if as_json:
        typer.echo(json.dumps({"group": None if group is None else asdict(group), "used_by": uses}, default=str))
        return
    if group is None:
        typer.echo("There is no global control group: campaigns may reach everybody.")
        return
    typer.echo(
        f"{group.share:.2%} of all users are in the global control group, since {group.begun_at:%Y-%m-%d %H:%M} UTC,"
        f" by {group.begun_by}."
    )
    typer.echo(f"It is used by {', '.join(uses)}, and locked." if uses else "No campaign uses it.")
