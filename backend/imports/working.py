"""What the worker does with data: rehearsals, imports, and repairs, with the pipeline's login.

Belongs here: how a job goes, and what is noted of it. Does not belong here: the queue (`backend.worker`), or importing
and repairing (`ingestion`).

An import that was cut off begins anew: what is stored is known then. So its counts are those of all its beginnings.
"""

import logging
import time
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import errors

from backend.imports import files
from backend.imports.schemas import ImportRequest
from backend.imports.service import plain_words
from core.errors import OperationError, UserError
from ingestion import ImportResult, Progress, import_files
from ingestion.rehearsing import rehearse
from ingestion.repairing import COUNTS, Change, Repaired, repair
from warehouse import quarantine
from warehouse import uploads as store
from warehouse.database import Database, execute
from warehouse.quarantine import Selection
from warehouse.uploads import DataJob

logger = logging.getLogger("backend.worker")

_REASONS = 20
_CUT_OFF_SECONDS = 86_400.0


def do_data_job(warehouse: Database, uploads: Path, job_id: UUID, *, is_last: bool) -> None:
    """Does one job and notes how it went. Raises what stood in its way, where it should be tried again."""
    job = warehouse.run(store.data_job(job_id))
    if job is None or job.state in ("done", "failed"):
        return
    warehouse.run(store.begin(job_id))
    try:
        if job.kind == "repair":
            _repair(warehouse, job)
        else:
            _finish(warehouse, job, _read(warehouse, uploads, job))
    except Exception as error:
        # A sentence for people, or nothing of our inside: the log has the rest.
        reason = str(error) if isinstance(error, UserError) else "It failed; the worker's log says why."
        # What is wrong with a file stays wrong.
        is_over = is_last or (isinstance(error, UserError) and not isinstance(error, OperationError))
        logger.warning("data job %s failed", job_id, exc_info=not isinstance(error, UserError))
        warehouse.run(store.fail(job_id, reason) if is_over else store.put_off(job_id, reason))
        if not is_over:
            raise
        return
    if job.kind == "import":
        files.remove(uploads / str(job.upload_id))


def forget_uploads(warehouse: Database, uploads: Path) -> None:
    """Removes files that nobody imported for a week, and what uploads that were cut off have left."""
    for upload_id in warehouse.run(store.overdue_uploads()):
        warehouse.run(store.give_up(upload_id))
        files.remove(uploads / str(upload_id))
    files.remove_unknown(uploads, time.time() - _CUT_OFF_SECONDS)


def _finish(warehouse: Database, job: DataJob, result: dict[str, Any]) -> None:
    """Notes that a rehearsal or an import is done. A file that was imported is no longer kept."""
    with warehouse.transaction() as connection:
        execute(connection, store.finish(job.job_id, result))
        if job.kind == "import" and job.upload_id is not None:
            execute(connection, store.forget_imported(job.upload_id))


def _read(warehouse: Database, uploads: Path, job: DataJob) -> dict[str, Any]:
    """Rehearses or imports the job's file; the counts."""
    assert job.upload_id is not None  # noqa: S101 (the table demands it of these kinds)
    upload = warehouse.run(store.upload(job.upload_id))
    path = files.path_of(uploads, job.upload_id, upload.file_name) if upload else uploads
    if not path.is_file():
        raise UserError("The file is no longer kept; upload it again.")
    wanted = ImportRequest.model_validate(job.wanted)
    before = warehouse.run(store.stored_by(job.upload_id)) if job.kind == "import" else 0

    def show(progress: Progress) -> None:
        warehouse.run(store.write_progress(job.job_id, progress.fraction, _counts(progress.result, before)))

    try:
        if job.kind == "rehearsal":
            result = rehearse(
                warehouse.url,
                path,
                profile=wanted.reading.profile(),
                even_if_known=wanted.even_if_known,
                progress=show,
            )
        else:
            (result,) = import_files(
                warehouse.url,
                [path],
                profile=wanted.reading.profile(),
                # What an earlier beginning has stored is known under the very same ids.
                even_if_known=wanted.even_if_known,
                upload_id=job.upload_id,
                progress=show,
            )
    except UserError as error:
        raise type(error)(plain_words(error, path)) from error
    return _counts(result, before)


def _counts(result: ImportResult, stored_before: int) -> dict[str, Any]:
    """What became of a file's rows; those that were stored before the import was cut off count as stored."""
    again = min(stored_before, result.known)
    result = replace(result, stored=result.stored + again, known=result.known - again)
    names = ("read", "stored", "known", "quarantined", "conflicting", "erased")
    return {
        **{name: getattr(result, name) for name in names},
        "waiting": sum(result.waiting.values()),
        "reasons": _most(result.reasons),
        "notes": [*result.notes],
    }


def _most(reasons: Any) -> list[dict[str, Any]]:
    return [{"reason": reason, "rows": rows} for reason, rows in Counter(reasons).most_common(_REASONS)]


def _repair(warehouse: Database, job: DataJob) -> None:
    """Tries the job's rows again, and finishes the job in the same transaction."""
    chosen = {name: value for name, value in job.wanted["selection"].items() if value is not None}
    selection = Selection(
        chosen.get("reason"),
        chosen.get("waits_for"),
        int(chosen["import_id"]) if "import_id" in chosen else None,
        UUID(chosen["quarantine_id"]) if "quarantine_id" in chosen else None,
    )
    change = Change(**{name: job.wanted["change"][name] for name in asdict(Change())})
    try:
        with warehouse.transaction() as connection:
            found: Repaired = repair(connection, selection, change, job.asked_by)
            left = execute(connection, quarantine.count_held(selection))
            execute(connection, store.finish(job.job_id, _repair_counts(found, left, selection)))
    except errors.LockNotAvailable as error:
        raise OperationError("Somebody else is storing the same events; it is tried again.") from error


def _repair_counts(found: Repaired, left: int, selection: Selection) -> dict[str, Any]:
    # A row that is held for another reason now is not among those that are left.
    still = found.held if selection.reason is None else found.reasons.get(selection.reason, 0)
    if selection.reason is None:
        still += found.waiting
    counts = {name: getattr(found, name) for name in COUNTS}
    return {**counts, "left": max(left - still, 0), "reasons": _most(found.reasons)}
