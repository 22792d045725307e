"""The worker: one process that does the jobs of the queue, with the pipeline's login.

Belongs here: the queue's tasks, and how often they are tried. Does not belong here: asking for jobs (`jobs`, `models`,
`imports`, `quarantine`), exporting and erasing (`privacy`), promotion (`registry`), importing and repairing
(`imports.working`), and telling devices (`push`).

The queue is procrastinate's, in the schema `jobs`. A job whose worker was killed is taken up again: each of them may be
repeated.
"""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from uuid import UUID

from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from backend.effects.recording import record_effects
from backend.imports.working import do_data_job, forget_uploads
from backend.models.changing import do_change
from backend.push.sending import Sender, send_due
from core.errors import UserError
from core.home import Home
from core.logs import configure_logging
from core.secret_files import FileSettings
from core.settings import read_settings
from privacy.export import export_user
from privacy.persons import erase_person
from warehouse import user_jobs
from warehouse.database import Database, execute
from warehouse.user_jobs import UserJob

logger = logging.getLogger("backend.worker")

MOST_ATTEMPTS = 5
STALLED_SECONDS = 30
LANES = 2
"""So many jobs at a time: an export need not wait until a large file is imported."""
_WAIT_SECONDS = 60
_PIECE_CHARACTERS = 1_000_000


class WorkerSettings(FileSettings, BaseSettings):
    """What the worker reads from its environment."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="WORKER_", populate_by_name=True)

    warehouse_url: Annotated[
        SecretStr, Field(validation_alias="WAREHOUSE_URL", description="with the pipeline's login")
    ]
    mlflow_url: Annotated[str, Field(validation_alias="MLFLOW_TRACKING_URI", description="of the registry")]
    push_key_file: Annotated[
        Path | None, Field(description="the key by which push services know us; without it devices are told nothing")
    ] = None
    push_contact: Annotated[
        str,
        Field(
            pattern="^$|^(mailto:|https://)",
            description="where push services reach you, as mailto:you@shop.example; empty: messages name nobody",
        ),
    ] = ""
    scanned: Annotated[
        list[str], Field(description="addresses of further databases that an erasure looks through")
    ] = []


def build_app(settings: WorkerSettings, home: Home) -> App:
    """The queue with its tasks."""
    url = settings.warehouse_url.get_secret_value()
    app = App(
        connector=PsycopgConnector(
            conninfo=url, kwargs={"options": "-c search_path=jobs", "application_name": "customer-analyzer worker"}
        )
    )
    # An erasure waits while the marts are being built: attempts are one, two, three and four minutes apart.
    retry = RetryStrategy(max_attempts=MOST_ATTEMPTS, linear_wait=_WAIT_SECONDS)

    @app.task(name="job_of_user", queue="users", pass_context=True, retry=retry)
    async def job_of_user(context: JobContext, job_id: str) -> None:
        is_last = context.job.attempts + 1 >= MOST_ATTEMPTS
        await asyncio.to_thread(do_job, Database(url), home, settings, UUID(job_id), is_last=is_last)

    @app.task(name="change_champion", queue="models")
    async def change_champion(change_id: str) -> None:
        await asyncio.to_thread(do_change, Database(url), home, settings.mlflow_url, UUID(change_id))

    @app.task(name="job_of_data", queue="data", pass_context=True, retry=retry)
    async def job_of_data(context: JobContext, job_id: str) -> None:
        is_last = context.job.attempts + 1 >= MOST_ATTEMPTS
        await asyncio.to_thread(do_data_job, Database(url), home.uploads, UUID(job_id), is_last=is_last)

    @app.periodic(cron="17 * * * *")
    @app.task(name="forget_uploads", queue="data", queueing_lock="forget_uploads")
    async def forget_overdue_uploads(timestamp: int) -> None:
        await asyncio.to_thread(forget_uploads, Database(url), home.uploads)

    @app.periodic(cron="* * * * *")
    @app.task(name="take_up_stalled_jobs", queue="users", queueing_lock="take_up_stalled_jobs")
    async def take_up_stalled_jobs(timestamp: int) -> None:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            await app.job_manager.retry_job(job)

    @app.periodic(cron="7 * * * *")
    @app.task(name="record_effects", queue="effects", queueing_lock="record_effects")
    async def record_effects_of_campaigns(timestamp: int) -> None:
        await asyncio.to_thread(record_effects, Database(url))

    if settings.push_key_file is not None:
        sender = Sender(settings.push_key_file, settings.push_contact)

        @app.periodic(cron="* * * * *")
        @app.task(name="tell_devices", queue="push", queueing_lock="tell_devices")
        async def tell_devices(timestamp: int) -> None:
            await asyncio.to_thread(send_due, Database(url), sender)

    return app


def do_job(warehouse: Database, home: Home, settings: WorkerSettings, job_id: UUID, *, is_last: bool) -> None:
    """Does one job and records how it went. Raises what stood in its way, so that it is tried again."""
    job = warehouse.run(user_jobs.user_job(job_id))
    if job is None or job.state == "done":
        return
    warehouse.run(user_jobs.begin(job_id))
    try:
        if job.kind == "export":
            export(warehouse, home, job)
            receipt = None
        else:
            receipt = erase(warehouse, home, job, settings)
        warehouse.run(user_jobs.finish(job_id, receipt))
    except Exception as error:
        # A sentence for people, or nothing of our inside: the log has the rest.
        reason = str(error) if isinstance(error, UserError) else "It failed; the worker's log says why."
        logger.exception("job %s failed", job_id)
        warehouse.run(user_jobs.fail(job_id, reason) if is_last else user_jobs.put_off(job_id, reason))
        raise


def export(warehouse: Database, home: Home, job: UserJob) -> None:
    """Writes all that is held about the user as the text of the export, which others see when it is whole."""
    warehouse.run(user_jobs.forget_exports(job.user_id))
    written = 0
    with warehouse.transaction() as connection:
        for number, piece in enumerate(_larger(export_user(warehouse, home, job.user_id))):
            execute(connection, user_jobs.add_piece(job.job_id, number, job.user_id, piece))
            written += len(piece.encode())
            warehouse.run(user_jobs.write_progress(job.job_id, written))


def erase(warehouse: Database, home: Home, job: UserJob, settings: WorkerSettings) -> dict[str, object]:
    """Erases the person everywhere; returns the receipt."""
    # MLflow takes seconds to import, which exports need not wait for.
    from registry.mlflow_registry import Registry
    from registry.trained_versions import registered_versions

    registry = Registry(settings.mlflow_url, read_settings().artifact_root, home.storage)
    receipt = erase_person(warehouse, home, job.user_id, registered_versions(registry), settings.scanned)
    return receipt.to_dict()


def _larger(pieces: Iterator[str]) -> Iterator[str]:
    """The same text in pieces of about a million characters."""
    gathered: list[str] = []
    size = 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= _PIECE_CHARACTERS:
            yield "".join(gathered)
            gathered, size = [], 0
    yield "".join(gathered)


async def work() -> None:
    """Does jobs until it is told to stop."""
    settings = WorkerSettings()
    app = build_app(settings, Home(read_settings().home))
    async with app.open_async():
        await app.run_worker_async(name="customer-analyzer", concurrency=LANES, shutdown_graceful_timeout=10)


def main() -> None:
    """What `python -m backend.worker` runs."""
    configure_logging("worker", "info")
    asyncio.run(work())


if __name__ == "__main__":
    main()
