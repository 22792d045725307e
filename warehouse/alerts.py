"""Alerts of the platform, as Alertmanager told of them (`app.alerts`).

Belongs here: SQL on that table. Does not belong here: which alerts there are (`deploy/monitoring`), and who may see
them (`backend.alerts`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from warehouse.database import Statement, command, rows

KEPT_DAYS = 30


@dataclass(frozen=True)
class Alert:
    """One time that an alert fired. `ended_at` is None while it does; the same labels have the same fingerprint."""

    fingerprint: str
    began_at: datetime
    ended_at: datetime | None
    name: str
    severity: str
    summary: str
    runbook: str


def record_alerts(alerts: Sequence[Alert]) -> Statement[int]:
    """Records alerts; how many of them are new or have ended, as the same is told again and again.

    What ended KEPT_DAYS ago, as far as anybody told, is forgotten.
    """
    columns = {name: [getattr(alert, name) for alert in alerts] for name in Alert.__dataclass_fields__}
    return command(
        """
        with gone as (
            delete from app.alerts
            where ended_at is not null and told_at < now() - make_interval(days => %(kept_days)s)
        )
        insert into app.alerts as known (fingerprint, began_at, ended_at, name, severity, summary, runbook)
        select distinct on (fingerprint, began_at) * from unnest(
            %(fingerprint)s::text[], %(began_at)s::timestamptz[], %(ended_at)s::timestamptz[], %(name)s::text[],
            %(severity)s::text[], %(summary)s::text[], %(runbook)s::text[]
        ) as told (fingerprint, began_at, ended_at, name, severity, summary, runbook)
        order by fingerprint, began_at, ended_at nulls last
        on conflict (fingerprint, began_at) do update set
            ended_at = excluded.ended_at, told_at = now(), summary = excluded.summary
        where known.ended_at is null and excluded.ended_at is not null
        """,
        kept_days=KEPT_DAYS,
        **columns,
    )


def alerts(limit: int) -> Statement[list[Alert]]:
    """Those that fire first, then the others, newest first."""
    return rows(
        Alert,
        "select fingerprint, began_at, ended_at, name, severity, summary, runbook from app.alerts"
        " order by ended_at is not null, began_at desc, fingerprint limit %(limit)s",
        limit=limit,
    )
