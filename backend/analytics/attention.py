"""What needs somebody's look today: the causes are counted here, and named by a kind that pages put into words.

Belongs here: which states deserve attention. Does not belong here: the words (`web/`), and telling people the moment it
happens.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from backend.alerts.schemas import ShownAlert
from backend.analytics.schemas import ModelState
from backend.database import DatabasePool
from warehouse.database import Statement, rows

Kind = Literal["service_down", "data_is_old", "run_failed", "drift", "quarantine", "waiting_rows", "users_at_risk"]

_NEW_DAYS = 7
_FRESH_DAYS = 1


class AttentionItem(BaseModel):
    """One cause."""

    kind: Annotated[
        Kind,
        Field(
            description="`service_down`, `drift`: `subject` is the model; `data_is_old`: `count` is the days;"
            " `run_failed`: the newest run of the job `subject`, in the last 7 days, has failed;"
            " `quarantine`: rows refused in the last 7 days; `waiting_rows`: rows that wait for a rate of `subject`;"
            " `users_at_risk`: users with a high risk of leaving"
        ),
    ]
    subject: Annotated[str, Field(description="what it is about; may be empty")]
    count: int


class AttentionReport(BaseModel):
    """`GET /analytics/attention`."""

    items: Annotated[list[AttentionItem], Field(description="the most urgent first")]
    alerts: Annotated[
        list[ShownAlert], Field(description="of the platform, that fire now; for whoever has `metrics:read`")
    ] = []


async def attention(database: DatabasePool, models: Sequence[ModelState], now: datetime) -> AttentionReport:
    """The causes of now. Days are counted in UTC."""
    items = [AttentionItem(kind="service_down", subject=each.model, count=1) for each in models if not each.is_up]
    last = await database.run_if_built(_days_since_features(now))
    if last and last[0] > _FRESH_DAYS:
        items.append(AttentionItem(kind="data_is_old", subject="", count=last[0]))
    items += await database.run(_failed(now - timedelta(days=_NEW_DAYS)))
    items += await database.run(_drifted([each.model for each in models]))
    items += await database.run(_held_back(now - timedelta(days=_NEW_DAYS)))
    items += await database.run_if_built(_at_risk()) or []
    return AttentionReport(items=items)


def _days_since_features(now: datetime) -> Statement[list[int]]:
    query = "select %(today)s::date - max(as_of) from marts.user_features having max(as_of) is not null"
    return rows(int, query, today=now.astimezone(UTC).date())


def _failed(since: datetime) -> Statement[list[AttentionItem]]:
    """The jobs whose newest run failed. One that is repeated and succeeds needs nobody's look any more."""
    return rows(
        _item("run_failed"),
        "select job, 1 from ("
        " select distinct on (job) job, state, ended_at from app.run_ends order by job, ended_at desc) as newest"
        " where state = 'failed' and ended_at >= %(since)s order by job",
        since=since,
    )


def _drifted(models: Sequence[str]) -> Statement[list[AttentionItem]]:
    """The models whose newest look saw drift."""
    return rows(
        _item("drift"),
        "select model, count(*) from ("
        " select distinct on (model) model, is_drifted from ml.drift where model = any(%(models)s)"
        " order by model, as_of desc) as newest where is_drifted group by model order by model",
        models=[*models],
    )


def _held_back(since: datetime) -> Statement[list[AttentionItem]]:
    return rows(
        lambda waits_for, count: AttentionItem(
            kind="quarantine" if waits_for is None else "waiting_rows", subject=waits_for or "", count=count
        ),
        "select waits_for, count(*) from raw.events_quarantine"
        " where repaired_at is null and (waits_for is not null or quarantined_at >= %(since)s)"
        " group by waits_for order by 2 desc, 1",
        since=since,
    )


def _at_risk() -> Statement[list[AttentionItem]]:
    query = "select '', count(*) from analytics.user_list where churn_risk = 'high' having count(*) > 0"
    return rows(_item("users_at_risk"), query)


def _item(kind: Kind) -> Callable[[str, int], AttentionItem]:
    def make(subject: str, count: int) -> AttentionItem:
        return AttentionItem(kind=kind, subject=subject, count=count)

    return make
