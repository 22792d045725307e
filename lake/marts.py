"""What of the lake's marts is built and still true: the plan that a build with Spark starts from.

Belongs here: the records in the tables' properties, which `dbt_project/macros/building/lake.sql` writes. Does not
belong here: which days to build (dbt decides that by the plan), and starting dbt (`orchestration`).
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Any

import pyarrow as pa
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.types import DateType, NestedField, StringType

from core.errors import UserError
from lake.catalogue import Lake, LakeTransaction
from lake.events import BEGINNING, changed_from
from lake.names import EVENTS
from warehouse.database import execute
from warehouse.user_aliases import identities

RECORD = "customer-analyzer.record"
"""The property of a table with its record, as JSON: `definition`, and `events` or `days`."""

DAILY = ("intermediate", "int_user_daily")
FEATURES = ("marts", "user_features")
SNAPSHOTS = (("intermediate", "int_user_sums"), FEATURES, ("marts", "user_labels"))
IDENTITIES = ("raw", "identities")
PUBLISHED = (
    ("intermediate", "int_identities"),
    DAILY,
    FEATURES,
    ("marts", "user_labels"),
    ("analytics", "customer_rfm"),
    ("analytics", "daily_activity"),
    ("analytics", "item_popularity"),
    ("analytics", "items_bought_together"),
    ("analytics", "purchase_funnel"),
    ("analytics", "weekly_retention"),
)
"""What goes to Postgres after a build. Sums do not: only the next build reads them."""

_NOTHING_NEW = "9999-12-31"
_DAYS = ("merged_day", "valid_from", "valid_until")
_KINDS = dict.fromkeys(_DAYS, DateType())
_COLUMNS = ("identity_id", "member_user_id", "user_id", *_DAYS)
_IDENTITIES_SCHEMA = Schema(
    *(NestedField(number, name, _KINDS.get(name, StringType())) for number, name in enumerate(_COLUMNS, 1))
)
_ARROW_SCHEMA = pa.schema([pa.field(name, pa.date32() if name in _DAYS else pa.string()) for name in _COLUMNS])


def plan_build(lake: Lake) -> dict[str, Any]:
    """What dbt is told of the lake, as its variable `lake`. Days that are no longer true are dropped from the records.

    That is committed before anything is built, so that a build that is killed leaves no day that only seems true.
    Identities are copied from the warehouse, because each is stated there; other identities count everything anew.
    Raises UserError where the lake has no events. Call it under the lock of the marts.
    """
    with lake.writing() as transaction:
        events = transaction.table(EVENTS)
        snapshot = None if events is None else events.current_snapshot()
        if events is None or snapshot is None:
            raise UserError("There are no events in the lake yet; bring some in: customer-analyzer events import FILE")
        tables = {name[1]: table for name in (DAILY, *SNAPSHOTS) if (table := transaction.table(name)) is not None}
        records = {name: record for name, table in tables.items() if (record := record_of(table))}
        counted = records.get(DAILY[1], {}).get("events")
        are_others = _copy_identities(transaction)
        since = BEGINNING if are_others or counted is None else changed_from(events, int(counted))
        for _, name in SNAPSHOTS:
            if since is not None and name in records:
                true = still_true(records[name], since.astimezone(UTC).date())
                if true != records[name]:
                    records[name] = true
                    with tables[name].transaction() as change:
                        change.set_properties({RECORD: json.dumps(true)})
    received_from = _NOTHING_NEW if since is None else None if since == BEGINNING else since.isoformat()
    return {"events": str(snapshot.snapshot_id), "received_from": received_from, "records": records}


def built_features(lake: Lake) -> frozenset[tuple[str, date]]:
    """The days of which features are stored and true, each with the digest of what its rows were made by."""
    with lake.reading() as transaction:
        table = transaction.table(FEATURES)
        record = {} if table is None else record_of(table)
    days = record.get("days", {}).get("0", [])
    return frozenset((record["definition"], date.fromisoformat(day)) for day in days)


def record_of(table: Table) -> dict[str, Any]:
    """A table's record; empty where it has none."""
    found = json.loads(table.properties.get(RECORD, "{}"))
    return found if isinstance(found, dict) else {}


def still_true(record: Mapping[str, Any], first_known_day: date) -> dict[str, Any]:
    """A record without the days whose rows depend on what became known on a day or later.

    A snapshot as of D knows what was received before D; labels of a horizon, what was received before it ended.
    """
    days = {
        horizon: [day for day in stored if date.fromisoformat(day) + timedelta(int(horizon)) <= first_known_day]
        for horizon, stored in record.get("days", {}).items()
    }
    return {**record, "days": days}


def _copy_identities(transaction: LakeTransaction) -> bool:
    """Writes the identities where they are others than before, and says whether they are."""
    rows = execute(transaction.connection, identities())
    found = pa.Table.from_pylist([dict(zip(_COLUMNS, row, strict=True)) for row in rows], schema=_ARROW_SCHEMA)
    table = transaction.table(IDENTITIES)
    is_new = table is None
    if table is None:
        transaction.catalogue.create_namespace_if_not_exists(IDENTITIES[:-1])
        table = transaction.catalogue.create_table(IDENTITIES, _IDENTITIES_SCHEMA)
    stored = table.scan().to_arrow().cast(_ARROW_SCHEMA).sort_by([(name, "ascending") for name in _COLUMNS])
    if stored == found:
        return is_new
    table.overwrite(found)
    return True
