"""Checks a frame against a contract: good rows, converted to its types, and bad rows with their reasons. Vectorised.

Belongs here: each kind of rule as a Polars expression. Does not belong here: reading files, and what happens to bad
rows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import polars as pl

from data_contracts.contract import Check, Contract, Rule
from data_contracts.conventions import CANONICAL, Conventions
from data_contracts.parsing import parse_frame

REASON = "reason"
# Columns beside the converted ones: whether a value that is null now was given, and the moment to which rules about now
# refer.
_UNREAD = "unread:"
_NOW = "moment_of_validation"


@dataclass(frozen=True, slots=True)
class Validated:
    """Every row of the frame is in exactly one of the two frames, in the original order.

    `good` has the contract's columns, converted to its types, and unknown columns unchanged. `bad` has the original
    rows and `reason`, which lists every broken rule as "COLUMN sentence; ...". `breaks` has a row for each bad row and
    a column for each of the contract's rules: true if the row breaks it.
    """

    good: pl.DataFrame
    bad: pl.DataFrame
    breaks: pl.DataFrame

    def broken(self, contract: Contract) -> list[tuple[Rule, ...]]:
        """The rules that each bad row breaks."""
        return [
            tuple(rule for rule, is_broken in zip(contract.rules, row, strict=True) if is_broken)
            for row in self.breaks.iter_rows()
        ]


def validate(
    contract: Contract, frame: pl.DataFrame, *, now: datetime | None = None, conventions: Conventions = CANONICAL
) -> Validated:
    """Splits `frame` by the contract's rules. A column that is not in the frame counts as missing in every row.

    `now` is the moment to which rules about the future refer, by default the current time. `conventions` says how the
    frame's values are written.
    """
    rows, schema = parse_frame(frame, contract.properties, conventions), frame.schema
    # Nearly all columns are converted whole, so nearly none is looked at once more.
    unread = {name for name in rows.columns if name in schema and _nulls(rows, name) > _nulls(frame, name)}
    beside = frame.select(
        *(_is_unread(name, schema, unread).alias(_UNREAD + name) for name in contract.columns),
        pl.repeat(now or datetime.now(UTC), pl.len()).alias(_NOW),
    )
    judged, rules = rows.hstack(beside.get_columns()), _expressions(contract)
    is_bad = judged.select(pl.any_horizontal(rules)).to_series()
    good = rows.hstack([column for column in frame.get_columns() if column.name not in contract.columns])
    if not is_bad.any():
        return Validated(good, frame.clear().with_columns(pl.lit("").alias(REASON)), judged.clear().select(rules))
    breaks = judged.filter(is_bad).select(rules)
    return Validated(good.filter(~is_bad), frame.filter(is_bad).with_columns(_reasons(contract.rules, breaks)), breaks)


def _nulls(frame: pl.DataFrame, name: str) -> int:
    return frame.get_column(name).null_count()


def _is_unread(name: str, schema: pl.Schema, unread: Collection[str]) -> pl.Expr:
    """Where a value was given, if it is null once it is converted. Blank text is no value."""
    if name not in unread:
        return pl.repeat(False, pl.len())
    column = pl.col(name)
    is_given = column.str.strip_chars() != "" if schema[name] == pl.String else column.is_not_null()
    return is_given.fill_null(value=False)


@lru_cache(maxsize=8)
def _expressions(contract: Contract) -> tuple[pl.Expr, ...]:
    """A column for each rule, named by its place: true for a row that breaks it."""
    return tuple(_breaks(rule).fill_null(value=False).alias(f"{place}") for place, rule in enumerate(contract.rules))


def _breaks(rule: Rule) -> pl.Expr:
    """True for a row that breaks the rule, null where the rule does not apply."""
    column, is_unread = pl.col(rule.column), pl.col(_UNREAD + rule.column)
    match rule.check:
        case Check.REQUIRED:
            test = column.is_null() & is_unread.not_()
        case Check.TYPE:
            test = column.is_null() & is_unread
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
            test = ~pl.sql_expr(rule.limit.format(now=_NOW))
    return test


def _reasons(rules: Sequence[Rule], broken: pl.DataFrame) -> pl.Series:
    sentences = [
        pl.when(pl.col(f"{place}")).then(pl.lit(f"{rule.column} {rule.sentence}")) for place, rule in enumerate(rules)
    ]
    return broken.select(pl.concat_str(sentences, separator="; ", ignore_nulls=True).alias(REASON)).to_series()
