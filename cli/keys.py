"""`customer-analyzer keys`: the keys with which machines call the API and the services."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.options import AsJson

app = typer.Typer(help="Keys for the API and the services: every machine that calls needs one.", no_args_is_help=True)

DEFAULT_SCOPES = ["events:write", "predictions:read"]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is, such as telegram-bot.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help=f"A permission, such as users:read; may be repeated. Default: {' and '.join(DEFAULT_SCOPES)}."
        ),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="How long it is valid; for good if left out.")
    ] = None,
) -> None:
    """Create a key and print it once; only its hash is stored."""
    from backend.access.permissions import KEY_SCOPES
    from cli.session import open_session
    from core.api_keys import HINT_LENGTH, digest_of, new_key
    from core.errors import UserError
    from warehouse.api_keys import add_api_key
    from warehouse.database import Database

    scopes = scope or DEFAULT_SCOPES
    unknown = sorted(set(scopes) - set(KEY_SCOPES))
    if unknown:
        raise UserError(
            f"A key cannot have the scope {', '.join(unknown)}; choose from {', '.join(sorted(KEY_SCOPES))}."
        )
    key = new_key()
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with open_session() as session:
        stored = add_api_key(name, digest_of(key), scopes, hint=key[:HINT_LENGTH], expires_at=expires_at)
        key_id = Database(session.platform.backend_url).run(stored)
    typer.echo(f"Key {key_id} of {name}, for {', '.join(sorted(scopes))}; it is shown only once:", err=True)
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
    """Show all keys: whose they are, what they may do, and which are revoked."""
    from rich.table import Table

    from cli.console import make_console
    from cli.session import open_session
    from warehouse.api_keys import api_keys
    from warehouse.database import Database

    with open_session() as session:
        keys = Database(session.platform.backend_url).run(api_keys())
    if as_json:
        typer.echo(json.dumps([asdict(key) for key in keys], default=str))
        return
    table = Table()
    for heading in ("id", "name", "scopes", "created", "expires", "last used", "revoked"):
        table.add_column(heading)
    for key in keys:
        times = (key.created_at, key.expires_at, key.last_used_at, key.revoked_at)
        table.add_row(str(key.key_id), key.name, " ".join(key.scopes), *(str(time or "") for time in times))
    make_console().print(table)


@app.command()
def revoke(key_id: Annotated[int, typer.Argument(help="The id that `keys list` shows.")]) -> None:
    """Revoke a key; it is refused within seconds."""
    from cli.session import open_session
    from core.errors import UserError
    from warehouse.api_keys import revoke_api_key
    from warehouse.database import Database

    with open_session() as session:
        if not Database(session.platform.backend_url).run(revoke_api_key(key_id)):
            raise UserError(f"There is no valid key {key_id}; see: customer-analyzer keys list")
    typer.echo(f"Key {key_id} is revoked.")
