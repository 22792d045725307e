"""What was said of the effects of campaigns, a row a day: `app.campaign_effects`.

Belongs here: SQL that stores and reads these rows. Does not: measuring (`warehouse.effects`, `ml.experiments.effect`).
"""

from dataclasses import dataclass, fields
from datetime import date, datetime
from uuid import UUID

from psycopg import sql

from warehouse.database import Statement, command, rows

_MOST_CAMPAIGNS = 50


@dataclass(frozen=True, slots=True)
class EffectLook:
    """What was known of an outcome of a variant when it was last measured on a day. Bounds are None while too early."""

    campaign_id: UUID
    measured_on: date
    variant: str
    outcome: str
    measured_at: datetime
    window_days: int
    is_complete: bool
    is_mismatched: bool
    is_early: bool
    treated_users: int
    control_users: int
    treated_mean: float
    control_mean: float
    total: float
    total_low: float | None
    total_high: float | None
    p_value: float | None
    unit: str
    summary: str


_NAMES = tuple(field.name for field in fields(EffectLook))
_COLUMNS = sql.SQL(", ").join(map(sql.Identifier, _NAMES))


def record_look(look: EffectLook) -> Statement[int]:
    """Stores a row; one of the same campaign, day, variant and outcome is replaced."""
    query = sql.SQL(
        "insert into app.campaign_effects ({columns}) values ({values})"
        " on conflict (campaign_id, measured_on, variant, outcome) do update set {changes}"
    ).format(
        columns=_COLUMNS,
        values=sql.SQL(", ").join(map(sql.Placeholder, _NAMES)),
        changes=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in _NAMES),
    )
    return command(query, **{name: getattr(look, name) for name in _NAMES})


def unfinished() -> Statement[list[UUID]]:
    """Campaigns and triggers of which a message has left and not everything is known yet."""
    return rows(
        lambda campaign_id: campaign_id,
        "select campaign_id from app.campaigns where (control_share > 0 or jsonb_array_length(variants) > 1)"
        " and started_at is not null"
        " and not exists (select from app.campaign_effects as effects"
        " where effects.campaign_id = campaigns.campaign_id and is_complete)"
        " and exists (select from app.recipients where recipients.campaign_id = campaigns.campaign_id"
        " and sent_at is not null) order by started_at",
    )


@dataclass(frozen=True, slots=True)
class NamedLook:
    """The newest look, with the name of its campaign."""

    name: str
    look: EffectLook


def newest_looks() -> Statement[list[NamedLook]]:
    """The newest look at each outcome of the newest fifty campaigns that have one, the newest campaign first."""
    query = sql.SQL(
        "select name, {columns} from (select name, campaign_id, started_at,"
        " (select max(measured_on) from app.campaign_effects as effects"
        " where effects.campaign_id = campaigns.campaign_id) as measured_on from app.campaigns"
        " where started_at is not null) as newest"
        " inner join app.campaign_effects using (campaign_id, measured_on)"
        " where campaign_id in (select campaign_id from app.campaigns where started_at is not null"
        " order by started_at desc limit {limit})"
        " order by started_at desc, campaign_id, variant, outcome"
    ).format(columns=_COLUMNS, limit=sql.Literal(_MOST_CAMPAIGNS))
    return rows(lambda name, *row: NamedLook(name, EffectLook(*row)), query)
