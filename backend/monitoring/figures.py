"""Which figures of the warehouse there are: name, meaning, labels, and the statement behind each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.metrics import PREFIX
from warehouse import platform_figures as ask
from warehouse.database import Statement
from warehouse.platform_figures import Figures


@dataclass(frozen=True)
class Figure:
    """One metric. A counter only ever grows; Prometheus then reads its increase."""

    name: str
    help: str
    labels: Sequence[str]
    statement: Statement[Figures]
    kind: Literal["gauge", "counter"] = "gauge"


def warehouse_figures(models: Sequence[str]) -> list[Figure]:
    """All of them, for some models."""
    return [
        _figure("events_newest_received_timestamp_seconds", "When the newest event was received", ask.newest_receipt()),
        Figure(
            f"{PREFIX}_imported_rows",
            "Rows of imported files, by what became of them",
            ["outcome"],
            ask.imported_rows(),
            "counter",
        ),
        _figure("quarantined_rows", "Rows in quarantine, by what they wait for", ask.quarantined(), "waits_for"),
        _figure("run_ended_timestamp_seconds", "When a job last ended in a state", ask.run_ends(), "job", "state"),
        _figure("mart_as_of_timestamp_seconds", "The newest day of a mart", ask.newest_snapshots(), "mart"),
        _figure(
            "scores_as_of_timestamp_seconds",
            "The newest day for which a model scored everyone",
            ask.newest_scores([*models]),
            "model",
        ),
        _figure("drift_confirmed", "1 where drift of a model is confirmed", ask.confirmed_drift(), "model"),
        _figure("drifted_share", "Share of features that have drifted", ask.drifted_shares(), "model"),
        _figure("scorecard", "How good a model was in its newest matured week", ask.scorecards(), *_SCORECARD),
        _figure("deployed_version", "Version that services are to use", ask.deployed_versions(), "model"),
        _figure("service_workers", "Workers of services", ask.service_workers(), "model", "refused"),
        _figure("campaigns", "Campaigns and triggers", ask.campaigns(), "kind", "state"),
        _figure("messages_due", "Messages that could leave now, at most 100000", ask.messages_due()),
        _figure(
            "campaign_unattended_seconds",
            "Since a sender saw to a campaign that runs",
            ask.campaign_unattended(),
        ),
        _figure(
            "message_in_flight_age_seconds",
            "How long a message that left has no outcome, at most",
            ask.oldest_message_in_flight(),
        ),
        _figure("user_jobs", "Exports and erasures: open, or failed in the last day", ask.jobs(), "kind", "state"),
        _figure("user_job_age_seconds", "How long an export or erasure is open, at most", ask.oldest_job()),
        _figure("worker_heartbeat_timestamp_seconds", "When the worker was last heard of", ask.worker_heartbeat()),
        _figure("replica_connected", "1 while a replica reads the log kept for it", ask.replicas_connected(), "slot"),
        _figure("replica_lag_seconds", "How far a replica is behind", ask.replica_lags(), "replica"),
        _figure("newest_day", "What happened on the newest day of the marts", ask.newest_day(), "figure"),
    ]


_SCORECARD = ("model", "said", "measure")


def _figure(name: str, meaning: str, statement: Statement[Figures], *labels: str) -> Figure:
    return Figure(f"{PREFIX}_{name}", meaning, labels, statement)
