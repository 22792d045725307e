"""`customer-analyzer replica`: promoting the replica that `up --replica` keeps, when the primary is lost."""

import typer

from core.settings import read_settings

app = typer.Typer(
    help="The replica that `up --replica` keeps: promote it, and put it in the primary's place.", no_args_is_help=True
)


@app.command()
def promote() -> None:
    """Make the running replica writable now. The primary must not run: both would take events."""
    from core.errors import UserError
    from core.home import Home
    from standalone.postgres import running_postmaster
    from standalone.replica import promote as promote_replica
    from standalone.replica import replica_of

    home = Home(read_settings().home)
    if running_postmaster(home) is not None:
        raise UserError(
            "The primary runs. Stop it with `customer-analyzer down`; then: customer-analyzer replica take-over"
        )
    seconds = promote_replica(home)
    server = replica_of(home)
    port = "" if server is None else f" on port {server.port}"
    typer.echo(f"The replica is writable{port} after {seconds:.2f} s.")
    typer.echo("Then put it in the primary's place: customer-analyzer down; customer-analyzer replica take-over")


@app.command("take-over")
def take_over() -> None:
    """Put the replica's data in the primary's place, promoted. Nothing of the home may run; `up` starts it again."""
    from core.home import Home
    from standalone.replica import take_over as put_in_place

    earlier = put_in_place(Home(read_settings().home))
    typer.echo(f"The replica is the primary now. The earlier data is in {earlier}; remove it when it is not needed.")
