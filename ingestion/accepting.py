"""Accepting events as they happen: a batch of JSON objects, each with an answer of its own, in one transaction.

Belongs here: what becomes of each event of a batch. Does not: files (`importing`), what a good event is
(`data_contracts`), SQL (`warehouse.arriving_events`), HTTP.

`received_at` is the receiver's word: the database's clock stamps it. So an event that comes late changes no snapshot of
a day that had begun before it came, whatever its sender says.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

import polars as pl
import psycopg

from data_contracts.contract import Contract, read_contract
from ingestion.checking import Problem, Row, check_events
from ingestion.exchange import REASON, Converted, Exchange, convert, is_foreign, with_base
from ingestion.json_events import RECEIVED_AT, as_whole
from ingestion.quarantine import refused
from ingestion.quarantine import waiting as in_waiting
from warehouse import arriving_events, erased_users, exchange_rates
from warehouse.arriving_events import EVENT_TYPES, OVERTAKEN, Conflict, taken
from warehouse.database import Connection, Steps, execute_steps, execute_steps_async

_PLACE = "place_in_batch"
_KINDS = {"timestamptz": pl.Datetime("us", "UTC"), "numeric": pl.Float64()}
_SCHEMA = {name: _KINDS.get(kind, pl.String()) for name, kind in EVENT_TYPES.items()}
# Only an import of a file with the same events overtakes a batch, and each of its batches does so once.
_RETRIES = 5


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
class Outcome:
    """What became of one event; `problems` say why, where it is refused, conflicting or waiting."""

    status: Status
    problems: tuple[Problem, ...] = ()


Store = Callable[[Mapping[int, Row]], Steps[dict[int, Outcome]]]
"""Stores good events where that can be; what became of each, by its place in the batch."""
Accept = Callable[[Sequence[object]], list[Outcome]]
Target = Callable[[], AbstractContextManager[tuple[Connection, Accept]]]
"""Opens a transaction, with what accepts events in it: events of a queue are stored with how far it was read."""


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


def steps(
    events: Sequence[object],
    source: str | None,
    contract: Contract | None = None,
    *,
    is_strict: bool = False,
    store: Store | None = None,
) -> Steps[list[Outcome]]:
    """What `accept` asks the database, statement after statement, within one transaction.

    `store` is where good events go: `storing`, unless told otherwise.
    """
    if not events:
        return []
    contract = contract or events_contract()
    received_at, base = yield arriving_events.beginning()
    checked = check_events(events, source, contract, received_at.astimezone(UTC), is_strict=is_strict)
    outcomes = {place: Outcome(Status.REFUSED, why) for place, why in checked.problems.items()}
    rows, waiting = checked.good, None
    if any(row["currency"] not in (None, base) for row in rows.values()):
        converted = yield from _converting(rows, base)
        waiting = converted.waiting
        rows = {row.pop(_PLACE): row for row in converted.events.iter_rows(named=True)}
    if rows:
        outcomes |= yield from (store or storing)(rows)
    if bad := {place: outcomes[place] for place in sorted(outcomes) if outcomes[place].problems}:
        numbers, reasons = [place + 1 for place in bad], [reason_of(outcome) for outcome in bad.values()]
        frame = refused(numbers, reasons, [as_whole(events[place]) for place in bad], None)
        outcomes |= yield from _quarantining(frame)
    if waiting is not None and waiting.height:
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


def _converting(rows: Mapping[int, Row], base: str | None) -> Steps[Converted]:
    """Events with what they are worth in base currency. Settles that currency if there is none yet."""
    good = pl.DataFrame(list(rows.values()), schema=_SCHEMA).with_columns(pl.Series(_PLACE, list(rows), dtype=pl.Int64))
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


def storing(good: Mapping[int, Row]) -> Steps[dict[int, Outcome]]:
    """Stores good events where that can be; what became of each, by its place in the batch.

    `good` are rows with the columns that are stored. A thousand are a good size.
    """
    outcomes: dict[int, Outcome] = {}
    receipt = yield arriving_events.begin_receipt(
        {_month(row["occurred_at"]) for row in good.values()},
        [UUID(row["event_id"]) for row in good.values()],
        {row["user_id"] for row in good.values()},
    )
    for place, row in good.items():
        if row["user_id"] in receipt.erased:
            outcomes[place] = Outcome(Status.ERASED)
        elif _month(row["occurred_at"]) in receipt.archived:
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


def _month(moment: datetime) -> datetime:
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _conflicting(conflict: Conflict) -> Outcome:
    differs = "differs from the stored event with this event_id"
    return Outcome(Status.CONFLICTING, tuple(Problem(column, differs) for column in conflict.columns))


def reason_of(outcome: Outcome) -> str:
    """Why an event is in quarantine, in a sentence."""
    fields = [each.field for each in outcome.problems]
    if outcome.status is Status.CONFLICTING and fields != ["event_id"]:
        return taken(fields)
    return "; ".join(f"{each.field} {each.reason}".lstrip() for each in outcome.problems)
