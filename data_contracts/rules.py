"""Checks a frame against a contract: good rows, converted to its types, and bad rows with their reasons. Vectorised.

Belongs here: each kind of rule as a Polars expression. Does not belong here: reading files, and what happens to bad
rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from data_contracts.contract import Check, Contract, Rule
from data_contracts.conventions import CANONICAL, Conventions
from data_contracts.parsing import parse

REASON = "reason"
# Prefix of a column that says whether a value was present but could not be converted to the contract's type.
_UNREAD = "unread:"


@dataclass(frozen=True, slots=True)
class Validated:
    """Every row of the frame is in exactly one of the two frames, in the original order.

    `good` has the contract's columns, converted to its types, and unknown columns unchanged. `bad` has the original
    rows and `reason`, which lists every broken rule as "COLUMN sentence; ...".
    """

    good: pl.DataFrame
    bad: pl.DataFrame


def validate(
    contract: Contract, frame: pl.DataFrame, *, now: datetime | None = None, conventions: Conventions = CANONICAL
) -> Validated:
    """Splits `frame` by the contract's rules. A column that is not in the frame counts as missing in every row.

    `now` is the moment to which rules about the future refer, by default the current time. `conventions` says how the
    frame's values are written.
    """
    typed: list[pl.Series] = []
    unread: list[pl.Series] = []
    for each in contract.properties:
        given = frame.get_column(each.name) if each.name in frame.columns else _missing(each.name, frame.height)
        parsed = parse(given, each, conventions)
        typed.append(parsed)
        unread.append(_unread(given, parsed).alias(_UNREAD + each.name))
    rows = pl.DataFrame(typed)
    broken = pl.DataFrame([*typed, *unread]).select(
        _breaks(rule, now or datetime.now(UTC)).fill_null(False).alias(f"{place}")
        for place, rule in enumerate(contract.rules)
    )
    is_bad = broken.select(pl.any_horizontal(pl.all())).to_series()
    others = frame.select(pl.exclude(contract.columns))
    good = rows.hstack(others.get_columns())
    if not is_bad.any():
        return Validated(good, frame.clear().with_columns(pl.lit("").alias(REASON)))
    reasons = _reasons(contract.rules, broken.filter(is_bad))
    return Validated(good.filter(~is_bad), frame.filter(is_bad).with_columns(reasons))


def _missing(name: str, height: int) -> pl.Series:
    return pl.Series(name, [None], dtype=pl.String).new_from_index(0, height)


def _unread(given: pl.Series, parsed: pl.Series) -> pl.Series:
    """Where a value was given and could not be read. Blank text is no value."""
    if parsed.null_count() == given.null_count():
        return pl.Series([False]).new_from_index(0, len(given))
    unread = given.is_not_null() & parsed.is_null()
    return unread & (given.str.strip_chars() != "") if given.dtype == pl.String else unread


def _breaks(rule: Rule, now: datetime) -> pl.Expr:
    """True for a row that breaks the rule, null where the rule does not apply."""
    column = pl.col(rule.column)
    match rule.check:
        case Check.REQUIRED:
            test = column.is_null() & ~pl.col(_UNREAD + rule.column)
        case Check.TYPE:
            test = pl.col(_UNREAD + rule.column)
        case Check.MIN_LENGTH:
            test = column.str.len_chars() < rule.limit
        case Check.MAX_LENGTH:
            test = column.str.len_chars() > rule.limit
        case Check.PATTERN:
            test = ~column.str.contains(rule.limit)
        case Check.MINIMUM:
            test = column < rule.limit
        case Check.MAXIMUM:
            test = column > rule.limit
        case Check.VALID_VALUES:
            test = ~column.is_in(list(rule.limit))
        case Check.MISSING_VALUES:
            test = column.is_in(list(rule.limit))
        case Check.PREDICATE:
            test = ~pl.sql_expr(rule.limit.format(now=now.isoformat()))
    return test


def _reasons(rules: Sequence[Rule], broken: pl.DataFrame) -> pl.Series:
    sentences = [
        pl.when(pl.col(f"{place}")).then(pl.lit(f"{rule.column} {rule.sentence}")) for place, rule in enumerate(rules)
    ]
    return broken.select(pl.concat_str(sentences, separator="; ", ignore_nulls=True).alias(REASON)).to_series()
