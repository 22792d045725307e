"""Exchange rates from a file that the user gives, and what they bring back from quarantine.

Belongs here: reading such a file, and storing it whole or not at all. Does not: applying rates (`exchange`), the tables
(`warehouse`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import polars as pl

from data_contracts.numbers import numbers
from ingestion.chunks import Wanted
from ingestion.errors import FileRefusedError, RatesRefusedError
from ingestion.event_writer import connected
from ingestion.readers import read_chunks
from ingestion.waiting import Accepted, accept_waiting, known_exchange
from warehouse import exchange_rates, waiting_events
from warehouse.database import execute
from warehouse.exchange_rates import RATES_SCHEMA

COLUMNS = ("day", "currency", "rate")
VALID_DAYS = 7
"""For how many days a rate holds while there is no newer one: weekends and holidays have none."""

_LARGEST_RATE = 1e12
_DAY = r"^\s*(\d{4}-\d{2}-\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?)?\s*$"


@dataclass(frozen=True, slots=True)
class RatesResult:
    """What a file of rates brought: how many, how many of them are new, the newest of each currency as (day, rate).

    `accepted` is what became of rows that waited; `waiting` counts, by currency, those that still do.
    """

    base: str
    read: int
    new: int
    newest: Mapping[str, tuple[object, float]]
    accepted: Accepted
    waiting: Mapping[str, int]


def bring_rates(url: str, file: Path, *, valid_days: int = VALID_DAYS, is_inverse: bool = False) -> RatesResult:
    """Stores the rates in a file, and every row that waited for them, in one transaction.

    The file has the columns `day`, `currency` and `rate`, what one unit of the currency is worth in base currency;
    `is_inverse`: how many units one unit of the base currency buys. A rate holds until the next one of its currency,
    but at most `valid_days` days. Events that are stored keep what they were converted with. Raises RatesRefusedError,
    FileRefusedError, DatabaseError; nothing is stored then.
    """
    rates = read_rates(file, valid_days=valid_days, is_inverse=is_inverse)
    with connected(url) as connection, connection.transaction():
        execute(connection, exchange_rates.change_rates())
        base = execute(connection, exchange_rates.base_currency())
        if base is None:
            raise RatesRefusedError(
                "There is no base currency yet that rates could refer to: import events first, or set"
                " CUSTOMER_ANALYZER_CURRENCY"
            )
        rates = _of_others(file, rates, base)
        new = execute(connection, exchange_rates.add_rates(rates))
        accepted = accept_waiting(connection, known_exchange(connection))
        newest = rates.sort("day").unique("currency", keep="last").sort("currency")
        return RatesResult(
            base,
            rates.height,
            new,
            {currency: (day, rate) for currency, day, rate, _ in newest.iter_rows()},
            accepted,
            dict(execute(connection, waiting_events.waiting_counts())),
        )


def read_rates(file: Path, *, valid_days: int = VALID_DAYS, is_inverse: bool = False) -> pl.DataFrame:
    """The rates in a file, as a frame with the columns of RATES_SCHEMA, one for each currency and day.

    Raises RatesRefusedError for the first row that is no rate: what amounts are worth is not built on half a file.
    """
    found = []
    for chunk in read_chunks(file, Wanted(COLUMNS)):
        if missing := [name for name in COLUMNS if name not in chunk.rows.columns]:
            raise FileRefusedError(f"{file} has no column {missing[0]}; a file of rates has {', '.join(COLUMNS)}")
        if chunk.malformed:
            raise RatesRefusedError(f"{file}: row {chunk.malformed[0].number}: {chunk.malformed[0].reason}")
        found.append(chunk.rows.select(pl.col("day").cast(pl.String), "currency", "rate", chunk.numbers.alias("row")))
    given = pl.concat(found)
    rate = numbers(given.get_column("rate"))
    rates = given.with_columns(
        pl.col("day").str.extract(_DAY).str.to_date("%Y-%m-%d", strict=False),
        pl.col("currency").cast(pl.String).str.strip_chars().str.to_uppercase(),
        (1 / rate if is_inverse else rate).alias("rate"),
    )
    _demand(file, given, rates, "day", pl.col("day").is_not_null(), "is not a day like 2025-03-31")
    _demand(file, given, rates, "currency", pl.col("currency").str.contains("^[A-Z]{3}$"), "is not a currency like USD")
    is_rate = pl.col("rate").is_between(0, _LARGEST_RATE)
    _demand(file, given, rates, "rate", is_rate, "is not a number from 0 on")
    rates = rates.drop("row").unique(maintain_order=True)
    if twice := rates.filter(pl.struct("currency", "day").is_duplicated()).rows(named=True):
        raise RatesRefusedError(f"{file} has two rates of {twice[0]['currency']} for {twice[0]['day']}; keep one")
    last_day = pl.col("day") + timedelta(days=valid_days - 1)
    return rates.select("currency", "day", "rate", last_day.alias("last_day")).cast(RATES_SCHEMA)


def _demand(file: Path, given: pl.DataFrame, rates: pl.DataFrame, column: str, condition: pl.Expr, fault: str) -> None:
    bad = rates.select(~condition.fill_null(False)).to_series()
    if bad.any():
        row = given.filter(bad).row(0, named=True)
        said = "" if row[column] is None else str(row[column])[:60]
        raise RatesRefusedError(f"{file}: row {row['row']}: the {column} '{said}' {fault}; no rate was stored")


def _of_others(file: Path, rates: pl.DataFrame, base: str) -> pl.DataFrame:
    """The rates of other currencies than the base currency, whose own is 1."""
    is_base = pl.col("currency") == base
    wrong = rates.filter(is_base & (pl.col("rate") != 1))
    if wrong.height:
        raise RatesRefusedError(
            f"{file} says that one {base} is worth {wrong.item(0, 'rate'):g} {base} on {wrong.item(0, 'day')}, so its"
            f" rates are in another currency; amounts of this home are kept in {base}"
        )
    return rates.filter(~is_base)
