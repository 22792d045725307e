"""`customer-analyzer users`: export or erase what is held about one user, join two ids of one person."""

import json
import sys
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.exclusions import exclude, excluded, include, unusual

app = typer.Typer(
    help="Users: export or erase one's data, merge two ids, leave test accounts and bots out.", no_args_is_help=True
)
for command in (exclude, include, excluded, unusual):
    app.command()(command)

UserArgument = Annotated[str, typer.Argument(metavar="USER", help="The user's id, as in the events.")]
OldArgument = Annotated[str, typer.Argument(metavar="OLD", help="The old id, as in the events.")]
Since = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        metavar="DAY",
        help="The day on which this became known (UTC), for events of the past. [default: today]",
        show_default=False,
    ),
]


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

    With the user go all ids that are merged with this one. An import of an old file does not bring them back. Models
    that learned from the user are listed, not changed.
    """
    from cli.session import open_session
    from privacy.persons import erase_person
    from registry.trained_versions import registered_versions
    from warehouse.databases import DAGSTER, MLFLOW
    from warehouse.user_aliases import ids_of_person

    with open_session() as session:
        if not yes:
            _, *merged = session.warehouse.run(ids_of_person(user))
            also = f", who is also {', '.join(merged)}" if merged else ""
            typer.confirm(f"Erase everything about {user}{also}? This cannot be undone.", abort=True, err=True)
        others = [session.platform.access.pipeline.url(name) for name in (DAGSTER, MLFLOW)]
        versions = registered_versions(session.registry)
        receipt = erase_person(session.warehouse, session.platform.home, user, versions, others)
    typer.echo(json.dumps(receipt.to_dict(), indent=2))
    if receipt.found:
        typer.echo("The id is still found where `found` says; remove it there, then erase the user again.", err=True)
        raise typer.Exit(1)


@app.command()
def merge(
    old: OldArgument,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The id under which both are shown from then on.")],
    since: Since = None,
) -> None:
    """Join two ids of one person: features, labels and scores show both as one user, under the new id.

    Only what is known from that day on changes; snapshots of earlier days stay as they are, and so do the events.
    `users unmerge OLD` undoes it.
    """
    from getpass import getuser

    from cli.session import open_session
    from privacy.persons import merge_users
    from warehouse.events import event_range

    with open_session() as session:
        joined = merge_users(session.warehouse, old, new, getuser(), _day(since))
        last = event_range(session.warehouse).last
    ids = _listed(each for each in joined.ids if each != joined.shown_as)
    typer.echo(f"Snapshots as of {_next_day(joined.known_at)} and later show {ids} as {joined.shown_as}.")
    typer.echo(_when_it_counts(joined.known_at, last))


@app.command()
def unmerge(old: OldArgument, since: Since = None) -> None:
    """Undo a merge: the old id is a user of its own again. Snapshots of the days in between stay as they are."""
    from cli.session import open_session
    from privacy.persons import unmerge_user
    from warehouse.events import event_range

    with open_session() as session:
        joined = unmerge_user(session.warehouse, old, _day(since))
        last = event_range(session.warehouse).last
    typer.echo(
        f"Snapshots as of {_next_day(joined.known_at)} and later show {old} apart from {joined.shown_as}, whom it was"
        " merged into."
    )
    typer.echo(_when_it_counts(joined.known_at, last))


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _next_day(moment: datetime) -> date:
    return moment.astimezone(UTC).date() + timedelta(days=1)


def _when_it_counts(known_at: datetime, last_event: date) -> str:
    if _next_day(known_at) <= last_event + timedelta(days=1):
        return "Earlier ones stay as they are. The next run builds what has changed."
    return (
        f"Earlier ones stay as they are, and so does a run as of the day after the newest event ({last_event}). If this"
        " was known on a day of the past, say so: --since DAY"
    )


def _listed(names: Iterable[str]) -> str:
    *first, last = sorted(names)
    return f"{', '.join(first)} and {last}" if first else last
