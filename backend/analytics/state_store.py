"""How models and data are: SQL on what the pipeline records of its own work."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, LiteralString, TypeVar

from psycopg import sql
from pydantic import BaseModel

from backend.analytics.state_schemas import (
    ChampionChange,
    ContractCheckResult,
    Deployment,
    DriftDay,
    Import,
    MartFreshness,
    QuarantineReason,
    ScorecardWeek,
    ScoredDay,
    SourceFreshness,
)
from warehouse import contract_checks
from warehouse.database import Statement, first_row, rows

R = TypeVar("R", bound=BaseModel)

_MOST_CHANGES, _MOST_WEEKS, _MOST_LOOKS = 10, 60, 12
_MOST_IMPORTS, _MOST_REASONS, _MOST_CHECKS = 20, 20, 10


def deployment(model: str) -> Statement[Deployment | None]:
    """What the service of a model is told to run."""
    return first_row(_maker(Deployment), _select(Deployment, "ml.deployments", "deployment_id desc", 1), model=model)


def champion_changes(model: str) -> Statement[list[ChampionChange]]:
    """The newest changes of a champion."""
    query = _select(ChampionChange, "ml.promotions", "promotion_id desc", _MOST_CHANGES)
    return rows(_maker(ChampionChange), query, model=model)


def scorecard(model: str) -> Statement[list[ScorecardWeek]]:
    """The newest weeks of a model's scorecard."""
    order: LiteralString = "as_of_week desc, is_live desc, kind, model_version desc, horizon_days"
    return rows(
        _maker(ScorecardWeek), _select(ScorecardWeek, "scorecards.model_scorecard", order, _MOST_WEEKS), model=model
    )


def drift(model: str) -> Statement[list[DriftDay]]:
    """The newest looks for drift."""
    return rows(_maker(DriftDay), _select(DriftDay, "ml.drift", "as_of desc", _MOST_LOOKS), model=model)


def imports() -> Statement[list[Import]]:
    """The newest imports."""
    query = sql.SQL("select {} from raw.imports order by import_id desc limit {}").format(
        _columns(Import), sql.Literal(_MOST_IMPORTS)
    )
    return rows(_maker(Import), query)


def quarantine() -> Statement[list[QuarantineReason]]:
    """Why rows are held back; the rows themselves are not read."""
    return rows(
        _maker(QuarantineReason),
        "select reason, waits_for, count(*), min(quarantined_at), max(quarantined_at) from raw.events_quarantine"
        " where repaired_at is null group by reason, waits_for order by 3 desc, reason limit %(most)s",
        most=_MOST_REASONS,
    )


def archived_months() -> Statement[list[str]]:
    """The months (YYYY-MM) whose events are in files."""
    return rows(str, "select distinct to_char(month, 'YYYY-MM') from raw.archives where restored_at is null order by 1")


def read_at(reader: str) -> Statement[datetime | None]:
    """When a reader of events last came further."""
    return first_row(
        lambda moved_at: moved_at, "select moved_at from raw.watermarks where reader = %(reader)s", reader=reader
    )


def last_event_day() -> Statement[date | None]:
    """The newest day with an event that a run has read."""
    return first_row(lambda day: day, "select max(occurred_day) from intermediate.int_user_daily")


def features_as_of() -> Statement[date | None]:
    """The day of the newest features."""
    return first_row(lambda day: day, "select max(as_of) from marts.user_features")


def scored_days(models: Sequence[str]) -> Statement[list[ScoredDay]]:
    """The newest scored day of each model, found by an index."""
    return rows(
        _maker(ScoredDay),
        "select model, (select max(as_of) from ml.scores where scores.model = named.model)"
        " from unnest(%(models)s::text[]) as named (model)",
        models=[*models],
    )


def sources() -> Statement[list[SourceFreshness]]:
    """How new the events of each source are. Older partitions are not looked at."""
    return rows(
        _maker(SourceFreshness),
        "select source, max(occurred_at), max(received_at), count(*) from raw.events"
        " where occurred_at > (select max(occurred_day) from intermediate.int_user_daily) - 30"
        " group by source order by source",
    )


def mart_days() -> Statement[list[MartFreshness]]:
    """The newest day of each table that runs build and people or models read."""
    return rows(
        _maker(MartFreshness),
        "select 'user_features', (select max(as_of) from marts.user_features)"
        " union all select 'user_labels', (select max(as_of) from marts.user_labels)"
        " union all select 'user_list', (select max(as_of) from analytics.user_list)"
        " union all select 'model_scorecard', (select max(as_of_week) from scorecards.model_scorecard)",
    )


def checks() -> Statement[list[ContractCheckResult]]:
    """The newest checks of new events."""
    return contract_checks.newest_checks(_MOST_CHECKS, _maker(ContractCheckResult))


def _columns(record: type[BaseModel]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, record.model_fields))


def _select(record: type[BaseModel], table: LiteralString, order: LiteralString, most: int) -> sql.Composed:
    """The newest records of one model from a table, whose columns are named as the record's fields."""
    return sql.SQL("select {} from {} where model = %(model)s order by {} limit {}").format(
        _columns(record), sql.Identifier(*table.split(".")), sql.SQL(order), sql.Literal(most)
    )


def _maker(record: type[R]) -> Callable[..., R]:
    def make(*row: Any) -> R:
        return record(**dict(zip(record.model_fields, row, strict=True)))

    return make
