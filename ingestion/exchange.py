"""Amounts in other currencies, converted to the base currency; rows without a rate for their day have to wait.

Belongs here: applying rates to events that keep the contract, the same for files and for events that come one by one.
Does not: reading a file of rates (`rates`), SQL (`warehouse`).

Only `base_amount` depends on rates. What a sender said stays as it is, and so does the identity of an event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from data_contracts.currencies import CODES, POINTS
from warehouse.arriving_events import BASE_AMOUNT
from warehouse.exchange_rates import RATES_SCHEMA

REASON = "reason"
_PLACE, _IS_OTHER = "place", "is_other"
# As for `amount` in the contract: sums stay exact in double precision.
_LARGEST = 1e12
# A hundredth of the ten-thousandths in which marts count.
_DECIMALS = 6
# Of so many currencies a sentence tells the number of rows.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Exchange:
    """The base currency, None while there is none; the rates that count (RATES_SCHEMA); which currencies have any.

    `newest` is the number of the newest rate that was known when these were read.
    """

    base: str | None = None
    rates: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RATES_SCHEMA))
    rated: frozenset[str] = frozenset()
    newest: int = 0


@dataclass(frozen=True, slots=True)
class Converted:
    """Events that can be stored, and those that wait for a rate, with the reason; each in the order they came.

    `events` have the column `base_amount` if one of them needs it. `points` counts amounts that are no money, by
    currency.
    """

    events: pl.DataFrame
    waiting: pl.DataFrame
    points: Mapping[str, int] = field(default_factory=dict)


def with_base(exchange: Exchange, events: pl.DataFrame) -> Exchange:
    """The same with the base currency settled, if any of the events has an amount of money in a currency.

    Where there is none yet, it is the commonest one, whatever the order of the events.
    """
    if exchange.base is not None:
        return exchange
    named = events.filter(_is_priced() & ~pl.col("currency").is_in(POINTS)).get_column("currency")
    counts = named.value_counts().sort(
        pl.col("currency").is_in(CODES), "count", "currency", descending=[True, True, False]
    )
    return replace(exchange, base=counts.item(0, "currency")) if counts.height else exchange


def is_foreign(base: str | None) -> pl.Expr:
    """Whether an event has an amount in a currency that is not the base currency. Nothing is nothing in any."""
    return _is_priced() & (pl.col("currency") != pl.lit(base or ""))


def convert(events: pl.DataFrame, exchange: Exchange) -> Converted:
    """Events with what their amounts are worth in base currency, apart from those whose worth is not known."""
    judged = events.with_row_index(_PLACE).with_columns(
        is_foreign(exchange.base).alias(_IS_OTHER), pl.col("occurred_at").dt.date().alias("day")
    )
    if not judged.get_column(_IS_OTHER).any():
        return Converted(events, events.clear().with_columns(pl.lit("").alias(REASON)))
    # Points are worth something only to those who ever said what.
    is_points = pl.col("currency").is_in(POINTS - exchange.rated)
    is_known = pl.col("last_day") >= pl.col("day")
    judged = (
        judged.sort("day")
        .join_asof(exchange.rates.sort("day"), on="day", by="currency", strategy="backward", check_sortedness=False)
        .sort(_PLACE)
        .with_columns(
            pl.when(_IS_OTHER)
            .then(
                pl.when(is_known).then((pl.col("amount") * pl.col("rate")).round(_DECIMALS)).when(is_points).then(0.0)
            )
            .alias(BASE_AMOUNT)
        )
    )
    is_too_much = (pl.col(BASE_AMOUNT).abs() > _LARGEST).fill_null(False)
    waits = pl.col(_IS_OTHER) & (pl.col(BASE_AMOUNT).is_null() | is_too_much)
    reason = (
        pl.when(is_too_much)
        .then(pl.lit(f"amount is worth more than {_LARGEST:,.0f} {exchange.base}"))
        .otherwise(pl.format("amount is in {}, which has no rate for {}", "currency", "day"))
    )
    counts = judged.filter(pl.col(_IS_OTHER) & is_points).get_column("currency").value_counts()
    return Converted(
        judged.filter(~waits).select(*events.columns, BASE_AMOUNT),
        judged.filter(waits).select(*events.columns, reason.alias(REASON)),
        dict(counts.iter_rows()),
    )


def by_currency(counts: Mapping[str, int]) -> str:
    """Counts for a sentence, most first: `71 in USD, 59 in JPY`."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{count:,} in {currency}" for currency, count in ordered[:_NAMED]]
    rest = sum(count for _, count in ordered[_NAMED:])
    return ", ".join([*named, f"{rest:,} in {len(ordered) - _NAMED:,} other currencies"] if rest else named)


def _is_priced() -> pl.Expr:
    return (pl.col("amount") != 0).fill_null(False) & pl.col("currency").is_not_null()
