"""The contract's rules as SQL, to find the rows of a table that break them.

Belongs here: one predicate a rule. Does not: counting, which is Great Expectations' (`expectations`), or moving rows.
"""

from datetime import UTC, datetime

from psycopg import sql

from data_contracts.contract import Check, Contract, LogicalType, Rule


def broken(contract: Contract, *, now: datetime | None = None) -> sql.Composed:
    """An SQL expression over a row of the contract's table: why it breaks the contract, empty if it does not."""
    moment = now or datetime.now(UTC)
    reasons = [
        sql.SQL("case when {} then {} end").format(_breaks(rule, moment), f"{rule.column} {rule.sentence}")
        for rule in contract.rules
        # A typed table holds the other types by itself.
        if rule.check is not Check.TYPE or rule.limit is LogicalType.OBJECT
    ]
    return sql.SQL("concat_ws('; ', {})").format(sql.SQL(", ").join(reasons))


def _breaks(rule: Rule, now: datetime) -> sql.Composable:
    column = sql.Identifier(rule.column)
    match rule.check:
        case Check.REQUIRED:
            test = sql.SQL("{} is null").format(column)
        case Check.TYPE:
            test = sql.SQL("jsonb_typeof({}) <> 'object'").format(column)
        case Check.MIN_LENGTH:
            test = sql.SQL("length({}) < {}").format(column, rule.limit)
        case Check.PATTERN:
            test = sql.SQL("{} !~ {}").format(column, rule.limit)
        case Check.MINIMUM:
            test = sql.SQL("{} < {}").format(column, rule.limit)
        case Check.MAXIMUM:
            test = sql.SQL("{} > {}").format(column, rule.limit)
        case Check.VALID_VALUES:
            test = sql.SQL("{} <> all({})").format(column, list(rule.limit))
        case Check.PREDICATE:
            # Our own file's text.
            test = sql.SQL("not ({})").format(sql.SQL(rule.limit.format(now=now.isoformat())))
    return test
