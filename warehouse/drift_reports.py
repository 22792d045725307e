"""What was found each day a model was watched, and what follows: drift that lasts is confirmed, and asks for a retrain.

Belongs here: `ml.drift`. Does not: what drift is (`ml.drift`), when a retrain starts (`orchestration.sensors`).
"""

from dataclasses import dataclass
from datetime import date, timedelta

from ml.drift import DriftReport
from warehouse.database import Database, Statement, command, execute, rows, value

CONFIRMED_AFTER = timedelta(days=7)
"""How long every look must have seen drift before it is believed: a holiday or a broken feed passes by itself."""

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

# Of each model only the newest day counts: drift that has gone, or a past day looked at again, asks for nothing.
_CONFIRMED = """
select model, as_of, reason from (select distinct on (model) * from ml.drift order by model, as_of desc) as newest
where is_confirmed order by as_of desc, model
"""


@dataclass(frozen=True)
class ConfirmedDrift:
    """A model whose newest look confirmed drift."""

    model: str
    as_of: date
    reason: str


def record_drift(database: Database, model: str, version: int, as_of: date, report: DriftReport) -> bool:
    """Keeps the verdict of a day; returns whether drift is confirmed: seen without a break since CONFIRMED_AFTER."""
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
    return is_confirmed


def confirmed_drift() -> Statement[list[ConfirmedDrift]]:
    """The models whose newest look confirmed drift, newest day first."""
    return rows(ConfirmedDrift, _CONFIRMED)
