"""Turns columns as senders write them (text, numbers, dates, structs) into the types a contract names.

Belongs here: text, UUIDs and objects, vectorised; what cannot be read becomes null. Does not: times and numbers
(`times`, `numbers`), or saying that a null is wrong; `rules` compares before and after.
"""

import polars as pl

from data_contracts.contract import LogicalType, Property
from data_contracts.conventions import CANONICAL, Conventions
from data_contracts.numbers import numbers
from data_contracts.times import times

_UUID = "^[0-9a-f]{32}$"
# JSON's way to write the one character that Postgres cannot store.
_ESCAPED_NUL = "\\u0000"


def parse(values: pl.Series, definition: Property, conventions: Conventions = CANONICAL) -> pl.Series:
    """`values` as the contract types them, null where that cannot be done. Empty text is a missing value."""
    name = definition.name
    match definition.logical_type:
        case LogicalType.DATE:
            parsed = times(
                values,
                zone=conventions.time_zone,
                unit=conventions.time_units.get(name),
                order=conventions.date_orders.get(name),
            )
        case LogicalType.NUMBER:
            parsed = numbers(values, conventions.decimals.get(name))
        case LogicalType.INTEGER:
            parsed = numbers(values, conventions.decimals.get(name)).cast(pl.Int64, strict=False)
        case LogicalType.BOOLEAN:
            parsed = values.cast(pl.Boolean, strict=False)
        case LogicalType.OBJECT:
            parsed = objects(values)
        case _:
            parsed = uuids(values) if definition.format == "uuid" else texts(values)
    return parsed.alias(name)


def texts(values: pl.Series) -> pl.Series:
    """Text; a whole number read as floating point (ids beside missing values often are) loses its `.0`."""
    value = pl.col("value")
    text = value.cast(pl.String, strict=False)
    if values.dtype.is_float():
        is_whole = value.is_finite() & (value == value.round()) & (value.abs() < 2**53)
        text = pl.when(is_whole).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(text)
    # The NUL character is the only one that Postgres cannot store.
    is_storable = (text != "") & ~text.str.contains("\x00", literal=True)
    return _evaluate(values, pl.when(is_storable).then(text))


def uuids(values: pl.Series) -> pl.Series:
    """UUIDs as 32 lower-case hexadecimal digits: however they were written, equal ones compare equal."""
    text = pl.col("value").cast(pl.String, strict=False)
    digits = text.str.to_lowercase().str.replace_all("-", "", literal=True)
    return _evaluate(values, pl.when(digits.str.contains(_UUID)).then(digits))


def objects(values: pl.Series) -> pl.Series:
    """JSON text of one object each; structs become their JSON."""
    if isinstance(values.dtype, pl.Struct):
        values = values.struct.json_encode()
    text = pl.col("value").cast(pl.String, strict=False).str.strip_chars()
    is_object = text.str.starts_with("{") & text.str.json_path_match("$").is_not_null()
    is_storable = ~text.str.contains(_ESCAPED_NUL, literal=True)
    return _evaluate(values, pl.when(is_object & is_storable).then(text))


def _evaluate(values: pl.Series, expression: pl.Expr) -> pl.Series:
    """`expression` over `values`, which it calls `value`."""
    return values.to_frame("value").select(expression.alias(values.name)).to_series()
