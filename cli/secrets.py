"""`customer-analyzer secrets`: making the secrets of a deployment."""

import secrets
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The secrets of a deployment.", no_args_is_help=True)

KEYS = ("service-key", "bot-key")
PASSWORDS = ("postgres-password", "pipeline-password", "serving-password", "backend-password", "webhook-secret")


@app.callback()
def _group() -> None:
    """Keeps the group a group while it has one command."""


@app.command()
def make(folder: Annotated[Path, typer.Argument(help="Where the files go, as deploy/compose/secrets.")]) -> None:
    """Make the secrets that are missing in a folder, one file each. What is there stays as it is."""
    from core.api_keys import new_key

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
