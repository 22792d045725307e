"""`customer-analyzer keys`: who may call the services."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from cli.options import AsJson

app = typer.Typer(help="Keys for the services: every caller needs one.", no_args_is_help=True)


@app.command()
def create(name: Annotated[str, typer.Argument(help="Whose key it is, such as telegram-bot.")]) -> None:
    """Create a key and print it once; only its hash is stored."""
    from cli.session import open_session
    from serving.key_ring import digest_of, new_key
    from warehouse.service_keys import add_service_key

    key = new_key()
    with open_session() as session:
        key_id = session.warehouse.run(add_service_key(name, digest_of(key)))
    typer.echo(f"Key {key_id} of {name}; it is shown only once, and is valid within seconds:", err=True)
    typer.echo(key)


@app.command()
def local() -> None:
    """Print the key with which this home's own commands call the services. It is created if there is none."""
    from cli.session import open_session
    from standalone.local_key import ensure_local_key

    with open_session() as session:
        typer.echo(ensure_local_key(session.platform))


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Show all keys, their owners, and which are revoked."""
    from rich.table import Table

    from cli.console import make_console
    from cli.session import open_session
    from warehouse.service_keys import service_keys

    with open_session() as session:
        keys = session.warehouse.run(service_keys())
    if as_json:
        typer.echo(json.dumps([asdict(key) for key in keys], default=str))
        return
    table = Table()
    for heading in ("id", "name", "created", "revoked"):
        table.add_column(heading)
    for key in keys:
        table.add_row(str(key.key_id), key.name, str(key.created_at), str(key.revoked_at or ""))
    make_console().print(table)


@app.command()
def revoke(key_id: Annotated[int, typer.Argument(help="The id that `keys list` shows.")]) -> None:
    """Revoke a key; services stop accepting it within seconds."""
    from cli.session import open_session
    from core.errors import UserError
    from warehouse.service_keys import revoke_service_key

    with open_session() as session:
        if not session.warehouse.run(revoke_service_key(key_id)):
            raise UserError(f"There is no valid key {key_id}; see: customer-analyzer keys list")
    typer.echo(f"Key {key_id} is revoked.")
