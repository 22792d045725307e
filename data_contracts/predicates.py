"""The contract's rules as SQL, to find the rows of a table that break them.

Belongs here: one predicate for each rule. Does not belong here: counting (Great Expectations does, see `expectations`),
or moving rows.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from psycopg import sql

from data_contracts.contract import Check, Contract, LogicalType, Rule


def violation_reasons(contract: Contract, *, now: datetime | None = None) -> sql.Composed:
    """An SQL expression over a row of the contract's table: the reasons why it breaks the contract; empty if none."""
    moment = now or datetime.now(UTC)
    reasons = [
        sql.SQL("case when {} then {} end").format(_violation(rule, moment), f"{rule.column} {rule.sentence}")
        for rule in _checkable(contract)
    ]
    return sql.SQL("concat_ws('; ', {})").format(sql.SQL(", ").join(reasons))


def is_violated(contract: Contract, *, now: datetime | None = None) -> sql.Composed:
    """An SQL condition over a row of the contract's table: whether it breaks the contract.

    It is true exactly where `violation_reasons` is not empty, and costs half as much. Elsewhere it is false or null.
    """
    moment = now or datetime.now(UTC)
    return sql.SQL("({})").format(sql.SQL(" or ").join(_violation(rule, moment) for rule in _checkable(contract)))


def _checkable(contract: Contract) -> Iterator[Rule]:
    # The table itself ensures the other types.
    return (rule for rule in contract.rules if rule.check is not Check.TYPE or rule.limit is LogicalType.OBJECT)


def _violation(rule: Rule, now: datetime) -> sql.Composable:
    column = sql.Identifier(rule.column)
    match rule.check:
        case Check.REQUIRED:
            test = sql.SQL("{} is null").format(column)
        case Check.TYPE:
            test = sql.SQL("jsonb_typeof({}) <> 'object'").format(column)
        case Check.MIN_LENGTH:
            test = sql.SQL("length({}) < {}").format(column, rule.limit)
        case Check.MAX_LENGTH:
            test = sql.SQL("length({}) > {}").format(column, rule.limit)
        case Check.PATTERN:
            test = sql.SQL("{} !~ {}").format(column, rule.limit)
        case Check.MINIMUM:
            test = sql.SQL("{} < {}").format(column, rule.limit)
        case Check.MAXIMUM:
            test = sql.SQL("{} > {}").format(column, rule.limit)
        case Check.VALID_VALUES:
            test = sql.SQL("{} <> all({})").format(column, list(rule.limit))
        case Check.MISSING_VALUES:
            test = sql.SQL("{} = any({})").format(column, list(rule.limit))
        case Check.PREDICATE:
            # Text from our own file.
            test = sql.SQL("not ({})").format(sql.SQL(rule.limit.format(now=f"timestamptz '{now.isoformat()}'")))
    return test
