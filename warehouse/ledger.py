"""The ledger: every batch score and every served prediction once, with what it was made of.

Belongs here: what is written to `ml.ledger`. Does not: what becomes of those who were scored (`ml.outcomes` and the
scorecard are dbt's), or how a service keeps predictions until they can be written (`serving.recorder`).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from psycopg import sql

from warehouse.database import Statement, command, rows

# Enters the rows of a query, each with the user's newest assignment known by then. A row that is there stays as it was.
_RECORD = sql.SQL(
    """
with said as ({said})
insert into ml.ledger (
    prediction_id, kind, model, model_version, feature_hash, user_id, as_of, horizon_days,
    score, segment_id, segment, basis, request_id, idempotency_key, made_at, live, expected_value, treatment
)
select said.*, newest.treatment
from said
left join lateral (
    select assignments.treatment
    from ml.assignments
    where assignments.user_id = said.user_id
        and assignments.assigned_at < said.as_of::timestamp at time zone 'UTC'
        and assignments.received_at < said.as_of::timestamp at time zone 'UTC'
    order by assignments.assigned_at desc
    limit 1
) as newest on true
on conflict (prediction_id) do nothing
"""
)

_SCORES = sql.SQL(
    """
    select
        ml.score_id(model, model_version, as_of, horizon_days, user_id), 'score', model, model_version,
        %(feature_hash)s, user_id, as_of, horizon_days, score, segment_id, segment, basis, null, null, now(),
        null::jsonb, expected_value
    from ml.scores
    where model = %(model)s and as_of = %(as_of)s and horizon_days = %(horizon_days)s
    """
)

_PREDICTIONS = sql.SQL(
    """
    select
        predicted.prediction_id, 'prediction', entry.model, entry.model_version, entry.feature_hash, predicted.user_id,
        predicted.as_of, entry.horizon_days, predicted.score, predicted.segment_id, predicted.segment, predicted.basis,
        entry.request_id, entry.idempotency_key, entry.made_at, predicted.live,
        null::double precision
    from json_to_recordset(%(entries)s::json) as entry (
        model text, model_version integer, feature_hash text, horizon_days integer,
        request_id text, idempotency_key text, made_at timestamptz, predictions json
    )
    cross join lateral json_to_recordset(entry.predictions) as predicted (
        prediction_id uuid, user_id text, as_of date, score double precision, segment_id integer, segment text,
        basis text, live jsonb
    )
    """
)


def record_scores(model: str, as_of: date, horizon_days: int, feature_hash: str) -> Statement[int]:
    """Enters the scores of one model, day and horizon that `ml.scores` holds; answers with how many were new.

    What a version said of a user and day is entered once, whatever is run again.
    """
    return command(
        _RECORD.format(said=_SCORES), model=model, as_of=as_of, horizon_days=horizon_days, feature_hash=feature_hash
    )


def record_predictions(entries: str) -> Statement[int]:
    """Enters what requests were told, a JSON array of `serving.recorder.Entry`; answers with how many were new."""
    return command(_RECORD.format(said=_PREDICTIONS), entries=entries)


@dataclass(frozen=True)
class NotedPrediction:
    """A live prediction with the features it was made from, and the snapshot of transactions that Postgres saw."""

    user_id: str
    as_of: date
    made_at: datetime
    snapshot: str
    features: dict[str, float | None]


def noted_predictions(day: date, most: int) -> Statement[list[NotedPrediction]]:
    """Some of the live predictions of a UTC day whose features were noted; the same ones each time."""
    return rows(
        NotedPrediction,
        "select user_id, as_of, made_at, live ->> 'snapshot', live -> 'features' from ml.ledger"
        " where live is not null and made_at >= %(begins)s and made_at < %(ends)s"
        " order by md5(prediction_id::text) limit %(most)s",
        begins=datetime.combine(day, time(), UTC),
        ends=datetime.combine(day + timedelta(days=1), time(), UTC),
        most=most,
    )
