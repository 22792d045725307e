"""Converts columns as senders write them (text, numbers, dates, structs) to the types of a contract.

Belongs here: text, UUIDs and objects, vectorised. A value that cannot be converted becomes null. Does not belong here:
times and numbers (`times`, `numbers`), and judging a null (`rules` compares before and after).
"""

import polars as pl

from data_contracts.contract import LogicalType, Property
from data_contracts.conventions import CANONICAL, Conventions
from data_contracts.numbers import numbers
from data_contracts.times import times

_UUID = "^[0-9a-f]{32}$"
# The JSON escape of NUL, the one character that Postgres cannot store.
_ESCAPED_NUL = "\\u0000"
# Postgres holds up to 256 MB in one jsonb, and nobody says so much in one event.
_OBJECT_BYTES = 1 << 24


def parse(values: pl.Series, definition: Property, conventions: Conventions = CANONICAL) -> pl.Series:
    """`values` converted to the contract's type, null where that is not possible. Empty text is a missing value."""
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
            if name in conventions.whole_ids:
                parsed = parsed.str.replace(r"^(\d+)\.0$", "$1")
    return parsed.alias(name)


def texts(values: pl.Series) -> pl.Series:
    """Text without spaces around it.

    A whole number read as floating point (ids beside missing values often are) loses its `.0`.
    """
    if values.dtype == pl.Binary:
        values = _decoded(values)
    if values.dtype.is_nested() and not isinstance(values.dtype, pl.Struct):
        return _no_texts(values)
    value = pl.col("value")
    text = value.cast(pl.String, strict=False).str.strip_chars()
    if values.dtype.is_float():
        is_whole = value.is_finite() & (value == value.round()) & (value.abs() < 2**53)
        text = pl.when(is_whole).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(text)
    # The NUL character is the only one that Postgres cannot store.
    is_storable = (text != "") & ~text.str.contains("\x00", literal=True)
    return _evaluate(values, pl.when(is_storable).then(text))


def uuids(values: pl.Series) -> pl.Series:
    """UUIDs as 32 lower-case hexadecimal digits, so that equal UUIDs compare equal however they were written."""
    if values.dtype == pl.Binary or values.dtype.is_nested():
        values = texts(values)
    text = pl.col("value").cast(pl.String, strict=False)
    digits = text.str.to_lowercase().str.replace_all("-", "", literal=True)
    return _evaluate(values, pl.when(digits.str.contains(_UUID)).then(digits))


def objects(values: pl.Series) -> pl.Series:
    """JSON text of one object for each value. Structs become JSON."""
    if isinstance(values.dtype, pl.Struct):
        values = values.struct.json_encode()
    values = texts(values) if values.dtype == pl.Binary or values.dtype.is_nested() else values
    text = pl.col("value").cast(pl.String, strict=False).str.strip_chars()
    is_object = text.str.starts_with("{") & text.str.json_path_match("$").is_not_null()
    is_storable = ~text.str.contains(_ESCAPED_NUL, literal=True) & (text.str.len_bytes() <= _OBJECT_BYTES)
    return _evaluate(values, pl.when(is_object & is_storable).then(text))


def shown(values: pl.Series) -> pl.Series:
    """Bytes as text, those that are not UTF-8 as `\\xff`; anything else untouched."""
    if values.dtype != pl.Binary:
        return values
    return _decoded(values, "backslashreplace")


def _decoded(values: pl.Series, errors: str | None = None) -> pl.Series:
    """Bytes as text; null where they are not UTF-8, unless `errors` says what else."""
    try:
        return values.cast(pl.String)
    except pl.exceptions.PolarsError:
        return pl.Series(values.name, [_text(value, errors) for value in values], dtype=pl.String)


def _text(value: bytes | None, errors: str | None) -> str | None:
    try:
        return None if value is None else value.decode(errors=errors or "strict")
    except UnicodeDecodeError:
        return None


def _no_texts(values: pl.Series) -> pl.Series:
    return pl.Series(values.name, [None], dtype=pl.String).new_from_index(0, len(values))


def _evaluate(values: pl.Series, expression: pl.Expr) -> pl.Series:
    """Evaluates `expression`, in which `values` is the column `value`."""
    return values.to_frame("value").select(expression.alias(values.name)).to_series()
