"""`customer-analyzer backup`: the key, one backup now, what there is, verifying it, and restoring to a moment."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson
from core.errors import UserError
from core.settings import Settings, read_settings

app = typer.Typer(
    help="Backups: create, list, verify, and restore to any moment. `up --backup-to DIR` makes them all the time.",
    no_args_is_help=True,
)

From = Annotated[
    Path | None,
    typer.Option("--from", metavar="DIR", help="The folder of the backups. [default: CUSTOMER_ANALYZER_BACKUP_TO]"),
]
Key = Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key that `backup key` wrote.")]
When = Annotated[
    str | None,
    typer.Option("--to", metavar="TIME", help="The moment, as in 2026-11-26T12:30:00 (UTC). [default: the newest]"),
]


def with_backups(settings: Settings, backup_to: Path | None) -> Settings:
    """The settings, with backups going to a folder where one is named."""
    if backup_to is None:
        return settings
    return Settings.model_validate({**settings.model_dump(), "backup_to": backup_to})


@app.command()
def key(
    private: Annotated[
        Path, typer.Argument(metavar="FILE", help="A new file, neither in the home nor in the backups.")
    ],
) -> None:
    """Make the key pair of this home's backups. Keep FILE on another machine: without it no backup can be opened."""
    from core.home import prepare_home
    from standalone.backups.keys import make_key_pair, public_key

    settings = read_settings()
    home = prepare_home(settings.home)
    fingerprint = make_key_pair(home, private.expanduser().absolute(), settings.backup_to)
    typer.echo(f"The private key {fingerprint} is in {private}. Move it to another machine; nothing here needs it.")
    typer.echo(f"The public key, which encrypts, is in {public_key(home)}.")


@app.command()
def create(
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder. [default: CUSTOMER_ANALYZER_BACKUP_TO]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a backup now, and remove those that are older than CUSTOMER_ANALYZER_BACKUP_DAYS (7) needs."""
    from rich.console import Console

    from core.home import prepare_home
    from standalone.backups.archiving import create_backup
    from standalone.backups.keys import keyring_of
    from standalone.stack import running_platform

    settings = with_backups(read_settings(), to)
    keyring_of(prepare_home(settings.home))
    with running_platform(settings) as platform, Console(stderr=True).status("Backing up"):
        made = create_backup(settings, platform.home, platform.server)
    if as_json:
        typer.echo(json.dumps(asdict(made), default=str))
    else:
        typer.echo(f"The backup {made.backup_id} is complete: {_size(made.size_bytes)} in {settings.backup_to}")


@app.command("list")
def list_backups(source: From = None, as_json: AsJson = False) -> None:
    """List the base backups, and which moments can be restored. Needs neither the key nor the database."""
    from core.home import Home
    from standalone.backups.barman import catalogue
    from standalone.backups.state import read_state

    settings = read_settings()
    home = Home(settings.home)
    found = [each for each in catalogue(_folder(settings, source)) if each.is_done]
    state = read_state(home)
    if as_json:
        typer.echo(json.dumps({"backups": [asdict(each) for each in found], "state": asdict(state)}, default=str))
        return
    for each in found:
        typer.echo(f"{each.backup_id}  {_moment(each.ended_at)}  {_size(each.size_bytes)}")
    if not found:
        typer.echo("There is no complete backup.")
        return
    typer.echo(f"Any moment since {_moment(found[-1].ended_at)} can be restored.")
    if state.archived_at:
        typer.echo(f"What this home committed until {_moment(state.archived_at)} is archived.")
    if state.begun_anew_at:
        typer.echo(
            f"The server dropped log that was not archived before {_moment(state.begun_anew_at)}: some moments before"
            " the next backup cannot be restored."
        )
    if state.problem:
        typer.echo(f"Last problem: {state.problem}")


@app.command()
def verify(
    key_file: Key,
    to: When = None,
    source: From = None,
    scratch: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where there is room for it. [default: the system's]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into a scratch server, count what is in it, and remove it again. The platform may be up."""
    from core.home import Home
    from standalone.backups.verifying import verify as verify_backup
    from warehouse.databases import SUPERUSER, given_server

    settings = read_settings()
    user = SUPERUSER if settings.database_url is None else given_server(settings.database_url).user
    found = verify_backup(_folder(settings, source), key_file, Home(settings.home), _time(to), user, scratch)
    if as_json:
        typer.echo(json.dumps(asdict(found), default=str))
    else:
        typer.echo(
            f"Restored in {found.seconds} s from the backup of {_moment(found.backup_at)}: {found.events} events of"
            f" {found.users} users, the last received {_moment(found.last_event_at)}; {found.files} files,"
            f" {found.model_versions} model versions; {found.erased_users} users are known as erased."
        )
    if found.missing_models:
        raise UserError(f"The files of these models are not in the backup: {', '.join(found.missing_models)}")


@app.command()
def restore(
    key_file: Key,
    to: When = None,
    source: From = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="For a server of your own: lay down its data folder here, and no home."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Restore this home to a moment. What is there now is moved beside it. Nothing that was due before is sent."""
    from core.home import Home
    from standalone.backups.restoring import restore_data, restore_home
    from standalone.backups.settling import settle as settle_platform
    from standalone.stack import running_platform

    settings = read_settings()
    folder, moment, home = _folder(settings, source), _time(to), Home(settings.home)
    if data is not None:
        backup = restore_data(folder, key_file, home, data.expanduser().absolute(), moment)
        typer.echo(
            f"{data} is laid down from {backup.backup_id}. Give it to the server's user, start the server on it,"
        )
        typer.echo(f"and before anything else: customer-analyzer backup settle --to {to or 'TIME'}")
        return
    if settings.database_url is not None:
        raise UserError("DATABASE_URL is set: name a folder for that server's data with --data.")
    if not yes:
        typer.confirm(f"Replace {home.root} by its backup as of {to or 'now'}?", abort=True, err=True)
    restored, earlier = restore_home(folder, key_file, home, moment, typer.echo)
    with running_platform(with_backups(settings, folder)) as platform:
        settled = settle_platform(platform, restored.moment, folder / "erasures.json")
    if restored.ends_before:
        typer.echo("The archive ends before that moment: everything that is in it was restored.")
    typer.echo(f"{home.root} is as of {_moment(restored.moment)}, restored in {restored.seconds} s.")
    for sentence in settled.sentences(restored.moment):
        typer.echo(f"- {sentence}.")
    if earlier is not None:
        typer.echo(f"The earlier home is in {earlier}; it holds data of users, so remove it when it is not needed.")
    if settled.found:
        raise typer.Exit(1)


@app.command()
def settle(
    to: Annotated[str, typer.Option("--to", metavar="TIME", help="The moment as of which the data is (UTC).")],
    source: From = None,
) -> None:
    """What `restore` does after the data is there; by itself for a server of your own, before the platform is up."""
    from standalone.backups.settling import settle as settle_platform
    from standalone.stack import running_platform

    settings = read_settings()
    moment = _time(to)
    assert moment is not None  # noqa: S101 (a text is given)
    with running_platform(settings) as platform:
        settled = settle_platform(platform, moment, _folder(settings, source) / "erasures.json")
    for sentence in settled.sentences(moment):
        typer.echo(f"- {sentence}.")
    if settled.found:
        raise typer.Exit(1)


def _folder(settings: Settings, source: Path | None) -> Path:
    folder = source or settings.backup_to
    if folder is None:
        raise UserError("Say where the backups are: --from DIR, or CUSTOMER_ANALYZER_BACKUP_TO.")
    return folder.expanduser().absolute()


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{text} is no moment; write it as in 2026-11-26T12:30:00 (UTC).") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _moment(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1024**2:.1f} MiB"
