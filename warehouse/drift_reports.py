"""The drift report of each model and day, and whether drift is confirmed because it lasts.

Belongs here: SQL on the table `ml.drift`. Does not belong here: measuring drift (the module `ml.drift`), and starting a
retrain (`orchestration.sensors`).
"""

from dataclasses import dataclass
from datetime import date, timedelta

from ml.drift import DriftReport
from warehouse.database import Database, Statement, command, execute, rows, value
from warehouse.notices import drift_confirmed

CONFIRMED_AFTER = timedelta(days=7)
"""How long every check must have seen drift before it is confirmed. A holiday or a broken feed does not last so
long."""

_SEEN_SINCE = """
select min(as_of) from ml.drift
where model = %(model)s and as_of < %(as_of)s and is_drifted
    and as_of > coalesce(
        (select max(as_of) from ml.drift where model = %(model)s and as_of < %(as_of)s and not is_drifted),
        '-infinity'
    )
"""

_RECORD = """
insert into ml.drift (model, as_of, model_version, is_drifted, is_confirmed, alarms, share_drifted, reason)
values (%(model)s, %(as_of)s, %(version)s, %(is_drifted)s, %(is_confirmed)s, %(alarms)s, %(share)s, %(reason)s)
on conflict (model, as_of) do update set
    model_version = excluded.model_version,
    is_drifted = excluded.is_drifted,
    is_confirmed = excluded.is_confirmed,
    alarms = excluded.alarms,
    share_drifted = excluded.share_drifted,
    reason = excluded.reason,
    checked_at = now()
"""

# Only the newest day of each model counts, so drift that is over, or a repeated check of a past day, starts nothing.
_CONFIRMED = """
select model, as_of, reason from (select distinct on (model) * from ml.drift order by model, as_of desc) as newest
where is_confirmed order by as_of desc, model
"""


@dataclass(frozen=True)
class ConfirmedDrift:
    """A model whose newest check confirmed drift."""

    model: str
    as_of: date
    reason: str


def record_drift(database: Database, model: str, version: int, as_of: date, report: DriftReport) -> bool:
    """Records a day's verdict. Returns whether drift is confirmed, that is, seen by every check for CONFIRMED_AFTER.

    People are told of confirmed drift.
    """
    with database.transaction() as connection:
        since = execute(connection, value(lambda day: day, _SEEN_SINCE, model=model, as_of=as_of))
        is_confirmed = report.is_drifted and since is not None and as_of - since >= CONFIRMED_AFTER
        recorded = command(
            _RECORD,
            model=model,
            as_of=as_of,
            version=version,
            is_drifted=report.is_drifted,
            is_confirmed=is_confirmed,
            alarms=list(report.alarms),
            share=report.share_drifted,
            reason=report.reason,
        )
        execute(connection, recorded)
        if is_confirmed:
            execute(connection, drift_confirmed(model, as_of, since, report.reason))
    return is_confirmed


def confirmed_drift() -> Statement[list[ConfirmedDrift]]:
    """The models whose newest check confirmed drift, newest day first."""
    return rows(ConfirmedDrift, _CONFIRMED)
