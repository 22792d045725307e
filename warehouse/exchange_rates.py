"""The base currency, in which amounts are added up, and what other currencies are worth in it.

Belongs here: SQL on `raw.base_currency` and `raw.exchange_rates`. Does not belong here: applying rates to events
(`ingestion.exchange`), and rows that wait for a rate (`warehouse.waiting_events`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from core.errors import UserError
from warehouse.database import Database, Statement, command, execute, first_row, rows, value

RATES_SCHEMA = pl.Schema({"currency": pl.String(), "day": pl.Date(), "rate": pl.Float64(), "last_day": pl.Date()})


@dataclass(frozen=True, slots=True)
class Rate:
    """From `day` on until the next rate of the currency, but not after `last_day`, one unit is worth `rate`."""

    currency: str
    day: date
    rate: float
    last_day: date


def base_currency() -> Statement[str | None]:
    """The base currency; None while no amount of money with a currency is stored."""
    return first_row(str, "select currency from raw.base_currency")


def settle_base_currency(currency: str) -> Statement[int]:
    """Makes a currency the base currency, unless there is one. `base_currency` afterwards says which it is."""
    return command(
        "insert into raw.base_currency (currency) values (%(currency)s) on conflict do nothing", currency=currency
    )


def demand_base_currency(database: Database, currency: str) -> None:
    """Settles the base currency that an installation is set to. Raises UserError if amounts are kept in another."""
    with database.transaction() as connection:
        execute(connection, settle_base_currency(currency))
        settled = execute(connection, base_currency())
        if settled != currency and not execute(connection, _renamed(currency)):
            raise UserError(
                f"CUSTOMER_ANALYZER_CURRENCY is {currency}, but the amounts of this home are kept in {settled}. Set it"
                f" to {settled} or leave it out; to keep amounts in {currency}, import the files into another home"
                " (CUSTOMER_ANALYZER_HOME)."
            )


def _renamed(currency: str) -> Statement[int]:
    """Changes the base currency while nothing depends on it: no amount is stored and no rate is known."""
    return command(
        "update raw.base_currency set currency = %(currency)s, settled_at = now()"
        " where not exists (select from raw.events where amount <> 0)"
        " and not exists (select from raw.exchange_rates) and not exists (select from raw.archives)",
        currency=currency,
    )


def use_rates() -> Statement[int]:
    """Has those who add rates wait for the end of the transaction, so that they find the rows that it lets wait."""
    return command("select pg_advisory_xact_lock_shared(hashtext('raw.exchange_rates'))")


def change_rates() -> Statement[int]:
    """Waits for those who use rates, and has others wait until the end of the transaction."""
    return command("select pg_advisory_xact_lock(hashtext('raw.exchange_rates'))")


def newest_rate() -> Statement[int]:
    """The number of the newest rate; 0 where there are none."""
    return value(int, "select coalesce(max(rate_id), 0) from raw.exchange_rates")


def all_rates() -> Statement[pl.DataFrame]:
    """The rates that count, as a frame with the columns of RATES_SCHEMA."""
    return Statement(
        "select distinct on (currency, day) currency, day, rate, last_day from raw.exchange_rates"
        " order by currency, day, rate_id desc",
        {},
        lambda result: _frame(result.rows),
    )


def rates_for(currencies: Sequence[str], days: Sequence[date]) -> Statement[pl.DataFrame]:
    """The rates that count for each pair of a currency and a day, as a frame with the columns of RATES_SCHEMA."""
    return Statement(
        "select distinct on (found.currency, found.day) found.currency, found.day, rate, last_day"
        " from unnest(%(currencies)s::text[], %(days)s::date[]) as asked (currency, day)"
        " cross join lateral ("
        "select * from raw.exchange_rates as rates where rates.currency = asked.currency and rates.day <= asked.day"
        " order by rates.day desc, rate_id desc limit 1) as found",
        {"currencies": list(currencies), "days": list(days)},
        lambda result: _frame(result.rows),
    )


def rated_currencies() -> Statement[list[str]]:
    """The currencies of which any rate is known. A loose scan of the index: it takes no longer for more days."""
    return rows(
        str,
        "with recursive found as ("
        "(select currency from raw.exchange_rates order by currency limit 1)"
        " union all select (select currency from raw.exchange_rates as rates where rates.currency > found.currency"
        " order by currency limit 1) from found where found.currency is not null)"
        " select currency from found where currency is not null",
    )


def newest_rate_of(currency: str) -> Statement[Rate | None]:
    """The newest rate of a currency, whether or not it still counts; None where none is known."""
    return first_row(
        Rate,
        "select currency, day, rate, last_day from raw.exchange_rates where currency = %(currency)s"
        " order by day desc, rate_id desc limit 1",
        currency=currency,
    )


def add_rates(rates: pl.DataFrame) -> Statement[int]:
    """Stores rates (the columns of RATES_SCHEMA) that are not known as they are; how many those were."""
    return command(
        "insert into raw.exchange_rates (currency, day, rate, last_day)"
        " select given.* from unnest("
        "%(currencies)s::text[], %(days)s::date[], %(rates)s::float8[], %(last_days)s::date[]"
        ") as given (currency, day, rate, last_day)"
        " where not exists (select from ("
        "select rate, last_day from raw.exchange_rates as held"
        " where held.currency = given.currency and held.day = given.day order by rate_id desc limit 1) as newest"
        " where newest.rate = given.rate and newest.last_day = given.last_day)"
        " order by given.currency, given.day",
        currencies=rates.get_column("currency").to_list(),
        days=rates.get_column("day").to_list(),
        rates=rates.get_column("rate").to_list(),
        last_days=rates.get_column("last_day").to_list(),
    )


def _frame(found: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(found, schema=RATES_SCHEMA, orient="row")
