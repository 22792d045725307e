"""Turns times as senders write them into UTC, microseconds. What cannot be read without a guess becomes null.

Belongs here: notations of dates, clocks and zones, and numbers that stand for times. Does not: which notation a
file uses (`conventions` finds that out).
"""

from enum import StrEnum
from functools import cache
from zoneinfo import available_timezones

import polars as pl

UTC_MICROSECONDS = pl.Datetime("us", "UTC")
# Tried in this order on what is not read yet; the first two cover nearly every export there is.
ISO_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
)
# A number whose unit nobody gave is told by its size: seconds reach 1e11 in the year 5138, milliseconds begin there in
# 1973. Below 1e5 a number of seconds is the first day of 1970, and a number of days in a spreadsheet is a day of ours.
_EXCEL_BELOW = 1e5
_SECONDS_BELOW = 1e11
_MILLISECONDS_BELOW = 1e14
_MICROSECONDS_BELOW = 1e17
# Days from a spreadsheet's day 0 (1899-12-30) to 1970-01-01, and its last day (9999-12-31).
_EXCEL_EPOCH = 25_569
_EXCEL_LAST = 2_958_465
_DAY_US = 86_400_000_000
# Hours east of UTC. Only names that one place uses: CST (Chicago, Beijing), IST (India, Ireland, Israel) and BST
# (Britain, Bangladesh) are refused.
_ABBREVIATIONS = {
    "Z": 0, "UTC": 0, "GMT": 0, "UT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "JST": 9, "AEST": 10, "AEDT": 11,
}  # fmt: skip
_PARTS = (
    r"(?i)^(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
    r"(?<date>\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}"
    r"|\d{1,2}[ -][a-z]{3,9}\.?,?[ -]\d{4}|[a-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4})"
    r"(?:(?:t|,?\s+)(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?)?"
    r"(?:\s*(?<meridiem>[ap])\.?m\.?)?(?:\s*(?<zone>[a-z+-][a-z0-9_+:/-]*))?(?:\s*\([a-z ]*\))?$"
)
_OFFSET = r"^(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?$"


class TimeUnit(StrEnum):
    """What a number that stands for a time counts."""

    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"
    MICROSECONDS = "microseconds"
    NANOSECONDS = "nanoseconds"
    EXCEL_DAYS = "days of a spreadsheet"
    DIGITS = "days written YYYYMMDD"


class DateOrder(StrEnum):
    """Which comes first in 03/04/2025. Dates with dots always begin with the day."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


def times(
    values: pl.Series, *, zone: str = "UTC", unit: TimeUnit | None = None, order: DateOrder | None = None
) -> pl.Series:
    """Times in UTC, microseconds. A time without a zone is one of `zone`, a day is its midnight.

    Numbers count `unit`; without one each is taken by its size. 03/04/2025 is null unless `order` is given. Where the
    clocks of `zone` were put back, a time that occurred twice is the first; where they were put forward, a time that
    never was is null.
    """
    if values.dtype.is_temporal():
        return _typed(values, zone)
    if values.dtype.is_numeric():
        return _counted(values, unit, zone)
    if values.dtype != pl.String:
        return _nothing(values)
    text, parsed = values.str.strip_chars(), _nothing(values)
    wanted = text.is_not_null() & (text != "")
    for form in ISO_FORMATS:
        if not (parsed.is_null() & wanted).any():
            return parsed
        parsed = _first(parsed, _typed(text.str.to_datetime(form, time_unit="us", strict=False), zone))
    for is_number in (True, False):
        missing = parsed.is_null() & wanted
        if not missing.any():
            return parsed
        rest = text.filter(missing)
        read = _counted_text(rest, unit, zone) if is_number else _written_out(rest, zone, order)
        parsed = parsed.scatter(missing.arg_true(), read)
    return parsed


def repeated(moments: pl.Series, zone: str) -> int:
    """How many of `moments` (UTC) are in an hour that occurred twice on the clocks of `zone`."""
    local = moments.dt.convert_time_zone(zone)
    naive = local.dt.replace_time_zone(None)
    later = naive.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
    earlier = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return int((later != earlier).sum())


def unit_of(values: pl.Series) -> TimeUnit | None:
    """The unit that most of the numbers in `values` look like; None where there is no number."""
    number = _numbers(values)
    size = pl.col("size")
    day = pl.col("size").cast(pl.Int64, strict=False).cast(pl.String).str.to_date("%Y%m%d", strict=False)
    kinds = (
        number.abs()
        .to_frame("size")
        .filter(size >= 1)
        .select(
            pl.when(size < _EXCEL_BELOW)
            .then(pl.lit(TimeUnit.EXCEL_DAYS))
            .when(size.is_between(19_900_101, 21_001_231) & day.is_not_null())
            .then(pl.lit(TimeUnit.DIGITS))
            .when(size < _SECONDS_BELOW)
            .then(pl.lit(TimeUnit.SECONDS))
            .when(size < _MILLISECONDS_BELOW)
            .then(pl.lit(TimeUnit.MILLISECONDS))
            .when(size < _MICROSECONDS_BELOW)
            .then(pl.lit(TimeUnit.MICROSECONDS))
            .otherwise(pl.lit(TimeUnit.NANOSECONDS))
            .alias("unit")
        )
        .group_by("unit")
        .len()
        .sort("len", "unit", descending=True)
    )
    return TimeUnit(kinds.item(0, "unit")) if kinds.height else None


@cache
def time_zones() -> dict[str, str]:
    """The zones of the time zone database, by their names in small letters."""
    return {name.lower(): name for name in available_timezones()}


def _typed(values: pl.Series, zone: str) -> pl.Series:
    if values.dtype in (pl.Time, pl.Duration):
        return _nothing(values)
    if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is not None:
        return values.dt.convert_time_zone("UTC").cast(UTC_MICROSECONDS)
    return _in_zone(values.cast(pl.Datetime("us")), zone)


def _in_zone(naive: pl.Series, zone: str) -> pl.Series:
    if zone == "UTC":
        return naive.dt.replace_time_zone("UTC")
    placed = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return placed.dt.convert_time_zone("UTC")


def _counted_text(text: pl.Series, unit: TimeUnit | None, zone: str) -> pl.Series:
    if unit is TimeUnit.NANOSECONDS:
        # Floating point is too coarse for these.
        return _counted(text.cast(pl.Int64, strict=False), unit, zone)
    return _counted(text.cast(pl.Float64, strict=False), unit, zone)


def _counted(values: pl.Series, unit: TimeUnit | None, zone: str) -> pl.Series:
    number = values.cast(pl.Float64, strict=False)
    match unit:
        case TimeUnit.SECONDS:
            micros = number * 1e6
        case TimeUnit.MILLISECONDS:
            micros = number * 1e3
        case TimeUnit.MICROSECONDS:
            micros = number
        case TimeUnit.NANOSECONDS:
            whole = values.cast(pl.Int64, strict=False)
            return (whole // 1_000).cast(UTC_MICROSECONDS)
        case TimeUnit.EXCEL_DAYS:
            is_day = (number >= 1) & (number < _EXCEL_LAST)
            # A spreadsheet's fraction of a day is exact to less than a millisecond.
            millis = _null_unless(is_day, ((number - _EXCEL_EPOCH) * 86_400_000).round())
            return _in_zone((millis.cast(pl.Int64, strict=False) * 1_000).cast(pl.Datetime("us")), zone)
        case TimeUnit.DIGITS:
            days = number.cast(pl.Int64, strict=False).cast(pl.String).str.to_date("%Y%m%d", strict=False)
            return _in_zone(days.cast(pl.Datetime("us")), zone)
        case None:
            micros = _by_size(number)
    return micros.round().cast(pl.Int64, strict=False).cast(UTC_MICROSECONDS)


def _by_size(number: pl.Series) -> pl.Series:
    value = pl.col("value")
    micros = (
        pl.when(value.abs() < _SECONDS_BELOW)
        .then(value * 1e6)
        .when(value.abs() < _MILLISECONDS_BELOW)
        .then(value * 1e3)
        .otherwise(value)
    )
    return number.to_frame("value").select(micros.alias(number.name)).to_series()


def _written_out(text: pl.Series, zone: str, order: DateOrder | None) -> pl.Series:
    """Everything that ISO 8601 does not know: other dates, AM and PM, zones by name, RFC 2822."""
    parts = text.str.extract_groups(_PARTS).struct.unnest()
    hour, minute, second = (pl.col(name).cast(pl.Int64).fill_null(0) for name in ("hour", "minute", "second"))
    meridiem = pl.col("meridiem").str.to_lowercase()
    is_clock = (
        pl.when(meridiem.is_not_null())
        .then(hour.is_between(1, 12) & pl.col("hour").is_not_null())
        .otherwise(hour <= 23)
        & (minute <= 59)
        & (second <= 59)
        # A zone or a meridiem without a time of day says nothing.
        & (pl.col("hour").is_not_null() | pl.col("zone").is_null())
    )
    hour = pl.when(meridiem == "p").then(hour % 12 + 12).when(meridiem == "a").then(hour % 12).otherwise(hour)
    fraction = pl.col("fraction").str.pad_end(9, "0").cast(pl.Int64).fill_null(0) // 1_000
    micros = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
    naive = parts.select(
        pl.when(is_clock).then(_days(parts.get_column("date"), order).cast(pl.Int64) * _DAY_US + micros)
    ).to_series()
    return _placed(naive, parts.get_column("zone"), zone)


def _days(text: pl.Series, order: DateOrder | None) -> pl.Series:
    dashed = text.str.replace_all(r"[/.]", "-")
    words = text.str.replace_all(r"[-,.]", " ").str.replace_all(r"\s+", " ")
    words = words.str.replace(r"(?i)(\d)(?:st|nd|rd|th)\b", "$1")
    days = _first(dashed.str.to_date("%Y-%m-%d", strict=False), text.str.to_date("%d.%m.%Y", strict=False))
    if order is not None:
        form = "%d-%m-%Y" if order is DateOrder.DAY_FIRST else "%m-%d-%Y"
        numbered = text.str.replace_all("/", "-", literal=True)
        days = _first(days, numbered.str.to_date(form, strict=False))
    for form in ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y"):
        days = _first(days, words.str.to_date(form, strict=False))
    # A year before 1000 is one of two digits.
    return _null_unless(days.dt.year() >= 1000, days)


def _placed(micros: pl.Series, zones: pl.Series, default: str) -> pl.Series:
    """Microseconds on the clock of `zones` (text, or null for `default`) as UTC; null where a zone is not known."""
    upper = zones.str.to_uppercase()
    offset = upper.str.extract_groups(_OFFSET).struct.unnest()
    sign, hours, minutes = (pl.col(name) for name in offset.columns)
    east = offset.select(
        pl.when(hours.cast(pl.Int64) <= 14, minutes.cast(pl.Int64).fill_null(0) <= 59).then(
            pl.when(sign == "-").then(-1).otherwise(1)
            * (hours.cast(pl.Int64) * 60 + minutes.cast(pl.Int64).fill_null(0))
        )
    ).to_series()
    known = upper.replace_strict(
        {name: hours * 60 for name, hours in _ABBREVIATIONS.items()}, default=None, return_dtype=pl.Int64
    )
    east = _first(east, known)
    placed = (micros - east * 60_000_000).cast(UTC_MICROSECONDS)
    rest = zones.fill_null("").to_frame("zone").with_columns(east.alias("east"))
    for name in rest.filter(pl.col("east").is_null()).get_column("zone").unique().sort():
        named = time_zones().get(name.lower()) if "/" in name else None
        place = default if name == "" else named
        if place is None:
            continue
        where = (rest.get_column("zone") == name).arg_true()
        placed = placed.scatter(where, _in_zone(micros.gather(where).cast(pl.Datetime("us")), place))
    return placed


def _numbers(values: pl.Series) -> pl.Series:
    if values.dtype.is_numeric():
        number = values.cast(pl.Float64)
    elif values.dtype == pl.String:
        number = values.str.strip_chars().cast(pl.Float64, strict=False)
    else:
        return pl.Series([], dtype=pl.Float64)
    return number.filter(number.is_finite().fill_null(False))


def _null_unless(condition: pl.Series, values: pl.Series) -> pl.Series:
    frame = pl.DataFrame([condition.alias("condition"), values.alias("value")])
    return frame.select(pl.when("condition").then("value").alias(values.name)).to_series()


def _nothing(values: pl.Series) -> pl.Series:
    return pl.Series(values.name, [None], dtype=UTC_MICROSECONDS).new_from_index(0, len(values))


def _first(left: pl.Series, right: pl.Series) -> pl.Series:
    frame = pl.DataFrame([left.alias("left"), right.alias("right")])
    return frame.select(pl.coalesce("left", "right").alias(left.name)).to_series()
