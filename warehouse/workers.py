"""The workers of the services: `ml.workers`, one row each, which its worker keeps young.

Belongs here: SQL on that table, and when a worker counts as gone. Does not: what a worker does with a deployment
(`serving.deployment_watcher`), or waiting for workers (`registry.deployment`).

A table and not `pg_stat_activity`, because behind a connection pooler a session is not a worker.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from warehouse.database import Statement, command, rows

HEARTBEAT_SECONDS = 2.0
"""How often a worker says that it is there."""

GONE_AFTER = timedelta(seconds=15)
"""Without a heartbeat for so long a worker counts as gone. It is silent while it loads a model, which takes seconds."""


@dataclass(frozen=True)
class WorkerReport:
    """The newest deployment that a worker has judged (None: none yet), and why it refused it (None: it took it)."""

    deployment_id: int | None
    refused: str | None


def heartbeat(worker_id: UUID, model: str, report: WorkerReport) -> Statement[int]:
    """Says that a worker is there and what it made of the newest deployment. The rows of workers long gone go."""
    return command(
        "with gone as (delete from ml.workers where seen_at < now() - interval '1 hour')"
        " insert into ml.workers (worker_id, model, deployment_id, refused)"
        " values (%(worker_id)s, %(model)s, %(deployment_id)s, %(refused)s)"
        " on conflict (worker_id) do update set"
        " seen_at = now(), deployment_id = excluded.deployment_id, refused = excluded.refused",
        worker_id=worker_id,
        model=model,
        deployment_id=report.deployment_id,
        refused=report.refused,
    )


def worker_left(worker_id: UUID) -> Statement[int]:
    """Takes a worker off the list as it stops."""
    return command("delete from ml.workers where worker_id = %(worker_id)s", worker_id=worker_id)


def worker_reports(model: str) -> Statement[list[WorkerReport]]:
    """What each worker of a model that is there now has reported."""
    return rows(
        WorkerReport,
        "select deployment_id, refused from ml.workers where model = %(model)s and seen_at > now() - %(gone_after)s"
        " order by started_at, worker_id",
        model=model,
        gone_after=GONE_AFTER,
    )
