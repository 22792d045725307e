"""Turns columns as senders write them (text, numbers, dates, structs) into the types a contract names.

Belongs here: one function a logical type, vectorised; what cannot be read becomes null. Does not: saying
that a null is wrong; `rules` compares before and after.
"""

import polars as pl

from data_contracts.contract import LogicalType, Property

UTC_MICROSECONDS = pl.Datetime("us", "UTC")
# Tried in this order on what is not read yet; the first two groups cover nearly every export there is.
_TIME_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f %Z",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
)
# A number that stands for a time is seconds, milliseconds or microseconds since 1970, told apart by its size:
# seconds reach 1e11 in the year 5138, milliseconds begin there in 1973.
_SECONDS_BELOW = 100_000_000_000
_MILLISECONDS_BELOW = 100_000_000_000_000
_UUID = "^[0-9a-f]{32}$"
# JSON's way to write the one character that Postgres cannot store.
_ESCAPED_NUL = "\\u0000"


def parse(values: pl.Series, definition: Property) -> pl.Series:
    """`values` as the contract types them, null where that cannot be done. Empty text is a missing value."""
    match definition.logical_type:
        case LogicalType.DATE:
            parsed = times(values)
        case LogicalType.NUMBER:
            parsed = numbers(values)
        case LogicalType.INTEGER:
            parsed = numbers(values).cast(pl.Int64, strict=False)
        case LogicalType.BOOLEAN:
            parsed = values.cast(pl.Boolean, strict=False)
        case LogicalType.OBJECT:
            parsed = objects(values)
        case _:
            parsed = uuids(values) if definition.format == "uuid" else texts(values)
    return parsed.alias(definition.name)


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


def numbers(values: pl.Series) -> pl.Series:
    """Finite double precision numbers; negative zero becomes zero so that equal rows are equal."""
    text = values.str.strip_chars() if values.dtype == pl.String else values
    number = text.cast(pl.Float64, strict=False)
    return _evaluate(number, pl.when(pl.col("value").is_finite()).then(pl.col("value") + 0.0))


def objects(values: pl.Series) -> pl.Series:
    """JSON text of one object each; structs become their JSON."""
    if isinstance(values.dtype, pl.Struct):
        values = values.struct.json_encode()
    text = pl.col("value").cast(pl.String, strict=False).str.strip_chars()
    is_object = text.str.starts_with("{") & text.str.json_path_match("$").is_not_null()
    is_storable = ~text.str.contains(_ESCAPED_NUL, literal=True)
    return _evaluate(values, pl.when(is_object & is_storable).then(text))


def times(values: pl.Series) -> pl.Series:
    """Times in UTC, microseconds; a time without a zone is UTC, a day is its midnight, a number an epoch."""
    if values.dtype.is_temporal():
        return _zoned(values)
    if values.dtype.is_numeric():
        return _epochs(values)
    text = values.cast(pl.String, strict=False).str.strip_chars()
    wanted = text.is_not_null()
    parsed = pl.Series(values.name, [], dtype=UTC_MICROSECONDS).extend_constant(None, len(text))
    for form in _TIME_FORMATS:
        missing = parsed.is_null() & wanted
        if not missing.any():
            return parsed
        parsed = _first(parsed, _zoned(text.str.to_datetime(form, time_unit="us", strict=False)))
    return _first(parsed, _epochs(text.cast(pl.Int64, strict=False)))


def _evaluate(values: pl.Series, expression: pl.Expr) -> pl.Series:
    """`expression` over `values`, which it calls `value`."""
    return values.to_frame("value").select(expression.alias(values.name)).to_series()


def _zoned(values: pl.Series) -> pl.Series:
    if values.dtype in (pl.Time, pl.Duration):
        return pl.Series(values.name, [], dtype=UTC_MICROSECONDS).extend_constant(None, len(values))
    if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is not None:
        return values.dt.convert_time_zone("UTC").cast(UTC_MICROSECONDS)
    return values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _epochs(values: pl.Series) -> pl.Series:
    number = pl.col("value").cast(pl.Float64)
    size = number.abs()
    micros = (
        pl.when(size < _SECONDS_BELOW)
        .then(number * 1_000_000)
        .when(size < _MILLISECONDS_BELOW)
        .then(number * 1_000)
        .otherwise(number)
    )
    return _evaluate(values, micros.round().cast(pl.Int64, strict=False).cast(UTC_MICROSECONDS))


def _first(left: pl.Series, right: pl.Series) -> pl.Series:
    frame = pl.DataFrame([left.alias("left"), right.alias("right")])
    return frame.select(pl.coalesce("left", "right")).to_series()
