"""`customer-analyzer users exclude | include | excluded | unusual`: who is left out of learning and campaigns.

Belongs here: options and printing. Does not: what it changes (`warehouse.excluded_users`).
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.options import AsJson

Users = Annotated[list[str], typer.Argument(metavar="USER...", help="The users' ids, as in the events.")]
EventsADay = Annotated[
    int, typer.Option(metavar="N", min=1, help="More events than this on one day are more than a person makes.")
]
_MANY_EVENTS = 1_000


def exclude(
    users: Annotated[
        list[str] | None, typer.Argument(metavar="[USER...]", help="The users' ids, as in the events.")
    ] = None,
    unusual: Annotated[bool, typer.Option("--unusual", help="All users whom `users unusual` lists.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "excluded by hand",
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="The first day whose population they are no part of. [default: today]",
            show_default=False,
        ),
    ] = None,
    events_a_day: EventsADay = _MANY_EVENTS,
) -> None:
    """Leave test accounts and bots out of learning, scores and campaigns. `users include` undoes it.

    Their events stay, and so does what was learned and scored as of earlier days.
    """
    from getpass import getuser

    from cli.session import open_session
    from core.errors import UserError
    from warehouse import excluded_users
    from warehouse.excluded_users import Exclusion
    from warehouse.user_aliases import ids_of_person

    if bool(users) == unusual:
        raise UserError("Say whom to leave out: either their ids, or --unusual.")
    with open_session() as session:
        warehouse = session.warehouse
        if unusual:
            chosen = warehouse.run(excluded_users.unusual_users(events_a_day))
        else:
            day = (since or datetime.now(UTC)).date()
            ids = [name for user in users or [] for name in warehouse.run(ids_of_person(user))]
            chosen = [Exclusion(name, day, reason) for name in dict.fromkeys(ids)]
        added = warehouse.run(excluded_users.exclude(chosen, getuser())) if chosen else 0
    typer.echo(f"{added:,} more users are left out, {len(chosen) - added:,} were already; `users excluded` lists all.")


def include(users: Users) -> None:
    """Take users back into learning, scores and campaigns."""
    from cli.session import open_session
    from warehouse import excluded_users
    from warehouse.user_aliases import ids_of_person

    with open_session() as session:
        ids = {name for user in users for name in session.warehouse.run(ids_of_person(user))}
        back = session.warehouse.run(excluded_users.include(ids))
    typer.echo(f"{back:,} users are back from the next run on.")


def excluded(as_json: AsJson = False) -> None:
    """List the users who are left out of learning and campaigns: since when, why, and who said so."""
    from cli.session import open_session
    from warehouse.excluded_users import excluded_users

    with open_session() as session:
        found = session.warehouse.run(excluded_users())
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], default=str))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("user", "left out as of", "why", "by", "when (UTC)"):
        table.add_column(name, overflow="fold")
    for each in found:
        when = f"{each.excluded_at.astimezone(UTC):%Y-%m-%d %H:%M}"
        table.add_row(each.user_id, str(each.since), each.reason, each.excluded_by, when)
    Console().print(table)


def unusual(events_a_day: EventsADay = _MANY_EVENTS, as_json: AsJson = False) -> None:
    """List users who are hardly customers: `is_test` in an event's properties, or too many events on one day."""
    from cli.session import open_session
    from warehouse.excluded_users import unusual_users

    with open_session() as session:
        found = session.warehouse.run(unusual_users(events_a_day))
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], default=str))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("user", "known as of", "why"):
        table.add_column(name, overflow="fold")
    for each in found:
        table.add_row(each.user_id, str(each.since), each.reason)
    Console().print(table)
    if found:
        typer.echo("`users exclude --unusual` leaves them out of learning and campaigns.")
