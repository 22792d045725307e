"""Accepting events as they happen: a batch of JSON objects, each with an answer of its own, in one transaction.

Belongs here: what becomes of each event of a batch. Does not: files (`importing`), what a good event is
(`data_contracts`), SQL (`warehouse.arriving_events`), HTTP.

`received_at` is the receiver's word: the database's clock stamps it. So an event that comes late changes no snapshot of
a day that had begun before it came, whatever its sender says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

import polars as pl
import psycopg

from data_contracts.contract import Contract, read_contract
from data_contracts.currencies import CODES
from data_contracts.rules import validate
from ingestion.chunks import Wanted
from ingestion.exchange import REASON, Converted, Exchange, convert, is_foreign, with_base
from ingestion.json_events import RECEIVED_AT, as_line, as_whole, misplaced
from ingestion.json_rows import chunk_of
from ingestion.mapping import map_columns, wanted_columns
from ingestion.normalizing import Reading, normalized, returns_as_refunds
from ingestion.profile import Profile
from ingestion.quarantine import refused
from ingestion.quarantine import waiting as in_waiting
from warehouse import arriving_events, erased_users, exchange_rates
from warehouse.arriving_events import OVERTAKEN, Conflict, taken
from warehouse.database import Steps, execute_steps, execute_steps_async

_PLACE = "place_in_batch"
# Only an import of a file with the same events overtakes a batch, and each of its batches does so once.
_RETRIES = 5

Row = dict[str, Any]


class Status(StrEnum):
    """What became of an event."""

    STORED = "stored"
    KNOWN = "known"
    """The very same event is stored already: it was sent before."""
    CONFLICTING = "conflicting"
    """Another event has its event_id. It is in quarantine."""
    WAITING = "waiting"
    """Its currency has no rate for its day. It is in quarantine until there is one."""
    REFUSED = "refused"
    """It breaks the contract. It is in quarantine."""
    ERASED = "erased"
    """Its user was erased. It is nowhere."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why an event is not stored: what is wrong with which field, which is empty for the whole event."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event; `problems` say why, where it is refused, conflicting or waiting."""

    status: Status
    problems: tuple[Problem, ...] = ()


def accept(
    connection: psycopg.Connection[Any],
    events: Sequence[object],
    *,
    source: str | None = None,
    is_strict: bool = False,
    contract: Contract | None = None,
) -> list[Outcome]:
    """Stores events, JSON objects as Python has them, that keep the contract; an outcome for each, in their order.

    All in one transaction (part of the caller's, where there is one), exactly once by `event_id`, which every event
    must bring: sending a batch again changes nothing. `source` is for events that do not name theirs. An event that
    names its `received_at` is refused. Fields that events do not have become properties, as those of a file do; with
    `is_strict` they are refused. Raises psycopg.Error where the database fails; nothing is stored then, and the batch
    can be sent again. Memory and locks grow with the batch: a thousand events are a good size.
    """
    retries = _RETRIES
    while True:
        try:
            with connection.transaction():
                return execute_steps(connection, steps(events, source, contract, is_strict=is_strict))
        except OVERTAKEN:
            retries -= 1
            if not retries:
                raise


async def accept_async(
    connection: psycopg.AsyncConnection[Any],
    events: Sequence[object],
    *,
    source: str | None = None,
    is_strict: bool = False,
    contract: Contract | None = None,
) -> list[Outcome]:
    """The same, awaited."""
    retries = _RETRIES
    while True:
        try:
            async with connection.transaction():
                return await execute_steps_async(connection, steps(events, source, contract, is_strict=is_strict))
        except OVERTAKEN:
            retries -= 1
            if not retries:
                raise


@cache
def events_contract() -> Contract:
    """The contract of events, read once."""
    return read_contract()


@cache
def _wanted(contract: Contract) -> Wanted:
    return wanted_columns(contract, Profile())


def steps(
    events: Sequence[object], source: str | None, contract: Contract | None = None, *, is_strict: bool = False
) -> Steps[list[Outcome]]:
    """What `accept` asks the database, statement after statement, within one transaction."""
    if not events:
        return []
    contract = contract or events_contract()
    received_at = yield arriving_events.clock()
    good, problems = _checked(events, source, contract, received_at, is_strict=is_strict)
    outcomes = {place: Outcome(Status.REFUSED, why) for place, why in problems.items()}
    waiting = good.clear()
    if good.height:
        converted = yield from _converting(good)
        waiting = converted.waiting
        rows = {row.pop(_PLACE): row for row in converted.events.iter_rows(named=True)}
        outcomes |= yield from _storing(rows)
    if bad := {place: outcomes[place] for place in sorted(outcomes) if outcomes[place].problems}:
        numbers, reasons = [place + 1 for place in bad], [_reason(outcome) for outcome in bad.values()]
        frame = refused(numbers, reasons, [as_whole(events[place]) for place in bad], None)
        outcomes |= yield from _quarantining(frame)
    if waiting.height:
        numbers = [place + 1 for place in waiting.get_column(_PLACE)]
        reasons = [reason.removeprefix("amount ") for reason in waiting.get_column(REASON)]
        outcomes |= {
            number - 1: Outcome(Status.WAITING, (Problem("amount", reason),))
            for number, reason in zip(numbers, reasons, strict=True)
        }
        # When it was received is said when it is stored: until then no snapshot can have known of it.
        unstamped = waiting.with_columns(pl.lit(None).alias(RECEIVED_AT))
        outcomes |= yield from _quarantining(in_waiting(unstamped, numbers))
    return [outcomes[place] for place in range(len(events))]


def _converting(good: pl.DataFrame) -> Steps[Converted]:
    """Events with what they are worth in base currency. Settles that currency if there is none yet."""
    if not good.select(is_foreign(None).any()).item():
        return Converted(good, good.clear())
    base = yield exchange_rates.base_currency()
    if base is None and (first := with_base(Exchange(), good).base) is not None:
        yield exchange_rates.settle_base_currency(first)
        base = yield exchange_rates.base_currency()
    others = good.filter(is_foreign(base))
    if others.is_empty():
        return Converted(good, good.clear())
    # Before any lock on ids, as whoever adds rates takes those afterwards too.
    yield exchange_rates.use_rates()
    pairs = others.select("currency", pl.col("occurred_at").dt.date()).unique()
    rates = yield exchange_rates.rates_for(
        pairs.get_column("currency").to_list(), pairs.get_column("occurred_at").to_list()
    )
    rated = yield exchange_rates.rated_currencies()
    return convert(good, Exchange(base, rates, frozenset(rated)))


def _storing(good: Mapping[int, Row]) -> Steps[dict[int, Outcome]]:
    """Stores what can be stored; what became of each event, by its place in the batch."""
    outcomes: dict[int, Outcome] = {}
    erased = yield erased_users.erased_among({row["user_id"] for row in good.values()})
    months = {_month(row["occurred_at"]) for row in good.values()}
    archived = yield arriving_events.begin_receipt(months, [UUID(row["event_id"]) for row in good.values()])
    for place, row in good.items():
        if row["user_id"] in erased:
            outcomes[place] = Outcome(Status.ERASED)
        elif _month(row["occurred_at"]) in archived:
            outcomes[place] = Outcome(Status.REFUSED, (Problem("occurred_at", "is in a month that is archived"),))
    if places := [place for place in good if place not in outcomes]:
        stored = yield arriving_events.store_json([good[place] for place in places])
        outcomes |= dict.fromkeys(places, Outcome(Status.KNOWN))
        outcomes |= {places[at]: Outcome(Status.STORED) for at in stored.places}
        outcomes |= {places[each.place]: _conflicting(each) for each in stored.conflicts}
    return outcomes


def _quarantining(rows: pl.DataFrame) -> Steps[dict[int, Outcome]]:
    """Puts rows into quarantine; those that turn out to be about a user who was erased, by place in the batch."""
    erased = yield erased_users.erased_rows(rows.get_column("row").to_list())
    places = rows.with_row_index("place")
    left_out = places.filter(pl.col("place").is_in(erased)).get_column("row_number")
    yield arriving_events.refuse_json(places.filter(~pl.col("place").is_in(erased)).drop("place").to_dicts())
    return {number - 1: Outcome(Status.ERASED) for number in left_out}


def _checked(
    events: Sequence[object], source: str | None, contract: Contract, received_at: datetime, *, is_strict: bool
) -> tuple[pl.DataFrame, dict[int, tuple[Problem, ...]]]:
    """Good events, typed, with their place in the batch; and why the others are refused, by place."""
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
    good = returns_as_refunds(validated.good)
    if problems:
        good = good.filter(~pl.col(_PLACE).is_in(list(problems)))
    return good, {place: tuple(why) for place, why in problems.items()}


def _in_our_words(rows: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """As the import of a file puts it: `Purchase` is purchase, and eur is EUR. Nearly all rows are so already."""
    known = {each.name for each in contract.event_types}
    is_known = all(name in known for name in rows.get_column("event_type"))
    if is_known and all(not code or code in CODES for code in rows.get_column("currency")):
        return rows
    return normalized(rows, contract, Reading())


def _month(moment: datetime) -> datetime:
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _conflicting(conflict: Conflict) -> Outcome:
    differs = "differs from the stored event with this event_id"
    return Outcome(Status.CONFLICTING, tuple(Problem(column, differs) for column in conflict.columns))


def _reason(outcome: Outcome) -> str:
    if outcome.status is Status.CONFLICTING:
        return taken(each.field for each in outcome.problems)
    return "; ".join(f"{each.field} {each.reason}".lstrip() for each in outcome.problems)
