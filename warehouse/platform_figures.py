"""What monitoring asks of the warehouse: ages and counts, each answered in milliseconds with monitoring's own login.

Belongs here: one statement a subject. Does not belong here: names of metrics (`backend.monitoring`), and anything that
names a user. Times are seconds since 1970, counts are of now.
"""

from datetime import date, datetime

from warehouse.database import Query, Result, Statement

Figures = list[tuple[tuple[str, ...], float]]
"""The values of labels, and what was measured."""

MOST_COUNTED = 100_000
"""A longer queue is told as this many: counting it whole would cost more than it says."""


def newest_receipt() -> Statement[Figures]:
    """When the newest event was received; nothing where there is no event."""
    return _by_label("select raw.newest_receipt()")


def imported_rows() -> Statement[Figures]:
    """Rows of files that have been imported, by what became of them."""
    return _by_label(
        "select outcome, sum(number) from raw.imports cross join lateral ("
        " values ('stored', rows_stored), ('known', rows_known), ('quarantined', rows_quarantined)"
        ") as parts (outcome, number) where finished_at is not null group by outcome",
    )


def quarantined() -> Statement[Figures]:
    """Rows in quarantine, by what they wait for: `correction`, or `rate` where a rate of exchange is missing."""
    return _by_label(
        "select case when waits_for is null then 'correction' else 'rate' end, count(*)"
        " from (select waits_for from raw.events_quarantine limit %(most)s) as held group by 1",
        most=MOST_COUNTED,
    )


def run_ends() -> Statement[Figures]:
    """When each job last ended in each state."""
    return _by_label("select job, state, ended_at from app.run_ends")


def newest_snapshots() -> Statement[Figures]:
    """The newest day for which each mart was built."""
    return _by_label("select mart, max(as_of) from raw.snapshots group by mart")


def newest_scores(models: list[str]) -> Statement[Figures]:
    """The newest day for which each of some models has scored everyone."""
    return _by_label(
        "select model, (select max(as_of) from ml.scores where scores.model = wanted.model)"
        " from unnest(%(models)s::text[]) as wanted (model)",
        models=models,
    )


def confirmed_drift() -> Statement[Figures]:
    """1 where the newest look at a model confirmed drift, else 0."""
    return _by_label("select distinct on (model) model, is_confirmed::integer from ml.drift order by model, as_of desc")


def drifted_shares() -> Statement[Figures]:
    """The share of features that had drifted at the newest look at each model."""
    return _by_label("select distinct on (model) model, share_drifted from ml.drift order by model, as_of desc")


def deployed_versions() -> Statement[Figures]:
    """The version of each model that services are to use."""
    return _by_label(
        "select distinct on (model) model, model_version from ml.deployments order by model, deployment_id desc"
    )


def service_workers() -> Statement[Figures]:
    """Workers of services that are there, by model and by whether they refused the newest deployment."""
    return _by_label(
        "select model, case when refused is null then 'no' else 'yes' end, count(*) from ml.workers"
        " where seen_at > now() - interval '15 seconds' group by 1, 2"
    )


def campaigns() -> Statement[Figures]:
    """Campaigns and triggers, by kind and state."""
    return _by_label("select kind, state, count(*) from app.campaigns group by kind, state")


def messages_due() -> Statement[Figures]:
    """Messages of running campaigns and triggers that could leave now."""
    return _by_label(
        "select count(*) from (select from app.recipients join app.campaigns using (campaign_id)"
        " where recipients.state = 'queued' and campaigns.state = 'running' and due_at <= now() limit %(most)s) as due",
        most=MOST_COUNTED,
    )


def campaign_unattended() -> Statement[Figures]:
    """For how many seconds no sender has seen to a running campaign or trigger, at most; nothing where none runs."""
    return _by_label(
        "select extract(epoch from now() - min(coalesce(worked_at, started_at))) from app.campaigns"
        " where state = 'running'"
    )


def oldest_message_in_flight() -> Statement[Figures]:
    """For how many seconds the oldest message that was handed to Telegram has had no outcome; 0 where there is none."""
    return _by_label(
        "select coalesce(extract(epoch from now() - min(sent_at)), 0) from app.recipients where state = 'sending'"
    )


def jobs() -> Statement[Figures]:
    """Jobs about users that are not done: by kind and state. Failed ones are those of the last day."""
    return _by_label(
        "select kind, state, count(*) from jobs.user_jobs where state in ('waiting', 'running')"
        " or (state = 'failed' and finished_at > now() - interval '1 day') group by kind, state"
    )


def oldest_job() -> Statement[Figures]:
    """How many seconds ago the oldest job about a user was asked for that is not done; 0 where there is none."""
    return _by_label(
        "select coalesce(extract(epoch from now() - min(asked_at)), 0) from jobs.user_jobs"
        " where state in ('waiting', 'running')"
    )


def worker_heartbeat() -> Statement[Figures]:
    """When a worker of the queue last said that it is there; nothing where none ever did."""
    return _by_label("select max(last_heartbeat) from jobs.procrastinate_workers")


def newest_day() -> Statement[Figures]:
    """What happened on the newest day that the marts know, by what is counted."""
    return _by_label(
        "select figure, number from app.newest_day() as day cross join lateral (values"
        " ('active_users', day.active_users), ('new_users', day.new_users), ('buyers', day.buyers),"
        " ('orders', day.orders), ('revenue', day.revenue)) as parts (figure, number)"
    )


def scorecards() -> Statement[Figures]:
    """How good each model was in the newest week that has matured, by model, `live` or `hindsight`, and measure."""
    return _by_label(
        "select model, case when is_live then 'live' else 'hindsight' end, measure, number"
        " from ml.newest_scorecards() as cards cross join lateral (values"
        " ('auc', auc), ('calibration_error', calibration_error)) as parts (measure, number)"
    )


def replicas_connected() -> Statement[Figures]:
    """For each slot that keeps the write-ahead log for a replica: 1 while the replica reads it."""
    return _by_label("select slot_name, active::integer from pg_replication_slots where slot_type = 'physical'")


def replica_lags() -> Statement[Figures]:
    """How many seconds each replica that is connected is behind what was written; 0 where it has all."""
    return _by_label(
        "select application_name, max(case when replay_lsn = pg_current_wal_lsn() then 0"
        " else coalesce(extract(epoch from replay_lag), 0) end)"
        " from pg_stat_replication where replay_lsn is not null and not pg_is_in_recovery() group by 1"
    )


def _by_label(query: Query, **parameters: object) -> Statement[Figures]:
    """Rows of labels with a number, a day or a time at the end. What is null was not there to be measured."""
    return Statement(query, parameters, _labelled)


def _labelled(result: Result) -> Figures:
    return [
        (tuple(str(label) for label in labels), _number(measured))
        for *labels, measured in result.rows
        if measured is not None
    ]


def _number(measured: object) -> float:
    if isinstance(measured, datetime):
        return measured.timestamp()
    if isinstance(measured, date):
        return float((measured - date(1970, 1, 1)).days * 86_400)
    return float(str(measured))
