"""`customer-analyzer secrets`: making the secrets of a deployment, and replacing them while everything runs."""

import secrets
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Secrets: make those of a deployment, replace them while everything runs.", no_args_is_help=True)

KEYS = ("service-key", "bot-key")
PASSWORDS = (
    "postgres-password",
    "pipeline-password",
    "serving-password",
    "backend-password",
    "monitoring-password",
    "webhook-secret",
)
PUSH_KEY = "push-key"
"""By which push services know the platform; its public half goes into the API's settings."""


@app.command()
def make(folder: Annotated[Path, typer.Argument(help="Where the files go, as deploy/compose/secrets.")]) -> None:
    """Make the secrets that are missing in a folder, one file each. What is there stays as it is."""
    from core.api_keys import new_key
    from core.push_keys import ensure_push_key

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in (*PASSWORDS, *KEYS):
        file = folder / name
        if file.exists():
            continue
        file.write_text(new_key() if name in KEYS else secrets.token_urlsafe(32), encoding="utf-8")
        # A container's user, who is another one than the folder's owner, gets the file and cannot enter the folder.
        file.chmod(0o444)
        typer.echo(f"Made {file}.")
    public = ensure_push_key(folder / PUSH_KEY)
    (folder / PUSH_KEY).chmod(0o444)
    typer.echo(f"For push, set CUSTOMER_ANALYZER_PUSH_PUBLIC_KEY={public}")


@app.command()
def passwords() -> None:
    """Give every login in the home's password file a new password. What runs goes on, and reads the file by itself."""
    from cli.session import open_session
    from core.errors import OperationError
    from warehouse.logins import replace_passwords

    with open_session() as session:
        replaced = replace_passwords(session.platform.server, session.platform.home.passfile)
    if not replaced:
        raise OperationError("This home keeps no passwords for its server: see docs/security.md.")
    typer.echo(f"New passwords for {', '.join(replaced)}.")


@app.command("signing-key")
def signing_key(
    leaked: Annotated[bool, typer.Option("--leaked", help="Forget the other keys: their access tokens end.")] = False,
) -> None:
    """Sign access tokens with a new key from now on. Tokens of the old one are good until they expire."""
    from backend.access.store import add_signing_key, forget_other_signing_keys
    from cli.session import open_session
    from warehouse.database import Database, execute

    kid = secrets.token_hex(8)
    with open_session() as session, Database(session.platform.backend_url).transaction() as connection:
        execute(connection, add_signing_key(kid, secrets.token_bytes(32)))
        if leaked:
            execute(connection, forget_other_signing_keys(kid))
    typer.echo(f"Access tokens are signed with the key {kid}.")


@app.command("webhook-secret")
def webhook_secret(
    file: Annotated[Path, typer.Argument(help="The file that BACKEND_TELEGRAM_WEBHOOK_SECRET_FILE names.")],
    end: Annotated[bool, typer.Option("--end", help="Forget the old one, once Telegram sends the new one.")] = False,
) -> None:
    """Add a new webhook secret, which is printed for setWebhook; the API takes both until `--end`."""
    from core.errors import UserError

    known = file.read_text(encoding="utf-8").split()
    if not known:
        raise UserError(f"{file} holds no secret; make one with: customer-analyzer secrets make {file.parent}")
    kept = known[:1] if end else [secrets.token_urlsafe(32), *known[:1]]
    # In place: a container sees this file and would not see another one of the same name. Never empty, for its readers.
    with file.open("r+", encoding="utf-8") as open_file:
        open_file.write(" ".join(kept))
        open_file.truncate()
    typer.echo("The old secret is forgotten." if end else kept[0])
