"""Exports and erasures of users as jobs: what was asked, how far it is, what it came to, and the text of exports.

Belongs here: SQL on `jobs.user_jobs` and `jobs.user_exports`. Does not belong here: the queue's own tables
(procrastinate), and what a job does (`backend.worker`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from warehouse.database import Statement, command, first_row, value

Kind = Literal["export", "erasure"]
State = Literal["waiting", "running", "done", "failed"]

KEPT_DAYS = 7
"""How long the text of an export is kept."""


@dataclass(frozen=True, slots=True)
class UserJob:
    """One job. `user_id` is a keyed hash once the user is erased."""

    job_id: UUID
    kind: Kind
    user_id: str
    asked_by: str
    asked_at: datetime
    state: State
    started_at: datetime | None
    finished_at: datetime | None
    bytes_written: int
    receipt: dict[str, Any] | None
    error: str | None


def ask_for_user(kind: Kind, user_id: str, asked_by: str) -> Statement[UUID]:
    """Asks for a job, unless the same one waits or runs already, and answers with its id."""
    return value(
        lambda job_id: UUID(str(job_id)),
        "select jobs.ask_for_user(%(kind)s, %(user_id)s, %(asked_by)s)",
        kind=kind,
        user_id=user_id,
        asked_by=asked_by,
    )


def user_job(job_id: UUID) -> Statement[UserJob | None]:
    """A job, if there is one with this id."""
    return first_row(
        UserJob,
        "select job_id, kind, user_id, asked_by, asked_at, state, started_at, finished_at, bytes_written, receipt,"
        " error from jobs.user_jobs where job_id = %(job_id)s",
        job_id=job_id,
    )


def begin(job_id: UUID) -> Statement[int]:
    """The job runs from now on."""
    return command(
        "update jobs.user_jobs set state = 'running', started_at = now(), bytes_written = 0, error = null"
        " where job_id = %(job_id)s",
        job_id=job_id,
    )


def put_off(job_id: UUID, error: str) -> Statement[int]:
    """The job waits for another attempt; `error` says what stood in its way."""
    return command(
        "update jobs.user_jobs set state = 'waiting', error = %(error)s where job_id = %(job_id)s",
        job_id=job_id,
        error=error,
    )


def fail(job_id: UUID, error: str) -> Statement[int]:
    """The job is over, and did not do what was asked."""
    return command(
        "update jobs.user_jobs set state = 'failed', finished_at = now(), error = %(error)s where job_id = %(job_id)s",
        job_id=job_id,
        error=error,
    )


def finish(job_id: UUID, receipt: Mapping[str, Any] | None) -> Statement[int]:
    """The job is done."""
    return command(
        "update jobs.user_jobs set state = 'done', finished_at = now(), error = null, receipt = %(receipt)s"
        " where job_id = %(job_id)s",
        job_id=job_id,
        receipt=None if receipt is None else Jsonb(dict(receipt)),
    )


def write_progress(job_id: UUID, bytes_written: int) -> Statement[int]:
    """How much of an export there is."""
    return command(
        "update jobs.user_jobs set bytes_written = %(bytes)s where job_id = %(job_id)s",
        job_id=job_id,
        bytes=bytes_written,
    )


def add_piece(job_id: UUID, piece: int, user_id: str, content: str) -> Statement[int]:
    """Adds to the text of an export; pieces are numbered 0, 1, 2, ..."""
    return command(
        "insert into jobs.user_exports (job_id, piece, user_id, content)"
        " values (%(job_id)s, %(piece)s, %(user_id)s, %(content)s)",
        job_id=job_id,
        piece=piece,
        user_id=user_id,
        content=content,
    )


def piece_of(job_id: UUID, piece: int) -> Statement[str | None]:
    """One piece of the text of an export; None after the last one."""
    return first_row(
        str,
        "select content from jobs.user_exports where job_id = %(job_id)s and piece = %(piece)s",
        job_id=job_id,
        piece=piece,
    )


def forget_exports(user_id: str) -> Statement[int]:
    """Deletes the texts of a user's exports, and those of everybody that are older than KEPT_DAYS."""
    return command(
        "delete from jobs.user_exports using jobs.user_jobs as jobs where jobs.job_id = user_exports.job_id"
        " and (user_exports.user_id = %(user_id)s or jobs.finished_at < now() - make_interval(days => %(days)s))",
        user_id=user_id,
        days=KEPT_DAYS,
    )
