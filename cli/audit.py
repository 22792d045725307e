"""`customer-analyzer audit`: whether the log of who did what is whole, and how long it is kept."""

from typing import Annotated

import typer

from warehouse.retention import KEPT_MONTHS

app = typer.Typer(help="The audit log: who changed what, and who looked at whom.", no_args_is_help=True)


@app.command()
def verify() -> None:
    """Look for changed, added and missing rows. Ends with 1 if there is one."""
    from backend.audit.chain import verify as verify_chain
    from cli.session import open_session
    from warehouse.database import Database

    with open_session() as session, Database(session.platform.backend_url).transaction() as connection:
        verdict = verify_chain(connection)
    if verdict.fault is not None:
        typer.echo(f"{verdict.fault} The {verdict.rows} rows before it are as they were written.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{verdict.rows} rows are as they were written. The last is {verdict.last_sequence}:")
    typer.echo(verdict.last_sha256.hex())


@app.command()
def trim(
    months: Annotated[int, typer.Option(min=12, help="How many whole months are kept, beside this one.")] = KEPT_MONTHS,
) -> None:
    """Drop the months of the log that need not be kept any longer. Dagster does so on the first of every month."""
    from cli.session import open_session
    from warehouse.database import execute
    from warehouse.databases import WAREHOUSE
    from warehouse.retention import trim_audit

    with open_session() as session, session.platform.server.connect(WAREHOUSE) as connection:
        dropped = execute(connection, trim_audit(months))
    typer.echo(f"{dropped} months were dropped.")
