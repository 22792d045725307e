"""What is decided about jobs: for whom there may be one, and whether its export can be read."""

from collections.abc import AsyncIterator
from uuid import UUID

from backend.database import DatabasePool
from backend.errors import Conflict, NotFound
from backend.jobs.schemas import Job
from backend.users.service import require_known
from core.problems import FieldError
from warehouse import user_jobs
from warehouse.user_jobs import Kind, UserJob


async def ask(database: DatabasePool, kind: Kind, user_id: str, asked_by: str) -> Job:
    """Asks for a job about a user. Asking again while it is not done is asking once. Raises NotFound."""
    await require_known(database, user_id)
    job_id = await database.run(user_jobs.ask_for_user(kind, user_id, asked_by))
    return await job(database, job_id)


async def job(database: DatabasePool, job_id: UUID) -> Job:
    """How a job is. Raises NotFound."""
    return _shown(await _found(database, job_id))


async def export(database: DatabasePool, job_id: UUID) -> AsyncIterator[str]:
    """The text of an export, piece by piece. Raises NotFound, and Conflict while it is not done."""
    found = await _found(database, job_id)
    if found.kind != "export":
        raise NotFound("This job is no export.", [FieldError("job_id", "is not the id of an export")])
    if found.state != "done":
        raise Conflict(
            f"The export is {found.state}; read it when it is done.", [FieldError("job_id", f"is {found.state}")]
        )
    first = await database.run(user_jobs.piece_of(job_id, 0))
    if first is None:
        raise NotFound(
            f"The text of an export is kept for {user_jobs.KEPT_DAYS} days; ask for another one.",
            [FieldError("job_id", "has no text any more")],
        )
    return _pieces(database, job_id, first)


async def _pieces(database: DatabasePool, job_id: UUID, first: str) -> AsyncIterator[str]:
    piece: str | None = first
    number = 0
    while piece is not None:
        yield piece
        number += 1
        piece = await database.run(user_jobs.piece_of(job_id, number))


async def _found(database: DatabasePool, job_id: UUID) -> UserJob:
    found = await database.run(user_jobs.user_job(job_id))
    if found is None:
        raise NotFound("There is no such job.", [FieldError("job_id", "is not the id of a job")])
    return found


def _shown(found: UserJob) -> Job:
    return Job(**{name: getattr(found, name) for name in Job.model_fields})
