"""Campaigns and triggers, from draft to end: `app.campaigns`.

Belongs here: SQL that makes, changes and lists campaigns, and every change of their state. Does not belong here: who is
selected (`backend.campaigns.audiences`), and what becomes of each recipient (`warehouse.recipients`).

    draft -> approved -> scheduled -> running -> done
                             |         |  ^
                             v         v  |
                          overdue     paused          and from everywhere but `done`: cancelled
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from warehouse.database import Statement, command, first_row, rows

State = Literal["draft", "approved", "scheduled", "running", "paused", "overdue", "done", "cancelled"]
Kind = Literal["campaign", "trigger"]

OVERDUE_SECONDS = 3600
"""A campaign that no sender saw to for so long asks before it goes on."""

OVERDUE_BEFORE = sql.SQL("(select greatest(now() - make_interval(secs => %(overdue_seconds)s), app.restored_at()))")
"""What was due, or seen to, before this moment is overdue: the data may come from a backup that does not know who was
written to since."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A row of `app.campaigns`."""

    campaign_id: UUID
    name: str
    kind: Kind
    topic: str
    is_transactional: bool
    audience: dict[str, Any]
    variants: list[dict[str, Any]]
    control_share: float
    salt: str
    starts_at: datetime | None
    most_a_minute: int | None
    most_by_effect: int | None
    exploration_share: float
    state: State
    made_by: str
    made_at: datetime
    changed_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    watched_until: datetime | None


_COLUMNS = sql.SQL(", ").join(map(sql.Identifier, Campaign.__slots__))
_GIVEN = (
    "name",
    "kind",
    "topic",
    "is_transactional",
    "audience",
    "variants",
    "control_share",
    "starts_at",
    "most_a_minute",
    "most_by_effect",
    "exploration_share",
)


def add_campaign(given: Mapping[str, Any], made_by: str) -> Statement[Campaign | None]:
    """Makes a draft. `given` names all that a campaign is made of."""
    names = [*_GIVEN, "made_by"]
    query = sql.SQL("insert into app.campaigns ({}) values ({}) returning {}").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join(map(sql.Placeholder, names)), _COLUMNS
    )
    return first_row(Campaign, query, **_bound(given), made_by=made_by)


def change_campaign(campaign_id: UUID, given: Mapping[str, Any]) -> Statement[Campaign | None]:
    """Changes a campaign that has not begun, and makes it a draft again: something else was approved. None: it has."""
    assigned = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in _GIVEN]
    query = sql.SQL(
        "update app.campaigns set {}, state = 'draft', approved_by = null, approved_at = null, changed_at = now()"
        " where campaign_id = %(campaign_id)s and state in ('draft', 'approved') returning {}"
    ).format(sql.SQL(", ").join(assigned), _COLUMNS)
    return first_row(Campaign, query, **_bound(given), campaign_id=campaign_id)


def campaign(campaign_id: UUID) -> Statement[Campaign | None]:
    """One campaign."""
    query = sql.SQL("select {} from app.campaigns where campaign_id = %(campaign_id)s").format(_COLUMNS)
    return first_row(Campaign, query, campaign_id=campaign_id)


def campaigns_page(kind: Kind, before: tuple[datetime, UUID] | None, limit: int) -> Statement[list[Campaign]]:
    """Campaigns or triggers, newest first, from before a place on."""
    query = sql.SQL(
        "select {} from app.campaigns where kind = %(kind)s and"
        " (%(made_at)s::timestamptz is null or (made_at, campaign_id) < (%(made_at)s, %(campaign_id)s::uuid))"
        " order by made_at desc, campaign_id desc limit %(limit)s"
    ).format(_COLUMNS)
    made_at, campaign_id = before or (None, None)
    return rows(Campaign, query, kind=kind, made_at=made_at, campaign_id=campaign_id, limit=limit)


def move(campaign_id: UUID, states: Collection[State], to: State) -> Statement[Campaign | None]:
    """Gives a campaign another state, if it is in one of some; None where it is not.

    Whoever resumes or confirms a campaign has seen to it, so it is not overdue any more. A trigger that goes on does
    not make up for what it missed.
    """
    query = sql.SQL(
        "update app.campaigns set state = %(to)s, changed_at = now(),"
        " worked_at = case when %(to)s = 'running' then now() else worked_at end,"
        " watched_until = case when %(to)s = 'running' then now() else watched_until end,"
        " ended_at = case when %(to)s in ('done', 'cancelled') then now() end"
        " where campaign_id = %(campaign_id)s and state = any(%(states)s) returning {}"
    ).format(_COLUMNS)
    return first_row(Campaign, query, campaign_id=campaign_id, states=[*states], to=to)


def pause_trigger(campaign_id: UUID) -> Statement[int]:
    """Pauses a trigger that runs; 0 for a campaign, whose recipients were all drawn when it began."""
    return command(
        "update app.campaigns set state = 'paused', changed_at = now()"
        " where campaign_id = %(campaign_id)s and kind = 'trigger' and state = 'running'",
        campaign_id=campaign_id,
    )


def approve(campaign_id: UUID, approved_by: str) -> Statement[Campaign | None]:
    """Approves a draft as it is; None where it is no draft."""
    query = sql.SQL(
        "update app.campaigns set state = 'approved', approved_by = %(approved_by)s, approved_at = now(),"
        " changed_at = now() where campaign_id = %(campaign_id)s and state = 'draft' returning {}"
    ).format(_COLUMNS)
    return first_row(Campaign, query, campaign_id=campaign_id, approved_by=approved_by)


def schedule(campaign_id: UUID) -> Statement[Campaign | None]:
    """Has an approved campaign begin at its time, or now; one that is overdue now. None where it is neither."""
    query = sql.SQL(
        "update app.campaigns set state = 'scheduled', changed_at = now(), starts_at ="
        " case when state = 'overdue' then now() else greatest(starts_at, now()) end"
        " where campaign_id = %(campaign_id)s and state in ('approved', 'overdue') and started_at is null"
        " returning {}"
    ).format(_COLUMNS)
    return first_row(Campaign, query, campaign_id=campaign_id)


def due_campaign() -> Statement[Campaign | None]:
    """A campaign whose time has come, locked, so that one sender alone selects its recipients."""
    query = sql.SQL(
        "select {} from app.campaigns where state = 'scheduled' and starts_at <= now()"
        " order by starts_at limit 1 for update skip locked"
    ).format(_COLUMNS)
    return first_row(Campaign, query)


def begin(campaign_id: UUID) -> Statement[int]:
    """The recipients are selected, or the trigger is on: messages may leave."""
    return command(
        "update app.campaigns set state = 'running', started_at = now(), worked_at = now(), changed_at = now(),"
        " watched_until = now() where campaign_id = %(campaign_id)s",
        campaign_id=campaign_id,
    )


def hold_overdue(seconds: int = OVERDUE_SECONDS) -> Statement[list[UUID]]:
    """Stops what nobody saw to for so long, until somebody confirms it: those it stopped.

    A schedule that is found hours later fires at nobody, and a campaign that was restored from a backup may have
    reached people of whom the backup does not know.
    """
    return rows(
        _id,
        sql.SQL(
            "update app.campaigns set state = 'overdue', changed_at = now() where"
            " (state = 'scheduled' and starts_at < {before}) or (state = 'running' and worked_at < {before})"
            " returning campaign_id"
        ).format(before=OVERDUE_BEFORE),
        overdue_seconds=seconds,
    )


@dataclass(frozen=True, slots=True)
class Running:
    """A campaign or trigger whose messages may leave."""

    campaign_id: UUID
    kind: Kind
    is_throttled: bool


def see_to_running(overdue_seconds: int = OVERDUE_SECONDS) -> Statement[list[Running]]:
    """Notes that a sender sees to what is running; which those are, transactional ones and triggers first.

    What is overdue stays so, whichever sender looks first.
    """
    return rows(
        Running,
        sql.SQL(
            "with seen as ("
            " update app.campaigns set worked_at = now()"
            " where state = 'running' and worked_at < now() - interval '30 seconds' and worked_at >= {}"
            ") select campaign_id, kind, most_a_minute is not null from app.campaigns where state = 'running'"
            " order by is_transactional desc, kind desc, started_at"
        ).format(OVERDUE_BEFORE),
        overdue_seconds=overdue_seconds,
    )


def due_trigger() -> Statement[Campaign | None]:
    """A trigger that was not asked for a while, locked, so that one sender alone asks it."""
    query = sql.SQL(
        "select {} from app.campaigns where state = 'running' and kind = 'trigger'"
        " and watched_until < now() - interval '20 seconds' order by watched_until limit 1 for update skip locked"
    ).format(_COLUMNS)
    return first_row(Campaign, query)


def note_watched(campaign_id: UUID, until: datetime) -> Statement[int]:
    """A trigger has seen all events until then."""
    return command(
        "update app.campaigns set watched_until = %(until)s where campaign_id = %(campaign_id)s",
        campaign_id=campaign_id,
        until=until,
    )


def end_finished() -> Statement[list[UUID]]:
    """Ends campaigns of which no message is left to be sent: those it ended."""
    return rows(
        _id,
        "update app.campaigns set state = 'done', ended_at = now(), changed_at = now()"
        " where state = 'running' and kind = 'campaign' and not exists (select from app.recipients"
        " where recipients.campaign_id = campaigns.campaign_id and recipients.state in ('queued', 'sending'))"
        " returning campaign_id",
    )


def ended_long_ago(days: int) -> Statement[list[UUID]]:
    """Campaigns that ended so many days ago and still hold the global control group."""
    return rows(
        _id,
        "select campaign_id from app.campaigns join app.global_control_uses on used_by = 'campaign:' || campaign_id"
        " where released_at is null and ended_at < now() - make_interval(days => %(days)s)",
        days=days,
    )


def _id(campaign_id: UUID) -> UUID:
    return campaign_id


def _bound(given: Mapping[str, Any]) -> dict[str, Any]:
    bound = {name: given[name] for name in _GIVEN}
    return bound | {"audience": Jsonb(given["audience"]), "variants": Jsonb(given["variants"])}
