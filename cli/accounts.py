"""`customer-analyzer accounts`: the people who sign in to the API."""

import getpass
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson

if TYPE_CHECKING:
    from backend.accounts.store import Account
    from warehouse.database import Statement

app = typer.Typer(help="The people who sign in to the API.", no_args_is_help=True)

EmailArgument = Annotated[str, typer.Argument(metavar="EMAIL", help="The address that the account signs in with.")]


@app.command("create-admin")
def create_admin(
    email: EmailArgument,
    name: Annotated[str | None, typer.Option(help="What people call it; the address if left out.")] = None,
) -> None:
    """Make an account that may do everything. Its password is asked for, or read from standard input."""
    from backend.access.permissions import Role
    from backend.accounts.store import add_account
    from cli.session import open_session
    from core.errors import UserError
    from warehouse.database import Database, execute

    if "@" not in email.strip("@"):
        raise UserError(f"{email} is not an e-mail address.")
    hashed = _hashed_password(email)
    with open_session() as session, Database(session.platform.backend_url).transaction() as connection:
        account_id = execute(connection, add_account(email, name or email, Role.ADMIN, hashed))
        if account_id is None:
            raise UserError(f"There is an account {email}; give it a new password with: accounts reset {email}")
        execute(connection, _recorded("account:create", str(account_id), {"email": email, "role": "admin"}))
    typer.echo(f"{email} may sign in.")


@app.command("list")
def list_accounts(as_json: AsJson = False) -> None:
    """Show all accounts: what they may do, and which are disabled."""
    from rich.table import Table

    from backend.accounts.store import accounts
    from cli.console import make_console
    from cli.session import open_session
    from warehouse.database import Database

    with open_session() as session:
        found = Database(session.platform.backend_url).run(accounts())
    if as_json:
        shown = [{key: value for key, value in asdict(each).items() if key != "password_hash"} for each in found]
        typer.echo(json.dumps(shown, default=str))
        return
    table = Table()
    for heading in ("e-mail", "name", "role", "created", "disabled"):
        table.add_column(heading)
    for each in found:
        table.add_row(each.email, each.name, each.role, str(each.created_at), str(each.disabled_at or ""))
    make_console().print(table)


@app.command()
def disable(email: EmailArgument) -> None:
    """Keep an account out: its sessions end and its keys are revoked."""
    from backend.accounts.store import change_account
    from backend.auth.sessions import end_sessions
    from cli.session import open_session
    from warehouse.api_keys import narrow_api_keys
    from warehouse.database import Database, execute

    with open_session() as session, Database(session.platform.backend_url).transaction() as connection:
        account = _there(execute(connection, _account(email)), email)
        execute(connection, change_account(account.account_id, account.name, account.role, is_disabled=True))
        execute(connection, end_sessions(account.account_id, "disabled"))
        execute(connection, narrow_api_keys(account.account_id, ()))
        execute(connection, _recorded("account:change", str(account.account_id), {"is_disabled": True}))
    typer.echo(f"{email} may no longer sign in; open sessions are refused within seconds.")


@app.command()
def reset(email: EmailArgument) -> None:
    """Give an account a new password and end its sessions. The password is asked for, or read from standard input."""
    from backend.accounts.store import set_password
    from backend.auth.sessions import end_sessions
    from cli.session import open_session
    from warehouse.database import Database, execute

    hashed = _hashed_password(email)
    with open_session() as session, Database(session.platform.backend_url).transaction() as connection:
        account = _there(execute(connection, _account(email)), email)
        execute(connection, set_password(account.account_id, hashed))
        execute(connection, end_sessions(account.account_id, "password"))
        execute(connection, _recorded("account:change", str(account.account_id), {"password": "new"}))
    typer.echo(f"{email} has a new password.")


def _account(email: str) -> "Statement[Account | None]":
    from backend.accounts.store import account_of

    return account_of(email)


def _there(account: "Account | None", email: str) -> "Account":
    from core.errors import UserError

    if account is None:
        raise UserError(f"There is no account {email}; see: customer-analyzer accounts list")
    return account


def _hashed_password(email: str) -> str:
    """The hash of a password that a person types twice, or that a program sends as one line. Never an argument."""
    from backend.accounts.passwords import fault_of, hashed
    from core.errors import UserError

    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    fault = fault_of(password, email)
    if fault is not None:
        raise UserError(f"The password {fault}.")
    return hashed(password)


def _recorded(action: str, account_id: str, after: dict[str, object]) -> "Statement[int]":
    from backend.audit.store import add_entry

    return add_entry("cli", getpass.getuser(), "", "", action, f"account:{account_id}", None, after, "done")
