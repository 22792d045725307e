"""Files that people upload, and jobs on data: rehearsals, imports, and repairs of rows in quarantine.

Belongs here: SQL on `jobs.uploads` and `jobs.data_jobs`. Does not belong here: what a job does (`ingestion`), and where
files lie (`backend.imports`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from warehouse.database import Statement, command, first_row, rows, value

DataJobKind = Literal["rehearsal", "import", "repair"]
State = Literal["waiting", "running", "done", "failed"]

KEPT_DAYS = 7
"""How long a file that nobody imports is kept."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file; `gone_at` says since when it is no longer kept."""

    upload_id: UUID
    file_name: str
    bytes: int
    uploaded_by: str
    uploaded_at: datetime
    gone_at: datetime | None


@dataclass(frozen=True, slots=True)
class DataJob:
    """One job. `fraction` of its file is done, 0 to 1; `result` holds counts, and sentences."""

    job_id: UUID
    kind: DataJobKind
    upload_id: UUID | None
    wanted: dict[str, Any]
    asked_by: str
    asked_at: datetime
    state: State
    started_at: datetime | None
    finished_at: datetime | None
    fraction: float | None
    result: dict[str, Any] | None
    error: str | None


_UPLOADS = sql.SQL("select upload_id, file_name, bytes, uploaded_by, uploaded_at, gone_at from jobs.uploads {}")
_JOBS = sql.SQL(
    "select job_id, kind, upload_id, wanted, asked_by, asked_at, state, started_at, finished_at, fraction, result,"
    " error from jobs.data_jobs {}"
)


def add_upload(upload_id: UUID, file_name: str, size: int, uploaded_by: str) -> Statement[int]:
    """Notes a file that lies in the folder of uploads, whole."""
    return command(
        "insert into jobs.uploads (upload_id, file_name, bytes, uploaded_by)"
        " values (%(upload_id)s, %(file_name)s, %(size)s, %(uploaded_by)s)",
        upload_id=upload_id,
        file_name=file_name,
        size=size,
        uploaded_by=uploaded_by,
    )


def upload(upload_id: UUID) -> Statement[Upload | None]:
    """A file, if one has this id."""
    return first_row(Upload, _UPLOADS.format(sql.SQL("where upload_id = %(id)s")), id=upload_id)


def newest_uploads(limit: int) -> Statement[list[Upload]]:
    """The files that were uploaded last."""
    return rows(Upload, _UPLOADS.format(sql.SQL("order by uploaded_at desc, upload_id limit %(limit)s")), limit=limit)


def kept_bytes() -> Statement[int]:
    """How large all files are that are kept."""
    return value(int, "select coalesce(sum(bytes), 0) from jobs.uploads where gone_at is null")


def give_up(upload_id: UUID) -> Statement[bool]:
    """Notes that a file is no longer kept. False, and nothing has changed, while something is being done with it."""
    return value(bool, "select jobs.give_up_upload(%(upload_id)s)", upload_id=upload_id)


def forget_imported(upload_id: UUID) -> Statement[int]:
    """A file that was imported is no longer kept."""
    return command("update jobs.uploads set gone_at = now() where upload_id = %(upload_id)s", upload_id=upload_id)


def overdue_uploads() -> Statement[list[UUID]]:
    """Files that are kept and older than KEPT_DAYS, with which nothing is being done."""
    return rows(
        lambda upload_id: UUID(str(upload_id)),
        "select upload_id from jobs.uploads where gone_at is null"
        " and uploaded_at < now() - make_interval(days => %(days)s) and not exists ("
        " select from jobs.data_jobs where data_jobs.upload_id = uploads.upload_id and state in ('waiting','running'))",
        days=KEPT_DAYS,
    )


def ask_for_data(
    kind: DataJobKind, upload_id: UUID | None, wanted: Mapping[str, Any], asked_by: str
) -> Statement[UUID | None]:
    """Asks for a job; its id, None where something is being done with the file already or it is gone."""
    return value(
        lambda job_id: None if job_id is None else UUID(str(job_id)),
        "select jobs.ask_for_data(%(kind)s, %(upload_id)s, %(wanted)s, %(asked_by)s)",
        kind=kind,
        upload_id=upload_id,
        wanted=Jsonb(dict(wanted)),
        asked_by=asked_by,
    )


def data_job(job_id: UUID) -> Statement[DataJob | None]:
    """A job, if one has this id."""
    return first_row(DataJob, _JOBS.format(sql.SQL("where job_id = %(job_id)s")), job_id=job_id)


def jobs_of(upload_ids: list[UUID]) -> Statement[list[DataJob]]:
    """The jobs of some files, newest first."""
    return rows(
        DataJob,
        _JOBS.format(sql.SQL("where upload_id = any(%(ids)s) order by asked_at desc")),
        ids=upload_ids,
    )


def imports_of(upload_ids: list[UUID]) -> Statement[list[tuple[UUID, int]]]:
    """The numbers of the imports that these files were, the newest first: several where one was cut off."""
    return rows(
        lambda upload_id, import_id: (upload_id, int(import_id)),
        "select upload_id, import_id from raw.imports where upload_id = any(%(ids)s) order by import_id desc",
        ids=upload_ids,
    )


def stored_by(upload_id: UUID) -> Statement[int]:
    """How many events the imports of a file have stored, those that were cut off among them."""
    return value(
        int,
        "select coalesce(sum(rows_stored), 0) from raw.imports where upload_id = %(upload_id)s",
        upload_id=upload_id,
    )


def begin(job_id: UUID) -> Statement[int]:
    """The job runs from now on."""
    return command(
        "update jobs.data_jobs set state = 'running', started_at = coalesce(started_at, now()), error = null"
        " where job_id = %(job_id)s",
        job_id=job_id,
    )


def put_off(job_id: UUID, error: str) -> Statement[int]:
    """The job waits for another attempt; `error` says what stood in its way."""
    return command(
        "update jobs.data_jobs set state = 'waiting', error = %(error)s where job_id = %(job_id)s",
        job_id=job_id,
        error=error,
    )


def write_progress(job_id: UUID, fraction: float | None, result: Mapping[str, Any]) -> Statement[int]:
    """How far a job is."""
    return command(
        "update jobs.data_jobs set fraction = %(fraction)s, result = %(result)s where job_id = %(job_id)s",
        job_id=job_id,
        fraction=fraction,
        result=Jsonb(dict(result)),
    )


def finish(job_id: UUID, result: Mapping[str, Any]) -> Statement[int]:
    """The job is done. What a repair filled in is kept with the rows, and nowhere else."""
    return command(
        "update jobs.data_jobs set state = 'done', finished_at = now(), error = null, fraction = 1,"
        " result = %(result)s, wanted = wanted #- '{change,fields}' where job_id = %(job_id)s",
        job_id=job_id,
        result=Jsonb(dict(result)),
    )


def fail(job_id: UUID, error: str) -> Statement[int]:
    """The job is over, and did not do what was asked."""
    return command(
        "update jobs.data_jobs set state = 'failed', finished_at = now(), error = %(error)s,"
        " wanted = wanted #- '{change,fields}' where job_id = %(job_id)s",
        job_id=job_id,
        error=error,
    )
