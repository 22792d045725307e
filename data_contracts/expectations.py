"""Checks rows of a Postgres table against a contract with Great Expectations.

Belongs here: the contract as an expectation suite, running it, and its result. The result contains no values of the
data, because they are personal. Does not belong here: which rows are new (`ingestion`), and what stops when a check
fails (`orchestration`). Importing Great Expectations takes seconds, so import this module only where it is needed.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy

from data_contracts.contract import Check, Contract, LogicalType, Rule
from data_contracts.errors import ContractError

# Great Expectations reads this when it is imported.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
import great_expectations.expectations as gxe

# Counts only. Without a list of unexpected values, the query for them returns no rows.
_COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0}
_DRIVER = "postgresql+psycopg2"


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule of the contract, and the number of checked rows that break it."""

    column: str
    rule: str
    unexpected_count: int


@dataclass(frozen=True, slots=True)
class ContractResult:
    """The result of a check: counts and names, never values."""

    success: bool
    checked_rows: int
    failures: tuple[Failure, ...] = ()


def check(contract: Contract, url: str, rows: str | None = None, *, now: datetime | None = None) -> ContractResult:
    """Runs the contract's suite over the rows of the query `rows`, by default the contract's whole table.

    `url` contains no password (libpq reads PGPASSFILE). The time is proportional to the rows of the query, which are
    read about twice. Raises ContractError if the database refuses.
    """
    selection = rows or f"select * from {contract.table}"  # noqa: S608 (the table's name is from our own file)
    address = sqlalchemy.make_url(url).set(drivername=_DRIVER)
    try:
        present = _present_columns(address, selection)
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise ContractError(f"Contract {contract.name} cannot be checked: {_first_line(error)}") from error
    missing = [each.name for each in contract.properties if each.name not in present]
    rules = tuple(rule for rule in contract.rules if _is_checkable(rule, missing))
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_postgres(
        "warehouse", connection_string=address.render_as_string(hide_password=False)
    )
    query = _query(contract, selection, missing, now or datetime.now(UTC))
    asset = source.add_query_asset(contract.name, query=query)
    try:
        batch = asset.add_batch_definition_whole_table("rows").get_batch()
        outcome = batch.validate(suite(contract, rules), result_format=_COUNTS)
    finally:
        # The source and the validation use different engines, and both keep their connections open.
        source.get_engine().dispose()
        source.get_execution_engine().close()
    return _result(outcome, missing)


def suite(contract: Contract, rules: Sequence[Rule] | None = None) -> gx.ExpectationSuite:
    """The contract as an expectation suite, with one expectation for each rule that a typed table can break."""
    chosen = contract.rules if rules is None else rules
    expectations = [_expectation(rule) for rule in chosen if _is_checkable(rule, ())]
    return gx.ExpectationSuite(
        name=contract.name, expectations=[gxe.ExpectTableRowCountToBeBetween(min_value=0), *expectations]
    )


def _is_checkable(rule: Rule, missing: Sequence[str]) -> bool:
    """Whether a table without the columns `missing` can break the rule. The table itself ensures most types."""
    if rule.check is Check.PREDICATE:
        return not any(re.search(rf"\b{name}\b", rule.limit) for name in missing)
    if rule.column in missing:
        return False
    return rule.check is not Check.TYPE or rule.limit is LogicalType.OBJECT


def _expectation(rule: Rule) -> gxe.Expectation:
    meta = {"column": rule.column, "rule": rule.name}
    match rule.check:
        case Check.REQUIRED:
            made = gxe.ExpectColumnValuesToNotBeNull(column=rule.column, meta=meta)
        case Check.TYPE:
            made = gxe.ExpectColumnValuesToBeInSet(column=rule.column, value_set=["object"], meta=meta)
        case Check.MIN_LENGTH:
            made = gxe.ExpectColumnValueLengthsToBeBetween(column=rule.column, min_value=rule.limit, meta=meta)
        case Check.MAX_LENGTH:
            made = gxe.ExpectColumnValueLengthsToBeBetween(column=rule.column, max_value=rule.limit, meta=meta)
        case Check.PATTERN:
            made = gxe.ExpectColumnValuesToMatchRegex(column=rule.column, regex=rule.limit, meta=meta)
        case Check.MINIMUM:
            made = gxe.ExpectColumnValuesToBeBetween(column=rule.column, min_value=rule.limit, meta=meta)
        case Check.MAXIMUM:
            made = gxe.ExpectColumnValuesToBeBetween(column=rule.column, max_value=rule.limit, meta=meta)
        case Check.VALID_VALUES:
            made = gxe.ExpectColumnValuesToBeInSet(column=rule.column, value_set=list(rule.limit), meta=meta)
        case Check.MISSING_VALUES:
            made = gxe.ExpectColumnValuesToNotBeInSet(column=rule.column, value_set=list(rule.limit), meta=meta)
        case Check.PREDICATE:
            made = gxe.ExpectColumnValuesToBeInSet(column=rule.name, value_set=[True], meta=meta)
    return made


def _query(contract: Contract, rows: str, missing: Sequence[str], now: datetime) -> str:
    """The rows as the suite sees them: an object becomes its JSON type, and each predicate a boolean column."""
    columns = [
        f"jsonb_typeof({each.name}) as {each.name}" if each.logical_type is LogicalType.OBJECT else each.name
        for each in contract.properties
        if each.name not in missing
    ]
    moment = f"timestamptz '{now.isoformat()}'"
    predicates = [
        f"{rule.limit.format(now=moment)} as {rule.name}" for rule in contract.row_rules if _is_checkable(rule, missing)
    ]
    return f"select {', '.join(columns + predicates)} from ({rows}) as checked"  # noqa: S608


def _present_columns(address: sqlalchemy.URL, rows: str) -> set[str]:
    engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        empty = connection.exec_driver_sql(f"select * from ({rows}) as checked limit 0")  # noqa: S608
        return set(empty.keys())


def _result(outcome: Any, missing: Sequence[str]) -> ContractResult:
    failures = []
    checked = 0
    for each in outcome.results:
        meta = each.expectation_config.meta or {}
        if "observed_value" in each.result:
            checked = int(each.result["observed_value"])
        elif "unexpected_count" not in each.result:
            # The exception may quote the query, so the message names only the rule.
            raise ContractError(f"The rule {meta.get('column')} {meta.get('rule')} cannot be checked on this table")
        elif not each.success:
            failures.append(Failure(meta["column"], meta["rule"], int(each.result["unexpected_count"])))
    failures += [Failure(name, "exists", checked) for name in missing]
    return ContractResult(not failures, checked, tuple(failures))


def _first_line(error: object) -> str:
    return str(error).strip().splitlines()[0]
