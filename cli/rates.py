"""`events rates`: what it takes and what it tells.

Belongs here: options and printing. Does not: reading rates and applying them (`ingestion`).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson
from core.settings import read_settings
from standalone.stack import running_platform

if TYPE_CHECKING:
    from ingestion.rates import RatesResult

_NAMED = 8


def bring_rates(
    file: Annotated[
        Path, typer.Argument(help="A file with the columns day, currency, and rate: one unit in base currency.")
    ],
    valid_days: Annotated[
        int, typer.Option(min=1, metavar="DAYS", help="For how many days a rate holds while there is no newer one.")
    ] = 7,
    inverse: Annotated[
        bool, typer.Option("--inverse", help="The rates say how many units one unit of the base currency buys.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring exchange rates in, and with them the events that waited for them in quarantine.

    Events that are stored keep the rates that they were converted with.
    """
    from ingestion import rates

    with running_platform(read_settings()) as platform:
        result = rates.bring_rates(platform.warehouse_url, file, valid_days=valid_days, is_inverse=inverse)
    if as_json:
        typer.echo(json.dumps(_as_dict(result)))
        return
    typer.echo(f"{result.read:,} rates of {len(result.newest):,} currencies are in {file}, {result.new:,} of them new")
    for currency, (day, rate) in list(result.newest.items())[:_NAMED]:
        typer.echo(f"  1 {currency} = {rate:.6g} {result.base} on {day}")
    if len(result.newest) > _NAMED:
        typer.echo(f"  and {len(result.newest) - _NAMED:,} more currencies")
    done = result.accepted
    typer.echo(f"{_counted(done.stored)} that waited are stored now")
    if done.known:
        typer.echo(f"{done.known:,} rows that waited had been stored meanwhile")
    if done.conflicting:
        typer.echo(f"{done.conflicting:,} rows that waited have the event_id of another event and stay in quarantine")
    if done.archived:
        typer.echo(f"{done.archived:,} rows are of archived months; restore these, then give the rates again")
    if result.waiting:
        typer.echo(f"{_counted(result.waiting)} still wait for a rate")


def _counted(counts: Mapping[str, int]) -> str:
    from ingestion.exchange import by_currency

    return f"{sum(counts.values()):,} rows" + (f" ({by_currency(counts)})" if counts else "")


def _as_dict(result: "RatesResult") -> dict[str, object]:
    return {
        "base": result.base,
        "rates": result.read,
        "new": result.new,
        "newest": {currency: {"day": str(day), "rate": rate} for currency, (day, rate) in result.newest.items()},
        "stored": dict(result.accepted.stored),
        "known": result.accepted.known,
        "conflicting": result.accepted.conflicting,
        "archived": result.accepted.archived,
        "waiting": dict(result.waiting),
    }
