"""Converts columns as senders write them (text, numbers, dates, structs) to the types of a contract.

Belongs here: text, UUIDs and objects, vectorised, and all columns of a frame at once. A value that cannot be converted
becomes null. Does not belong here: unusual times and numbers (`times`, `numbers`), and judging a null (`rules` compares
before and after).
"""

from collections.abc import Sequence
from functools import lru_cache

import polars as pl

from data_contracts.contract import LogicalType, Property
from data_contracts.conventions import CANONICAL, Conventions
from data_contracts.numbers import numbers
from data_contracts.times import ISO_FORMATS, UTC_MICROSECONDS, times

_UUID = "^[0-9a-f]{32}$"
# The JSON escape of NUL, the one character that Postgres cannot store.
_ESCAPED_NUL = "\\u0000"
# Postgres holds up to 256 MB in one jsonb, and nobody says so much in one event.
_OBJECT_BYTES = 1 << 24
_IN_MANY_WAYS = (LogicalType.DATE, LogicalType.NUMBER, LogicalType.INTEGER)


def parse_frame(
    frame: pl.DataFrame, definitions: Sequence[Property], conventions: Conventions = CANONICAL
) -> pl.DataFrame:
    """A column for each definition, parsed. A column that `frame` does not have is one of missing values."""
    schema = frame.schema
    # Text as programs write it is parsed in one go: for a few rows, the number of calls is what costs.
    dtypes = tuple(schema.get(each.name) for each in definitions)
    parsed = frame.select(_usual(tuple(definitions), dtypes))
    others = [
        parse(frame.get_column(each.name), each, conventions)
        for each in definitions
        if each.name in schema
        and (
            not _is_plain(schema[each.name], each, conventions)
            or (
                each.logical_type in _IN_MANY_WAYS
                and parsed.get_column(each.name).null_count() > frame.get_column(each.name).null_count()
            )
        )
    ]
    return parsed.with_columns(others) if others else parsed


def _is_plain(dtype: pl.DataType, definition: Property, conventions: Conventions) -> bool:
    """Whether `_usual` parses what it can parse of a column as `parse` does."""
    if dtype != pl.String:
        return _is_typed(dtype, definition)
    return definition.name not in {*conventions.decimals, *conventions.whole_ids}


def _is_typed(dtype: pl.DataType | None, definition: Property) -> bool:
    if definition.logical_type is LogicalType.DATE:
        return dtype == UTC_MICROSECONDS
    return definition.logical_type is LogicalType.NUMBER and dtype is not None and dtype.is_numeric()


@lru_cache(maxsize=64)
def _usual(definitions: tuple[Property, ...], dtypes: tuple[pl.DataType | None, ...]) -> tuple[pl.Expr, ...]:
    pairs = zip(definitions, dtypes, strict=True)
    return tuple(_usual_values(each, dtype).alias(each.name) for each, dtype in pairs)


def _usual_values(definition: Property, dtype: pl.DataType | None) -> pl.Expr:
    """Text as programs write it and what is typed already, parsed; null for any other."""
    column = pl.col(definition.name)
    if _is_typed(dtype, definition):
        return column if definition.logical_type is LogicalType.DATE else _finite(column)
    if dtype != pl.String:
        column = pl.repeat(None, pl.len(), dtype=pl.String)
    match definition.logical_type:
        case LogicalType.DATE:
            return column.str.strip_chars().str.to_datetime(ISO_FORMATS[0], time_unit="us", strict=False)
        case LogicalType.NUMBER | LogicalType.INTEGER:
            number = _finite(column.str.strip_chars())
            return number if definition.logical_type is LogicalType.NUMBER else number.cast(pl.Int64, strict=False)
        case LogicalType.BOOLEAN:
            return column.cast(pl.Boolean, strict=False)
        case LogicalType.OBJECT:
            return _objects(column)
    return _uuids(column) if definition.format == "uuid" else _texts(column)


def _finite(column: pl.Expr) -> pl.Expr:
    number = column.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number + 0.0)


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
    text = value.cast(pl.String, strict=False)
    if values.dtype.is_float():
        is_whole = value.is_finite() & (value == value.round()) & (value.abs() < 2**53)
        text = pl.when(is_whole).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(text)
    return _evaluate(values, _texts(text))


def _texts(column: pl.Expr) -> pl.Expr:
    text = column.str.strip_chars()
    # The NUL character is the only one that Postgres cannot store.
    return pl.when((text != "") & ~text.str.contains("\x00", literal=True)).then(text)


def uuids(values: pl.Series) -> pl.Series:
    """UUIDs as 32 lower-case hexadecimal digits, so that equal UUIDs compare equal however they were written."""
    if values.dtype == pl.Binary or values.dtype.is_nested():
        values = texts(values)
    return _evaluate(values, _uuids(pl.col("value").cast(pl.String, strict=False)))


def _uuids(column: pl.Expr) -> pl.Expr:
    digits = column.str.to_lowercase().str.replace_all("-", "", literal=True)
    return pl.when(digits.str.contains(_UUID)).then(digits)


def objects(values: pl.Series) -> pl.Series:
    """JSON text of one object for each value. Structs become JSON."""
    if isinstance(values.dtype, pl.Struct):
        values = values.struct.json_encode()
    values = texts(values) if values.dtype == pl.Binary or values.dtype.is_nested() else values
    return _evaluate(values, _objects(pl.col("value").cast(pl.String, strict=False)))


def _objects(column: pl.Expr) -> pl.Expr:
    text = column.str.strip_chars()
    is_object = text.str.starts_with("{") & text.str.json_path_match("$").is_not_null()
    is_storable = ~text.str.contains(_ESCAPED_NUL, literal=True) & (text.str.len_bytes() <= _OBJECT_BYTES)
    return pl.when(is_object & is_storable).then(text)


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
