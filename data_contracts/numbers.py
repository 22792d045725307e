"""Turns numbers as senders write them into floating point: one decimal sign a column, thousands grouped or not.

Belongs here: the grammar of written numbers, and what a column's values say about its decimal sign. Does not:
currencies (`currencies`), or limits (the contract).
"""

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

_SPACES = " \u00a0\u202f\u2009"


class DecimalSign(StrEnum):
    """What separates whole and fraction. `UNKNOWN` reads only what is the same number either way."""

    POINT = "."
    COMMA = ","
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DecimalEvidence:
    """How many values of a column are numbers with a point alone, with a comma alone, and different ones with each.

    `point` and `comma` hold an example, `either` one such as 1.234.
    """

    points: int
    commas: int
    eithers: int
    point: str | None
    comma: str | None
    either: str | None


def numbers(values: pl.Series, decimal: DecimalSign | None = None) -> pl.Series:
    """Finite double precision numbers; negative zero becomes zero so that equal rows are equal.

    Without `decimal` text must be a number as programs write it. With one, thousands may be grouped by the other sign,
    spaces or apostrophes, a minus may stand behind and parentheses for it.
    """
    if values.dtype.is_nested() or values.dtype.is_temporal() or values.dtype == pl.Binary:
        return pl.Series(values.name, [], dtype=pl.Float64).extend_constant(None, len(values))
    if values.dtype != pl.String or decimal is None:
        text = values.str.strip_chars() if values.dtype == pl.String else values
        return _finite(text.cast(pl.Float64, strict=False))
    text = values.str.strip_chars()
    plain = text.cast(pl.Float64, strict=False)
    is_same = decimal is DecimalSign.POINT or not text.str.contains("[.,]").any()
    if is_same and not (plain.is_null() & (text != "")).any():
        return _finite(plain)
    text = _plain_sign(text)
    if decimal is DecimalSign.UNKNOWN:
        point, comma = _read(text, DecimalSign.POINT), _read(text, DecimalSign.COMMA)
        is_plain = ~text.str.contains(",", literal=True) & ((point == comma) | comma.is_null())
        return _finite(_where(is_plain, point))
    return _finite(_read(text, decimal))


def decimal_evidence(values: pl.Series) -> DecimalEvidence:
    """What a column of text says about its decimal sign."""
    if values.dtype != pl.String:
        return DecimalEvidence(0, 0, 0, None, None, None)
    frame = pl.DataFrame({"text": _plain_sign(values.str.strip_chars())}).filter(pl.col("text").str.contains(r"[.,]"))
    text = frame.get_column("text")
    frame = frame.with_columns(
        _read(text, DecimalSign.POINT).alias("point"), _read(text, DecimalSign.COMMA).alias("comma")
    )
    point, comma = pl.col("point"), pl.col("comma")
    kinds = (
        frame.filter(point.is_not_null() & comma.is_null()).get_column("text"),
        frame.filter(point.is_null() & comma.is_not_null()).get_column("text"),
        frame.filter(point.is_not_null() & comma.is_not_null() & (point != comma)).get_column("text"),
    )
    counts = [len(kind) for kind in kinds]
    examples = [str(kind[0]) if len(kind) else None for kind in kinds]
    return DecimalEvidence(counts[0], counts[1], counts[2], examples[0], examples[1], examples[2])


def _plain_sign(text: pl.Series) -> pl.Series:
    """A minus in front: `(5)`, `5-` and a typographic minus are -5. Nothing stands around `text`."""
    if not text.str.contains("[(−-]").any():
        return text
    return (
        text.str.replace("−", "-", literal=True)
        .str.replace(r"^\(\s*([^()+-]+?)\s*\)$", "-$1")
        .str.replace(r"^([^()+-]+?)\s*-$", "-$1")
        .str.replace(r"^([+-])\s+", "$1")
    )


def _read(text: pl.Series, decimal: DecimalSign) -> pl.Series:
    """`text` as numbers with this decimal sign; null where a group of thousands is not one."""
    other = r"\." if decimal is DecimalSign.COMMA else ","
    # India groups by two digits before the last three, and writes a decimal point.
    middle = r"\d{3}" if decimal is DecimalSign.COMMA else r"\d{2,3}"
    groups = "|".join(
        rf"[1-9]\d{{0,2}}(?:{sign}{inner})*{sign}\d{{3}}"
        for sign, inner in ((other, middle), (f"[{_SPACES}]", r"\d{3}"), ("['’]", r"\d{3}"))
    )
    mark = r"\." if decimal is DecimalSign.POINT else ","
    is_number = text.str.contains(rf"^[+-]?(?:(?:\d+|{groups})(?:{mark}\d*)?|{mark}\d+)(?:[eE][+-]?\d+)?$")
    bare = text.str.replace_all(rf"[{_SPACES}'’{other}]", "")
    if decimal is DecimalSign.COMMA:
        bare = bare.str.replace(",", ".", literal=True)
    return _where(is_number, bare.cast(pl.Float64, strict=False))


def _finite(number: pl.Series) -> pl.Series:
    value = pl.col("value")
    return number.to_frame("value").select(pl.when(value.is_finite()).then(value + 0.0).alias(number.name)).to_series()


def _where(condition: pl.Series, values: pl.Series) -> pl.Series:
    frame = pl.DataFrame([condition.alias("condition"), values.alias("value")])
    return frame.select(pl.when("condition").then("value").alias(values.name)).to_series()
