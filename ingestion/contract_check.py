"""Contract checks as they run: on the rows that arrived since the last check that passed, and on no others.

Belongs here: how far the checking has come, and what becomes of rows that fail. Does not: what an event must look like
(`data_contracts`), what events usually look like (`ingestion.usual_events`).

A row that fails blocks what is downstream: nothing new is built, and what was there stays served.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

import polars as pl
from psycopg import sql

from data_contracts.contract import Contract, read_contract
from data_contracts.predicates import is_violated, violation_reasons
from ingestion import usual_events
from ingestion.waiting import what_waits
from warehouse.contract_checks import record_check
from warehouse.database import Connection, Database
from warehouse.events import move_watermark, oldest_open_transaction, watermark
from warehouse.locks import marts_lock

READER = "contract"
# Of rows that all keep the rules.
_JUDGED_ROWS = 10_000
WAY_OUT = (
    "`customer-analyzer events check` shows this again; with --refuse it moves the rows to quarantine, so that a"
    " repaired file can be imported; with --accept, what is unusual counts as usual from now on"
)


@dataclass(frozen=True)
class ContractCheck:
    """What a check of the new rows found, as a sentence without a single value of anyone's data.

    `warnings` are told and stop nothing.
    """

    success: bool
    checked_rows: int
    sentence: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Measured:
    """How many new rows there are, how many of them break a rule, and their figures (`usual_events.measure`)."""

    rows: int
    broken: int
    figures: pl.DataFrame


def check_new_events(warehouse: Database, *, accept: bool = False) -> ContractCheck:
    """Checks the rows of every transaction not yet checked; the watermark moves only when they all pass.

    Rows that keep the contract can still be unusual, all of them together. `accept` lets that pass, and makes it what
    is usual for their sources.
    """
    # Importing Great Expectations takes seconds, which only this step should pay.
    from data_contracts.expectations import check

    reached = warehouse.run(oldest_open_transaction())
    start = warehouse.run(watermark(READER))
    contract = read_contract()
    measured = _measure(warehouse, contract, start)
    rows = measured.rows
    result = check(contract, warehouse.url, _judged(contract, start, measured.broken))
    found = usual_events.compare(contract, measured.figures, warehouse.frame("select * from raw.usual_events"))
    faults = [f"{each.column} {each.rule} ({each.unexpected_count:,} rows)" for each in result.failures]
    faults += [] if accept else [_said(each) for each in found if each.stops]
    told = tuple(_said(each) for each in found if accept or not each.stops)
    told += what_waits(warehouse)
    if faults:
        sentence = f"of {rows:,} new rows some break the contract: {'; '.join(faults)}; {WAY_OUT}"
        return _recorded(warehouse, ContractCheck(False, rows, sentence, told))
    _remember(warehouse, measured.figures, forget=accept)
    warehouse.run(move_watermark(READER, reached))
    return _recorded(warehouse, ContractCheck(True, rows, f"{rows:,} new rows keep the contract", told))


def _recorded(warehouse: Database, found: ContractCheck) -> ContractCheck:
    warehouse.run(record_check(found.success, found.checked_rows, found.sentence, found.warnings))
    return found


def refuse_new_events(warehouse: Database) -> int:
    """Moves what makes the check fail to quarantine, with the reason; returns how many rows that were.

    Of rows that break a rule it is those, of what is unusual all new rows of that source. A check that fails lets
    nothing through; what was built on them all the same is made anew by the next build. Raises UserError while marts
    are being built.
    """
    start = warehouse.run(watermark(READER))
    contract = read_contract()
    figures = _measure(warehouse, contract, start).figures
    found = usual_events.compare(contract, figures, warehouse.frame("select * from raw.usual_events"))
    reasons = {
        source: "; ".join(_said(each) for each in found if each.stops and each.source == source)
        for source in {each.source for each in found if each.stops}
    }
    unusual = sql.SQL("case source {} else '' end").format(
        sql.SQL(" ").join(sql.SQL("when {} then {}").format(source, reason) for source, reason in reasons.items())
        if reasons
        else sql.SQL("when '' then ''")
    )
    # Held, as a build that has read the rows writes what it made of them after they are gone.
    with marts_lock(warehouse), warehouse.transaction() as connection:
        (import_id,) = connection.execute(
            "insert into raw.imports (file_name, finished_at) values ('refused by the contract check', now())"
            " returning import_id"
        ).fetchall()[0]
        moved = connection.execute(
            sql.SQL(
                "with refused as (delete from raw.events where ingested_xid >= {} and concat({}, {}) <> ''"
                " returning *, concat_ws('; ', nullif({}, ''), nullif({}, '')) as reason)"
                # Checked already, so the next check does not count them as bad rows of a file.
                " insert into raw.events_quarantine (quarantine_id, import_id, row_number, reason, row, ingested_xid)"
                " select gen_random_uuid(), {}, row_number() over (), reason,"
                " to_jsonb(refused) - 'reason' - 'ingested_xid' - 'base_amount', 0 from refused"
            ).format(start, violation_reasons(contract), unusual, violation_reasons(contract), unusual, import_id)
        ).rowcount
        _forget_days(connection, import_id)
        return moved


def _forget_days(connection: Connection, import_id: object) -> None:
    """Takes the days of refused rows out of the roll-up, should it have them, for the next build to make anew.

    A check that fails stops a run, but not who builds marts by hand. What else happened on those days counts as new
    once more; snapshots that knew of them are no longer true.
    """
    (is_built,) = connection.execute("select to_regclass('intermediate.int_identities') is not null").fetchall()[0]
    if not is_built:
        return
    connection.execute(
        "with refused as (select row ->> 'user_id' as user_id, (row ->> 'occurred_at')::timestamptz as occurred_at"
        " from raw.events_quarantine where import_id = %s),"
        " of_ids as (select distinct user_id, (occurred_at at time zone 'UTC')::date as occurred_day from refused),"
        " days as (table of_ids union select identity_id, occurred_day from of_ids"
        " join intermediate.int_identities on member_user_id = of_ids.user_id),"
        " forgotten as (delete from intermediate.int_user_daily as daily using days"
        " where daily.user_id = days.user_id and daily.occurred_day = days.occurred_day"
        " returning daily.user_id, daily.occurred_day, daily.known_day),"
        " of_members as (select distinct coalesce(member_user_id, forgotten.user_id) as user_id, occurred_day"
        " from forgotten left join intermediate.int_identities on identity_id = forgotten.user_id),"
        " read_again as (update raw.events set ingested_xid = default from of_members"
        " where events.user_id = of_members.user_id"
        " and events.occurred_at >= of_members.occurred_day::timestamp at time zone 'UTC'"
        " and events.occurred_at < (of_members.occurred_day + 1)::timestamp at time zone 'UTC')"
        " insert into raw.daily_changes (first_known_day) select min(known_day) from forgotten having count(*) > 0",
        [import_id],
    )


def _new(table: LiteralString, start: int) -> sql.Composed:
    return sql.SQL("{} where ingested_xid >= {}").format(sql.Identifier("raw", table), start)


def _measure(warehouse: Database, contract: Contract, start: int) -> _Measured:
    events = _new("events", start)
    grouped = warehouse.frame(usual_events.grouped_query(events, is_violated(contract)))
    rows = int(grouped["events"].sum())
    by_hour = warehouse.frame(usual_events.hours_query(events, rows))
    properties = warehouse.frame(usual_events.properties_query(events, rows))
    refused = warehouse.frame(usual_events.refused_query(contract, _new("events_quarantine", start)))
    figures = usual_events.measure(grouped, by_hour, properties, refused)
    return _Measured(rows, int(grouped["broken"].sum()), figures)


def _judged(contract: Contract, start: int, broken_rows: int) -> str:
    """The rows for Great Expectations, which reads them four times: those that break a rule, for it to name.

    Where none does, some of the new rows, so that the suite has its say on rows that passed the rules in SQL.
    """
    events = _new("events", start)
    if broken_rows:
        query = sql.SQL("select * from {} and {}").format(events, is_violated(contract))
    else:
        query = sql.SQL("select * from {} limit {}").format(events, _JUDGED_ROWS)
    return query.as_string()


def _said(finding: usual_events.Finding) -> str:
    return f"{finding.column} {finding.sentence}" + (f" from {finding.source}" if finding.source else "")


def _remember(warehouse: Database, figures: pl.DataFrame, *, forget: bool) -> None:
    """Adds to what is usual; `forget` what was for these sources. Rows read twice count twice: a level, not a count."""
    sources: Sequence[str] = figures["source"].unique().to_list()
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        if forget:
            cursor.execute("delete from raw.usual_events where source = any(%s)", [sources])
        cursor.executemany(
            "insert into raw.usual_events as held (source, measure, name, events, total) values (%s, %s, %s, %s, %s)"
            " on conflict (source, measure, name)"
            " do update set events = held.events + excluded.events, total = held.total + excluded.total",
            figures.select(usual_events.MEASURES).rows(),
        )
