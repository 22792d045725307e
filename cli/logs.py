"""`customer-analyzer logs`: the log of all processes, searched."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson

if TYPE_CHECKING:
    from warehouse.logs import LogLine

app = typer.Typer(help="The log of all processes, which `up --logs` makes searchable.", no_args_is_help=True)

_AGE = re.compile(r"(\d+)\s*([smhd])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment(text: str) -> datetime:
    """A moment, as in 2026-11-26T15:30 (UTC), or so long ago, as in 90s, 15m, 1h, 2d."""
    if (age := _AGE.fullmatch(text.strip())) is not None:
        return datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"'{text}' is neither an age such as 15m, 1h, 2d nor a time.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _level(name: str) -> str:
    from warehouse.logs import LEVELS

    if name not in LEVELS:
        raise typer.BadParameter(f"'{name}' is not one of {', '.join(LEVELS)}.")
    return name


Words = Annotated[
    list[str] | None, typer.Argument(help="Each must stand in the line; quote words that belong together.")
]
Since = Annotated[str, typer.Option(metavar="AGE|TIME", help="From then on: 15m, 1h, 2d ago, or a time in UTC.")]
Until = Annotated[str, typer.Option(metavar="AGE|TIME", help="Before then.")]
Services = Annotated[
    list[str] | None, typer.Option("--service", help="Only api, worker, churn, postgres, ...; may be repeated.")
]
Level = Annotated[
    str,
    typer.Option(parser=_level, metavar="LEVEL", help="At least as grave: debug, info, warning, error, critical."),
]


@app.command()
def search(
    words: Words = None,
    since: Since = "1h",
    until: Until = "0s",
    services: Services = None,
    level: Level = "debug",
    trace: Annotated[str | None, typer.Option(help="Only lines of this trace.")] = None,
    request: Annotated[str | None, typer.Option(help="Only lines of the request with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The newest so many.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Print the lines that match, the newest last. With --json, all fields of each."""
    from cli.session import open_session
    from warehouse.database import Database
    from warehouse.databases import WAREHOUSE
    from warehouse.logs import LogQuery, newest_line
    from warehouse.logs import search as found_lines

    query = LogQuery(moment(since), moment(until), words or [], services or [], level, trace, request)
    with open_session() as session:
        database = Database(session.platform.access.logs.url(WAREHOUSE))
        lines = database.run(found_lines(query, limit))
        newest = None if lines else database.run(newest_line())
    for line in lines:
        typer.echo(json.dumps(line.fields, ensure_ascii=False) if as_json else as_text(line))
    if len(lines) == limit:
        typer.echo(f"These are the newest {limit}; --limit shows more.", err=True)
    if not lines and newest is None:
        typer.echo("There is no line at all: start the platform with `up --logs`.", err=True)
    elif newest is not None:
        typer.echo(f"No line matches. The newest is of {newest.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC.", err=True)


def as_text(line: "LogLine") -> str:
    """A line for a person: time (UTC), level, service, message; below it the traceback, if there is one."""
    at = f"{line.at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]
    said = [str(line.fields.get("message", "")), *filter(None, [line.fields.get("error.stack_trace")])]
    # Whoever wrote the line must not steer the terminal of who reads it.
    text = _CONTROLS.sub("?", "\n".join(said))
    return f"{at} {line.level:<8} {line.service:<14} {text}"
