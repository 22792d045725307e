"""How one file writes times and numbers: found from its first rows, or given, and then held for all of it.

Belongs here: which notation a column uses, and saying so where it cannot be known. Does not: reading a value
(`times`, `numbers`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from data_contracts.contract import Contract, LogicalType
from data_contracts.errors import ConventionError
from data_contracts.numbers import DecimalSign, decimal_evidence
from data_contracts.times import DateOrder, TimeUnit, time_zones, unit_of

_ENDS_IN_YEAR = r"^(\d{1,2})[-/](\d{1,2})[-/]\d{4}\b"


@dataclass(frozen=True, slots=True)
class Conventions:
    """How values are written. The default is how programs write them, and what events over HTTP must keep.

    Mappings are by column. `time_zone` is the one of times without a zone. `whole_ids` are ids
    that a program took for numbers: all of their values end in `.0`.
    """

    time_zone: str = "UTC"
    time_units: Mapping[str, TimeUnit] = field(default_factory=dict)
    date_orders: Mapping[str, DateOrder] = field(default_factory=dict)
    decimals: Mapping[str, DecimalSign] = field(default_factory=dict)
    whole_ids: frozenset[str] = frozenset()


CANONICAL = Conventions()


def find_conventions(
    contract: Contract,
    rows: pl.DataFrame,
    *,
    time_zone: str = "UTC",
    date_order: DateOrder | None = None,
    decimal: DecimalSign | None = None,
) -> Conventions:
    """The conventions of a file whose first rows, as columns of the contract, are `rows`.

    What is given is not looked for. Raises ConventionError for a column that can be read in two ways.
    """
    units: dict[str, TimeUnit] = {}
    orders: dict[str, DateOrder] = {}
    decimals: dict[str, DecimalSign] = {}
    for each in contract.properties:
        if each.name not in rows.columns:
            continue
        values = rows.get_column(each.name)
        if each.logical_type is LogicalType.DATE:
            if unit := unit_of(values):
                units[each.name] = unit
            if order := date_order or _order(each.name, values):
                orders[each.name] = order
        elif each.logical_type in (LogicalType.NUMBER, LogicalType.INTEGER) and values.dtype == pl.String:
            decimals[each.name] = decimal or _decimal(each.name, values)
    whole = frozenset(
        each.name
        for each in contract.properties
        if each.logical_type is LogicalType.STRING
        and each.name in rows.columns
        and _is_whole(rows.get_column(each.name))
    )
    return Conventions(demand_time_zone(time_zone), units, orders, decimals, whole)


def demand_time_zone(name: str) -> str:
    """`name` as the time zone database spells it. Raises ConventionError if it is not there."""
    known = time_zones().get(name.lower(), name)
    try:
        ZoneInfo(known)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConventionError(f"There is no time zone {name}; give one such as Europe/Moscow or UTC") from error
    return known


def orders_of(values: pl.Series) -> tuple[int, int, int]:
    """How many dates such as 03/04/2025 can only begin with the day, only with the month, and how many with either."""
    if values.dtype != pl.String:
        return 0, 0, 0
    groups = values.str.strip_chars().str.extract_groups(_ENDS_IN_YEAR).struct.unnest()
    first, second = (pl.col(name).cast(pl.Int64, strict=False) for name in groups.columns)
    counts = groups.select(
        day=((first > 12) & (second <= 12)).sum(),
        month=((first <= 12) & (second > 12)).sum(),
        either=((first <= 12) & (second <= 12)).sum(),
    )
    return counts.item(0, "day"), counts.item(0, "month"), counts.item(0, "either")


def _is_whole(values: pl.Series) -> bool:
    if values.dtype != pl.String:
        return False
    text = values.str.strip_chars()
    text = text.filter(text != "")
    return len(text) > 0 and bool(text.str.contains(r"^\d+\.0$").all())


def _order(name: str, values: pl.Series) -> DateOrder | None:
    day, month, either = orders_of(values)
    if day and month:
        raise ConventionError(
            f"{name} has dates that begin with the day ({day:,}) and dates that begin with the month ({month:,});"
            " write them in one way"
        )
    if either and not day and not month:
        raise ConventionError(
            f"{name} has dates such as {_example(values)}, and none says whether the day or the month comes first;"
            " say so with --date-order day-first or month-first"
        )
    if day or month:
        return DateOrder.DAY_FIRST if day else DateOrder.MONTH_FIRST
    return None


def _example(values: pl.Series) -> str:
    return " ".join(str(values.filter(values.str.strip_chars().str.contains(_ENDS_IN_YEAR))[0]).split())[:60]


def _decimal(name: str, values: pl.Series) -> DecimalSign:
    found = decimal_evidence(values)
    if found.points and found.commas:
        raise ConventionError(
            f"{name} has numbers with a decimal point ({found.point}) and with a decimal comma ({found.comma});"
            " write them in one way, or refuse those of one kind with --decimal"
        )
    if found.points or found.commas:
        return DecimalSign.POINT if found.points else DecimalSign.COMMA
    if found.eithers:
        raise ConventionError(
            f"{name} has numbers such as {found.either}, and none says whether that sign groups thousands or begins the"
            " fraction; say so with --decimal . or --decimal ,"
        )
    return DecimalSign.UNKNOWN
