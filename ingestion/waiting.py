"""Rows that waited for a rate become events as soon as there is one, each once.

Belongs here: the way from the quarantine into `raw.events`. Does not: rates (`rates`), what amounts are worth
(`exchange`).

A row of a file comes with the `received_at` that the import gave it, as if the file were imported now. An event that
came in no file is received when it is stored: no snapshot of a day that has begun can have known it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import polars as pl

from ingestion.exchange import Exchange, by_currency, convert
from warehouse import arriving_events, erased_users, exchange_rates, waiting_events
from warehouse.arriving_events import BASE_AMOUNT
from warehouse.database import Connection, Database, execute

_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of rows that waited, by currency.

    `known` were stored meanwhile. `conflicting` have the id of another event and stay in quarantine. `archived` wait
    for their month to be brought back.
    """

    stored: Mapping[str, int]
    known: int
    conflicting: int
    archived: int


def known_exchange(connection: Connection) -> Exchange:
    """The base currency and all rates that count now."""
    with connection.transaction():
        execute(connection, exchange_rates.use_rates())
        rates = execute(connection, exchange_rates.all_rates())
        return Exchange(
            execute(connection, exchange_rates.base_currency()),
            rates,
            frozenset(rates.get_column("currency").unique()),
            execute(connection, exchange_rates.newest_rate()),
        )


def accept_waiting(connection: Connection, exchange: Exchange) -> Accepted:
    """Stores every row that waited and whose worth is known now, in the caller's transaction.

    The caller keeps others from adding rates (`change_rates` or `use_rates`) before it reads `exchange`.
    """
    stored: Counter[str] = Counter()
    known = conflicting = archived = 0
    after = waiting_events.FIRST_ID
    while (rows := execute(connection, waiting_events.waiting_rows(after, _ROWS))).height:
        after = rows.item(-1, "quarantine_id")
        found = convert(rows, exchange).events
        if found.is_empty():
            continue
        away = _archived(connection, found)
        archived += int(away.sum())
        found = _not_erased(connection, found.filter(~away))
        ids, currencies = found.get_column("quarantine_id").to_list(), found.get_column("currency").to_list()
        worth = found.get_column(BASE_AMOUNT).to_list() if BASE_AMOUNT in found.columns else [None] * len(ids)
        done = execute(connection, waiting_events.store_waiting(ids, worth))
        execute(connection, waiting_events.waited_in_vain(ids, done.conflicts))
        taken = {each.place for each in done.conflicts}
        settled = [each for place, each in enumerate(ids) if place not in taken]
        execute(connection, waiting_events.no_longer_waiting(settled))
        stored.update(currencies[place] for place in done.places)
        known += len(settled) - len(done.places)
        conflicting += len(taken)
    return Accepted(stored, known, conflicting, archived)


def what_waits(warehouse: Database) -> tuple[str, ...]:
    """A sentence about rows that wait for rates, if there are any."""
    counts = dict(warehouse.run(waiting_events.waiting_counts()))
    if not counts:
        return ()
    rows = f"{sum(counts.values()):,} rows ({by_currency(counts)})"
    return (f"{rows} count nowhere, as they wait in quarantine for exchange rates (see `events rates`)",)


def accept_new_rates(connection: Connection, used: Exchange) -> None:
    """Stores what an import let wait although its rates came meanwhile: `used` is what it converted amounts with."""
    with connection.transaction():
        execute(connection, exchange_rates.use_rates())
        if execute(connection, exchange_rates.newest_rate()) != used.newest:
            accept_waiting(connection, known_exchange(connection))


def _archived(connection: Connection, rows: pl.DataFrame) -> pl.Series:
    """Which rows are of a month that is archived. Prepares the transaction for storing the others."""
    month = pl.col("occurred_at").dt.truncate("1mo")
    months = rows.select(month).to_series().unique().to_list()
    ids = [UUID(each) for each in rows.get_column("event_id")]
    receipt = execute(connection, arriving_events.begin_receipt(months, ids))
    return rows.select(month.is_in(list(receipt.archived))).to_series()


def _not_erased(connection: Connection, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of users who were not erased; those of others leave the quarantine."""
    users = rows.get_column("user_id").unique().to_list()
    erased = pl.col("user_id").is_in(execute(connection, erased_users.erased_among(users)))
    execute(connection, waiting_events.no_longer_waiting(rows.filter(erased).get_column("quarantine_id").to_list()))
    return rows.filter(~erased)
