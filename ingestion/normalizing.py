"""Puts a file's values into our words before the contract reads them: event types, currencies, whole cents.

Belongs here: what needs several columns at once or a profile. Does not: reading one value (`data_contracts`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import polars as pl

from data_contracts import currencies
from data_contracts.contract import Check, Contract, LogicalType, Property
from data_contracts.conventions import CANONICAL, Conventions, find_conventions
from data_contracts.numbers import DecimalSign, numbers
from data_contracts.parsing import texts
from ingestion.errors import MappingRefusedError
from ingestion.profile import Profile
from ingestion.words import said

# Amounts that are all whole, in a currency with decimals, from this many on and this large, may well be cents.
_CENTS_ROWS = 20
_CENTS_MEDIAN = 500
REFUND = "refund"
# No number, so that the contract refuses the row.
_NO_CURRENCY = "(in no currency)"


@dataclass(frozen=True, slots=True)
class Reading:
    """A profile, and what the file's first rows told beyond it.

    `is_marked`: currencies stand beside the amounts. `cents`: the decimal sign of amounts in whole cents, which
    `normalized` reads itself. `notes`: sentences for the one who imports.
    """

    profile: Profile = field(default_factory=Profile)
    conventions: Conventions = CANONICAL
    is_marked: bool = False
    cents: DecimalSign | None = None
    notes: tuple[str, ...] = ()


def find_reading(contract: Contract, rows: pl.DataFrame, profile: Profile) -> Reading:
    """How to read a file whose first rows, as columns of the contract, are `rows`.

    Raises ConventionError or MappingRefusedError for what its values leave open.
    """
    is_marked = "amount" in rows.columns and currencies.are_marked(rows.get_column("amount"))
    plain = normalized(rows, contract, Reading(replace(profile, is_minor=False), is_marked=is_marked))
    if is_marked:
        _demand_currency(rows, plain)
    conventions = find_conventions(
        contract, plain, time_zone=profile.time_zone, date_order=profile.date_order, decimal=profile.decimal
    )
    if profile.is_minor and "amount" in rows.columns:
        _demand_currency_of_cents(plain)
        others = {name: sign for name, sign in conventions.decimals.items() if name != "amount"}
        cents = conventions.decimals.get("amount")
        return Reading(profile, replace(conventions, decimals=others), is_marked, cents)
    notes = (*_look_like_cents(plain, conventions), *_mixed_ids(plain, conventions))
    return Reading(profile, conventions, is_marked, notes=notes)


def normalized(rows: pl.DataFrame, contract: Contract, reading: Reading) -> pl.DataFrame:
    """`rows` (columns of the contract, as the file has them) in our words; order and number of rows stay."""
    changed = [
        _in_our_words(rows.get_column(name), words)
        for name, words in reading.profile.values.items()
        if name in rows.columns
    ]
    rows = rows.with_columns(changed)
    if "event_type" in rows.columns:
        rows = rows.with_columns(_known_types(rows.get_column("event_type"), contract))
    if reading.profile.is_lower_emails and "user_id" in rows.columns:
        user = texts(rows.get_column("user_id"))
        rows = rows.with_columns(_where(user.str.contains("@", literal=True), user.str.to_lowercase(), user))
    if "currency" in rows.columns and rows.schema["currency"] == pl.String:
        rows = rows.with_columns(currencies.codes(rows.get_column("currency")).alias("currency"))
    if reading.is_marked and rows.schema["amount"] == pl.String:
        rows = rows.with_columns(currencies.unmarked(rows.get_column("amount"), _currency(rows)))
    if reading.profile.is_minor and "amount" in rows.columns:
        rows = rows.with_columns(_in_major_units(rows, reading.cents))
    return rows


def returns_as_refunds(events: pl.DataFrame) -> pl.DataFrame:
    """Events (typed) in which a purchase of less than nothing is a refund: shops and tills book returns so."""
    returned = is_return(pl.col("event_type"), pl.col("amount"), pl.col("quantity"))
    if not events.select(returned.any()).item():
        return events
    return events.with_columns(pl.when(returned).then(pl.lit(REFUND)).otherwise("event_type").alias("event_type"))


def is_return(event_type: Any, amount: Any, quantity: Any) -> Any:
    """Whether an event is a purchase of less than nothing: of columns as of the values of one event."""
    return (event_type == "purchase") & ((amount < 0) | (quantity < 0))


def said_of_clocks(contract: Contract, conventions: Conventions) -> Contract:
    """The same contract, whose reason for an unreadable time also names hours that the clocks of the zone left out."""
    zone = conventions.time_zone
    if zone == "UTC":
        return contract
    return replace(contract, properties=tuple(_said(each, zone) for each in contract.properties))


def _said(definition: Property, zone: str) -> Property:
    if definition.logical_type is not LogicalType.DATE:
        return definition
    sentence = f"is not a time, or one that the clocks of {zone} left out"
    rules = (replace(rule, sentence=sentence) if rule.check is Check.TYPE else rule for rule in definition.rules)
    return replace(definition, rules=tuple(rules))


def _in_our_words(values: pl.Series, words: Mapping[str, str]) -> pl.Series:
    text = texts(values)
    lower = {word.lower(): ours for word, ours in words.items()}
    text = text.fill_null("") if "" in words else text
    ours = text.str.strip_chars().str.to_lowercase().replace_strict(lower, default=None, return_dtype=pl.String)
    return pl.select(pl.coalesce(ours, text)).to_series().alias(values.name)


def _known_types(values: pl.Series, contract: Contract) -> pl.Series:
    """Event types that differ from a known one by capitals or spaces only, as the known one."""
    if values.dtype != pl.String:
        return values
    known = known_types(contract)
    same = {name: known_type(name, known) for name in values.unique().drop_nulls() if name not in known}
    return values.replace(same) if same else values


@cache
def known_types(contract: Contract) -> frozenset[str]:
    """The names of the event types that the contract knows."""
    return frozenset(each.name for each in contract.event_types)


def known_type(name: str, known: frozenset[str]) -> str:
    """The known event type that differs from `name` by capitals or spaces only; `name` itself where none does."""
    plain = name.strip().lower().replace(" ", "_")
    return plain if plain in known else name


def _where(condition: pl.Series, yes: pl.Series, no: pl.Series) -> pl.Series:
    frame = pl.DataFrame([condition.alias("condition"), yes.alias("yes"), no.alias("no")])
    return frame.select(pl.when("condition").then("yes").otherwise("no").alias(no.name)).to_series()


def _currency(rows: pl.DataFrame) -> pl.Series:
    if "currency" in rows.columns:
        return texts(rows.get_column("currency"))
    return pl.Series("currency", [None], dtype=pl.String).new_from_index(0, rows.height)


def _in_major_units(rows: pl.DataFrame, decimal: DecimalSign | None) -> pl.Series:
    """Amounts divided by what their currency has of its smallest unit; text that is no number where that is unknown."""
    amounts = rows.get_column("amount")
    whole = numbers(amounts, decimal)
    frame = pl.DataFrame([amounts.alias("given"), whole.alias("whole"), currencies.unit_factor(_currency(rows))])
    given = pl.col("given").cast(pl.String, strict=False)
    is_open = pl.col("whole").is_not_null() & pl.col("factor").is_null()
    if frame.select(is_open.any() | (pl.col("whole").is_null() & (given != "")).any()).item():
        text = (pl.col("whole") / pl.col("factor")).cast(pl.String)
        amount = pl.when(is_open).then(pl.lit(_NO_CURRENCY)).otherwise(pl.coalesce(text, given))
        return frame.select(amount.alias("amount")).to_series()
    return frame.select((pl.col("whole") / pl.col("factor")).alias("amount")).to_series()


def _demand_currency(rows: pl.DataFrame, plain: pl.DataFrame) -> None:
    amounts = plain.get_column("amount").str.strip_chars()
    left = plain.filter(amounts.str.contains(r"\p{Sc}|^kr|kr\.?$").fill_null(False))
    if left.height and _currency(plain).null_count():
        raise MappingRefusedError(said("shared_sign", example=left.item(0, "amount")))


def _demand_currency_of_cents(rows: pl.DataFrame) -> None:
    if bool((rows.get_column("amount").is_not_null() & currencies.unit_factor(_currency(rows)).is_null()).all()):
        raise MappingRefusedError(said("cents_of_what"))


def _look_like_cents(rows: pl.DataFrame, conventions: Conventions) -> tuple[str, ...]:
    if "amount" not in rows.columns:
        return ()
    amounts = numbers(rows.get_column("amount"), conventions.decimals.get("amount"))
    factors = currencies.unit_factor(_currency(rows))
    size = amounts.filter((amounts != 0) & (factors != 1).fill_null(True)).abs()
    if len(size) < _CENTS_ROWS or not bool((size == size.round()).all()):
        return ()
    middle = size.median()
    if not isinstance(middle, float) or middle < _CENTS_MEDIAN or bool((size % 100 == 0).mean() > 0.5):  # type: ignore[operator]
        return ()
    return (said("like_cents", middle=middle),)


def _mixed_ids(rows: pl.DataFrame, conventions: Conventions) -> tuple[str, ...]:
    if "user_id" not in rows.columns or rows.schema["user_id"] != pl.String or "user_id" in conventions.whole_ids:
        return ()
    users = rows.get_column("user_id")
    numbered = users.filter(users.str.contains(r"^\d+\.0$"))
    if numbered.is_empty():
        return ()
    return (said("mixed_ids", users=len(numbered), example=numbered[0]),)
