"""The ledger as batch scoring writes it: every score once, with what it was made of.

Belongs here: `ml.ledger` from the pipeline's side. Does not: predictions over HTTP (`serving.recorder`), and
what became of those who were scored (`ml.outcomes` and the scorecard are dbt's).
"""

from datetime import date

from warehouse.database import Statement, command

_RECORD_SCORES = """
insert into ml.ledger (
    prediction_id, kind, model, model_version, feature_hash, user_id, as_of, horizon_days,
    score, segment_id, segment, basis, treatment
)
select
    ml.score_id(scores.model, scores.model_version, scores.as_of, scores.horizon_days, scores.user_id),
    'score', scores.model, scores.model_version, %(feature_hash)s, scores.user_id, scores.as_of, scores.horizon_days,
    scores.score, scores.segment_id, scores.segment, scores.basis, newest.treatment
from ml.scores
left join lateral (
    select assignments.treatment
    from ml.assignments
    where assignments.user_id = scores.user_id
        and assignments.assigned_at < %(as_of)s::timestamp at time zone 'UTC'
        and assignments.received_at < %(as_of)s::timestamp at time zone 'UTC'
    order by assignments.assigned_at desc
    limit 1
) as newest on true
where scores.model = %(model)s and scores.as_of = %(as_of)s and scores.horizon_days = %(horizon_days)s
on conflict (prediction_id) do nothing
"""


def record_scores(model: str, as_of: date, horizon_days: int, feature_hash: str) -> Statement[int]:
    """Enters the scores of one model, day and horizon that `ml.scores` holds; answers with how many were new.

    A score that is in the ledger stays as it was: what a version said of a user and day is entered once, whatever is
    run again. `treatment` is the user's newest campaign assignment known as of the day.
    """
    return command(_RECORD_SCORES, model=model, as_of=as_of, horizon_days=horizon_days, feature_hash=feature_hash)
