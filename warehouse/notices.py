"""Notices: what people at the dashboard are told at once.

Belongs here: SQL on `app.notices`, and the shape of each kind of notice. Does not belong here: who may see which kind,
and how it reaches them (`backend.notices`). Jobs about users tell of themselves, by a trigger of their table.

Numbers are given in the order of commits, so whoever has seen one has seen all smaller ones. Notices are kept for
seven days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from warehouse.database import Statement, first_row, rows, value

RunState = Literal["done", "failed", "canceled"]


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """One notice; `body` depends on its kind."""

    notice_id: int
    noticed_at: datetime
    kind: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ends:
    """The newest number, and the newest number of those that are not kept any more."""

    last_id: int
    last_dropped_id: int


def run_ended(run_id: str, job: str, state: RunState, as_of: str | None) -> Statement[int | None]:
    """Tells, once, that a run of a job has ended; `as_of` is its day, as in 2025-03-01."""
    body = {"run_id": run_id, "job": job, "state": state, "as_of": as_of}
    return _added("run", body, f"run {run_id} {state}")


def drift_confirmed(model: str, as_of: date, since: date, reason: str) -> Statement[int | None]:
    """Tells, once for drift that began on the day `since`, that it has lasted long enough to be believed."""
    body = {"model": model, "as_of": as_of.isoformat(), "since": since.isoformat(), "reason": reason}
    return _added("drift", body, f"drift of {model} since {since}")


def early_warning(as_of: date, users_at_high_risk: int, users_asked_about: int) -> Statement[int | None]:
    """Tells, once for each day, how many users are at high risk of leaving, of those who can."""
    body = {
        "as_of": as_of.isoformat(),
        "users_at_high_risk": users_at_high_risk,
        "users_asked_about": users_asked_about,
    }
    return _added("early_warning", body, f"early warning as of {as_of}")


def ends() -> Statement[Ends]:
    """Where the notices that are kept begin and end."""
    return value(lambda both: Ends(both[0], both[1]), "select array[last_id, last_dropped_id] from app.notice_ends")


def notices_after(notice_id: int, kinds: Sequence[str], limit: int) -> Statement[list[StoredNotice]]:
    """The oldest notices of some kinds after a number."""
    return rows(
        StoredNotice,
        "select notice_id, noticed_at, kind, body from app.notices"
        " where notice_id > %(after)s and kind = any(%(kinds)s) order by notice_id limit %(limit)s",
        after=notice_id,
        kinds=[*kinds],
        limit=limit,
    )


def notices_before(notice_id: int | None, kinds: Sequence[str], limit: int) -> Statement[list[StoredNotice]]:
    """The newest notices of some kinds, before a number where one is given, newest first."""
    return rows(
        StoredNotice,
        "select notice_id, noticed_at, kind, body from app.notices"
        " where (%(before)s::bigint is null or notice_id < %(before)s) and kind = any(%(kinds)s)"
        " order by notice_id desc limit %(limit)s",
        before=notice_id,
        kinds=[*kinds],
        limit=limit,
    )


def users_at_risk() -> Statement[tuple[date, int, int] | None]:
    """Of the newest list of users: its day, how many are at high risk of leaving, and how many can leave."""
    return first_row(
        lambda as_of, at_risk, asked_about: (as_of, at_risk, asked_about),
        "select as_of, count(*) filter (where churn_risk = 'high'), count(churn_risk)"
        " from analytics.user_list group by as_of order by as_of desc limit 1",
    )


def _added(kind: str, body: Mapping[str, object], once: str) -> Statement[int | None]:
    return value(
        lambda notice_id: None if notice_id is None else int(notice_id),
        "select app.add_notice(%(kind)s, %(body)s, %(once)s)",
        kind=kind,
        body=Jsonb(dict(body)),
        once=once,
    )
