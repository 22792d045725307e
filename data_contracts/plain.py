"""Judges one row in plain Python: for a few rows, polars' fixed cost of each column is many times the work.

Belongs here: reading values that are written in the usual way, and each kind of rule as a test of one value; the rules
themselves are the contract's. Does not belong here: judging anything else. A row that this module cannot call good is
left to `rules.validate`, which therefore states every reason. What is called good here is good there, with the same
values; a test compares the two on generated rows.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from data_contracts.contract import Check, Contract, LogicalType, Property, Rule

Row = dict[str, Any]
"""The contract's columns, converted to its types; None is a missing value."""

_EXACT = 1 << 53
_DIGITS_OF_UUID = re.compile("[0-9a-f]{32}").fullmatch
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?").fullmatch
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"
).fullmatch
_NOW = "{now}"
_NOT_LATER = re.compile(r"(\w+) <= (\w+|\{now\}) \+ interval '(\d+) hours'").fullmatch
# Objects that are deeper or longer are rare, and what JSON allows beyond that is for the columns to judge.
_DEPTH = 8
_OBJECT_LENGTH = 100_000


class _Unsure:
    """What is read of a value that is not written in the usual way."""


_UNSURE: Final = _Unsure()
_Read = Callable[[Any], Any]
_Test = Callable[[Any], bool]
# Of a row, and of the moment to which rules about now refer.
_RowTest = Callable[[Mapping[str, Any], datetime], bool]


@dataclass(frozen=True, slots=True)
class _Column:
    """How a column is read, and what must be true of its values. `is_required`: there must be one."""

    name: str
    is_required: bool
    read: _Read
    tests: tuple[_Test, ...]


@dataclass(frozen=True, slots=True)
class _Form:
    """A contract as tests in plain Python."""

    columns: tuple[_Column, ...]
    tests: tuple[_RowTest, ...]


def has_plain_form(contract: Contract) -> bool:
    """Whether every rule of the contract can be tested here. `plain_row` calls no row good otherwise."""
    return _form(contract) is not None


def plain_row(contract: Contract, values: Mapping[str, Any], now: datetime) -> Row | None:
    """The row, converted, if it keeps the contract and each value is written in the usual way; else None.

    `values` are as JSON has them; names that are no columns are not looked at. `now` is the moment to which rules about
    the future refer.
    """
    form = _form(contract)
    if form is None:
        return None
    row: Row = {}
    for column in form.columns:
        value = values.get(column.name)
        if value is None or value == "":
            if column.is_required:
                return None
            row[column.name] = None
            continue
        read = row[column.name] = column.read(value)
        if read is _UNSURE:
            return None
        for test in column.tests:
            if not test(read):
                return None
    return row if all(test(row, now) for test in form.tests) else None


@lru_cache(maxsize=8)
def _form(contract: Contract) -> _Form | None:
    tests = [_row_test(rule, contract) for rule in contract.row_rules]
    if None in tests:
        return None
    return _Form(tuple(map(_column, contract.properties)), tuple(test for test in tests if test is not None))


def _column(definition: Property) -> _Column:
    is_required = any(rule.check is Check.REQUIRED for rule in definition.rules)
    others = (rule for rule in definition.rules if rule.check not in (Check.REQUIRED, Check.TYPE))
    return _Column(definition.name, is_required, _reader(definition), tuple(map(_test, others)))


def _test(rule: Rule) -> _Test:
    """Whether a value keeps a rule about a single column."""
    limit = rule.limit
    tests: dict[Check, _Test] = {
        Check.MIN_LENGTH: lambda value: len(value) >= limit,
        Check.MAX_LENGTH: lambda value: len(value) <= limit,
        Check.PATTERN: lambda value: re.search(limit, value) is not None,
        Check.MINIMUM: lambda value: bool(value >= limit),
        Check.MAXIMUM: lambda value: bool(value <= limit),
        Check.VALID_VALUES: lambda value: value in limit,
        Check.MISSING_VALUES: lambda value: value not in limit,
    }
    return tests[rule.check]


def _row_test(rule: Rule, contract: Contract) -> _RowTest | None:
    """Whether a row keeps a rule about several columns; None where the rule is not `A <= B + interval 'N hours'`."""
    found = _NOT_LATER(rule.limit)
    if found is None:
        return None
    earlier, later, hours = found[1], found[2], timedelta(hours=int(found[3]))
    times = {each.name for each in contract.properties if each.logical_type is LogicalType.DATE} | {_NOW}
    if not {earlier, later} <= times:
        return None

    def test(row: Mapping[str, Any], now: datetime) -> bool:
        first, second = row[earlier], now if later == _NOW else row[later]
        return first is None or second is None or bool(first - second <= hours)

    return test


def _reader(definition: Property) -> _Read:
    match definition.logical_type:
        case LogicalType.STRING:
            return _uuid if definition.format == "uuid" else _text
        case LogicalType.NUMBER:
            return _number
        case LogicalType.DATE:
            return _time
        case LogicalType.OBJECT:
            return _object
    return lambda value: _UNSURE


# Types are compared exactly: a bool is an int, and what a class of its own makes of a value nobody knows.


def _text(value: object) -> str | _Unsure:
    if type(value) is int:
        return str(value) if -_EXACT < value < _EXACT else _UNSURE
    if type(value) is not str or value != value.strip() or "\x00" in value or not _is_utf8(value):
        return _UNSURE
    return value


def _uuid(value: object) -> str | _Unsure:
    if type(value) is not str:
        return _UNSURE
    digits = value.lower().replace("-", "")
    return digits if _DIGITS_OF_UUID(digits) else _UNSURE


def _number(value: object) -> float | _Unsure:
    if type(value) is float:
        # Zero has no sign, so that equal rows are equal.
        return value + 0.0 if math.isfinite(value) else _UNSURE
    if type(value) is int:
        return float(value) if -_EXACT < value < _EXACT else _UNSURE
    return float(value) + 0.0 if type(value) is str and _NUMBER(value) else _UNSURE


def _time(value: object) -> datetime | _Unsure:
    if type(value) is datetime and value.tzinfo is UTC:
        return value
    if type(value) is not str or not _TIME(value):
        return _UNSURE
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return _UNSURE


def _object(value: object) -> str | _Unsure:
    """JSON as `parsing` leaves it: without spaces, names in the order given."""
    if type(value) is not dict or not _is_usual(value, _DEPTH):
        return _UNSURE
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= _OBJECT_LENGTH and "\\u0000" not in text and _is_utf8(text) else _UNSURE


def _is_usual(value: object, depth: int) -> bool:
    """Whether writing a value as JSON and reading it again gives the same."""
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return True
    if kind is int:
        return -_EXACT < value < _EXACT  # type: ignore[operator]
    if kind is float:
        return math.isfinite(value)  # type: ignore[arg-type]
    if depth and kind is list:
        return all(_is_usual(each, depth - 1) for each in value)  # type: ignore[attr-defined]
    if depth and kind is dict:
        inside = value.items()  # type: ignore[attr-defined]
        return all(type(name) is str and _is_usual(each, depth - 1) for name, each in inside)
    return False


def _is_utf8(text: str) -> bool:
    """Whether every character is one: a half of a surrogate pair is none."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
