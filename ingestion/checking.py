"""Whether arriving events keep the contract: their typed rows, or what is wrong with them.

Belongs here: JSON objects of events held against the contract. Does not: what is stored (`accepting`), or the rules
(`data_contracts`).

An event that is written in the usual way is judged by itself in plain Python, in some microseconds. All others of a
batch are judged together on columns, as the rows of a file are, in some milliseconds; every reason comes from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import polars as pl

from data_contracts import currencies
from data_contracts.contract import Contract
from data_contracts.plain import plain_row
from data_contracts.rules import validate
from ingestion.chunks import Wanted
from ingestion.json_events import RECEIVED_AT, as_line, misplaced
from ingestion.json_rows import chunk_of
from ingestion.mapping import map_columns, wanted_columns
from ingestion.normalizing import (
    REFUND,
    Reading,
    is_return,
    known_type,
    known_types,
    normalized,
    returns_as_refunds,
)
from ingestion.profile import Profile

_PLACE = "place_in_batch"
_WORDS = ("event_type", "source", "currency")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why an event is not stored: what is wrong with which field, which is empty for the whole event."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The rows of the events that keep the contract, and why the others are refused, by place in the batch."""

    good: dict[int, Row]
    problems: dict[int, tuple[Problem, ...]]


def check_events(
    events: Sequence[object], source: str | None, contract: Contract, received_at: datetime, *, is_strict: bool = False
) -> Checked:
    """Holds events against the contract, as received at that moment (UTC); see `accepting.accept`."""
    rows = [_usual(event, source, contract, received_at) for event in events]
    others = [place for place, row in enumerate(rows) if row is None]
    good = {place: row for place, row in enumerate(rows) if row is not None}
    if not others:
        return Checked(good, {})
    checked = check_on_columns([events[place] for place in others], source, contract, received_at, is_strict=is_strict)
    good |= {others[place]: row for place, row in checked.good.items()}
    return Checked(
        {place: good[place] for place in sorted(good)},
        {others[place]: problems for place, problems in checked.problems.items()},
    )


def _usual(event: object, source: str | None, contract: Contract, received_at: datetime) -> Row | None:
    """The row of an event that is written in the usual way and keeps the contract; None says nothing about others."""
    if type(event) is not dict or RECEIVED_AT in event or not event.keys() <= _columns(contract):
        return None
    values = {**event, RECEIVED_AT: received_at}
    if event.get("source") in (None, ""):
        values["source"] = source
    if not all(isinstance(values.get(name), str | None) for name in _WORDS):
        return None
    if name := values.get("event_type"):
        values["event_type"] = known_type(name, known_types(contract))
    if name := values.get("currency"):
        values["currency"] = currencies.code(name)
    row = plain_row(contract, values, received_at)
    if row is not None and is_return(row["event_type"], row["amount"] or 0.0, row["quantity"] or 0.0):
        row["event_type"] = REFUND
    return row


@cache
def _columns(contract: Contract) -> frozenset[str]:
    return frozenset(contract.columns)


@cache
def _wanted(contract: Contract) -> Wanted:
    return wanted_columns(contract, Profile())


def check_on_columns(
    events: Sequence[object], source: str | None, contract: Contract, received_at: datetime, *, is_strict: bool = False
) -> Checked:
    """The same as `check_events`, with all events judged on columns."""
    problems: dict[int, list[Problem]] = {}
    lines: dict[int, bytes] = {}
    for place, event in enumerate(events):
        try:
            lines[place] = as_line(event)
        except (TypeError, ValueError, RecursionError) as error:
            problems[place] = [Problem("", f"the event is not a JSON object: {error}")]
        if isinstance(event, dict) and event.get(RECEIVED_AT) not in (None, ""):
            problems[place] = [Problem(RECEIVED_AT, "is what the receiver says; leave it out")]
        if is_strict and isinstance(event, dict) and (why := misplaced(event)):
            problems.setdefault(place, []).extend(Problem(*each) for each in why)
    places = list(lines)
    chunk = chunk_of(list(lines.values()), 0, _wanted(contract), None)
    problems |= {places[each.number - 1]: [Problem("", each.reason)] for each in chunk.malformed}
    named = pl.col("source").cast(pl.String)
    rows = _in_our_words(map_columns(chunk, contract, {}), contract).with_columns(
        pl.Series(_PLACE, [places[number - 1] for number in chunk.numbers], dtype=pl.Int64),
        pl.lit(received_at).dt.convert_time_zone("UTC").alias(RECEIVED_AT),
        pl.when(named != "").then(named).otherwise(pl.lit(source)).alias("source"),
    )
    validated = validate(contract, rows, now=received_at)
    bad = validated.bad.get_column(_PLACE).to_list()
    for place, rules in zip(bad, validated.broken(contract), strict=True):
        problems.setdefault(place, []).extend(Problem(rule.column, rule.sentence) for rule in rules)
    good = {row.pop(_PLACE): row for row in returns_as_refunds(validated.good).iter_rows(named=True)}
    return Checked(
        {place: row for place, row in good.items() if place not in problems},
        {place: tuple(why) for place, why in problems.items()},
    )


def _in_our_words(rows: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """As the import of a file puts it: `Purchase` is purchase, and eur is EUR. Nearly all rows are so already."""
    known = known_types(contract)
    is_known = all(name in known for name in rows.get_column("event_type"))
    if is_known and all(not code or code in currencies.CODES for code in rows.get_column("currency")):
        return rows
    return normalized(rows, contract, Reading())
