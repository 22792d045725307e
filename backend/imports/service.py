"""What is decided about uploaded files: how they are kept, looked into, and given to the worker."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.recording import entry
from backend.errors import Conflict, Invalid, NotFound
from backend.imports import files
from backend.imports.schemas import (
    DataJob,
    FileColumn,
    ImportCounts,
    ImportPreview,
    ImportRequest,
    PreviewRequest,
    ReasonCount,
    RefusedRow,
    RepairCounts,
    Upload,
    Uploads,
    reading_of,
)
from backend.resources import Resources
from core.errors import UserError
from core.problems import FieldError
from data_contracts.contract import read_contract
from ingestion.previewing import preview
from ingestion.profile_files import read_profile
from warehouse import uploads as store
from warehouse.database import execute_async

_LISTED = 50


async def receive(
    resources: Resources, principal: Principal, origin: Origin, file_name: str, pieces: AsyncIterator[bytes]
) -> Upload:
    """Keeps a file. Raises Invalid for an empty one, and Conflict where too much is kept already."""
    kept = await resources.database.run(store.kept_bytes())
    if kept >= resources.settings.uploads_bytes:
        raise Conflict(
            "Uploaded files take up all the space there is for them; import or delete some of them.",
            [FieldError("body", f"{kept} bytes are kept already")],
        )
    upload_id = uuid4()
    path = files.path_of(resources.settings.uploads, upload_id, file_name)
    size = await files.write(path, pieces)
    if size == 0:
        files.remove(path.parent)
        raise Invalid("The file is empty; send one with at least one event.", [FieldError("body", "is empty")])
    try:
        async with resources.database.transaction() as connection:
            await execute_async(connection, store.add_upload(upload_id, path.name, size, principal.name))
            noted = {"file_name": path.name, "bytes": size}
            await execute_async(
                connection, entry(principal, origin, "import:upload", f"upload:{upload_id}", after=noted)
            )
    except BaseException:
        files.remove(path.parent)
        raise
    return await upload(resources, upload_id)


async def newest(resources: Resources) -> Uploads:
    """The newest files, with what was done with them."""
    return Uploads(uploads=await _shown(resources, await resources.database.run(store.newest_uploads(_LISTED))))


async def upload(resources: Resources, upload_id: UUID) -> Upload:
    """One file, with what was done with it. Raises NotFound."""
    return (await _shown(resources, [await _found(resources, upload_id)]))[0]


async def give_up(resources: Resources, principal: Principal, origin: Origin, upload_id: UUID) -> None:
    """Deletes a file; what was imported stays. Raises NotFound, and Conflict while something is being done with it."""
    found = await _found(resources, upload_id)
    async with resources.database.transaction() as connection:
        if not await execute_async(connection, store.give_up(upload_id)):
            raise _is_busy()
        noted = {"file_name": found.file_name}
        await execute_async(connection, entry(principal, origin, "import:delete", f"upload:{upload_id}", before=noted))
    files.remove(resources.settings.uploads / str(upload_id))


async def look(resources: Resources, upload_id: UUID, wanted: PreviewRequest) -> ImportPreview:
    """What the first rows of a file become. Raises NotFound, and Invalid for a file that cannot be read at all."""
    path = await _path(resources, upload_id)
    profile = None if wanted.reading is None else wanted.reading.profile()
    if wanted.like is not None:
        profile = read_profile(wanted.like)
    try:
        found = await asyncio.to_thread(preview, path, read_contract(), profile)
    except UserError as error:
        raise Invalid(plain_words(error, path), [FieldError("upload_id", "is no file that can be read")]) from None
    return ImportPreview(
        reading=reading_of(found.profile),
        columns=[FileColumn(name=each.name, samples=list(each.samples)) for each in found.columns],
        rows=found.rows,
        events=[dict(each) for each in found.events],
        refused=[RefusedRow(row_number=each.number, reason=each.reason, row=each.row) for each in found.refused],
        reasons=[ReasonCount(reason=reason, rows=rows) for reason, rows in found.reasons.items()],
        notes=list(found.notes),
        problem=None if found.problem is None else found.problem.replace(str(path), path.name),
    )


async def ask(
    resources: Resources,
    principal: Principal,
    origin: Origin,
    upload_id: UUID,
    kind: store.DataJobKind,
    wanted: ImportRequest,
) -> DataJob:
    """Has the worker rehearse or import a file. Raises NotFound, and Conflict while something is being done with it."""
    await _path(resources, upload_id)
    async with resources.database.transaction() as connection:
        told = wanted.model_dump(mode="json")
        job_id = await execute_async(connection, store.ask_for_data(kind, upload_id, told, principal.name))
        if job_id is None:
            raise _is_busy()
        if kind == "import":
            await execute_async(
                connection, entry(principal, origin, "import:start", f"upload:{upload_id}", after=told["reading"])
            )
    return await job(resources, job_id)


async def job(resources: Resources, job_id: UUID) -> DataJob:
    """How a job is. Raises NotFound."""
    found = await resources.database.run(store.data_job(job_id))
    if found is None:
        raise NotFound("There is no such job.", [FieldError("job_id", "is not the id of a job")])
    return shown_job(found)


def plain_words(error: UserError, path: Path) -> str:
    """What an import says of a file, which people know by its name."""
    return str(error).replace(str(path), path.name)


def shown_job(found: store.DataJob) -> DataJob:
    """A job as it is shown."""
    own = {name: getattr(found, name) for name in DataJob.model_fields if hasattr(found, name)}
    is_repair = found.kind == "repair"
    counts = None if is_repair or found.result is None else ImportCounts.model_validate(found.result)
    repaired = RepairCounts.model_validate(found.result) if is_repair and found.result is not None else None
    return DataJob(**own, counts=counts, repaired=repaired)


async def _shown(resources: Resources, found: list[store.Upload]) -> list[Upload]:
    ids = [each.upload_id for each in found]
    jobs: defaultdict[UUID | None, list[DataJob]] = defaultdict(list)
    for each in await resources.database.run(store.jobs_of(ids)):
        jobs[each.upload_id].append(shown_job(each))
    imports: defaultdict[UUID, list[int]] = defaultdict(list)
    for upload_id, import_id in await resources.database.run(store.imports_of(ids)):
        imports[upload_id].append(import_id)
    return [
        Upload(
            upload_id=each.upload_id,
            file_name=each.file_name,
            bytes=each.bytes,
            uploaded_by=each.uploaded_by,
            uploaded_at=each.uploaded_at,
            is_kept=each.gone_at is None,
            jobs=jobs[each.upload_id],
            import_ids=imports[each.upload_id],
        )
        for each in found
    ]


async def _found(resources: Resources, upload_id: UUID) -> store.Upload:
    found = await resources.database.run(store.upload(upload_id))
    if found is None:
        raise NotFound("There is no such file.", [FieldError("upload_id", "is not the id of an upload")])
    return found


async def _path(resources: Resources, upload_id: UUID) -> Path:
    found = await _found(resources, upload_id)
    path = files.path_of(resources.settings.uploads, upload_id, found.file_name)
    if found.gone_at is not None or not path.is_file():
        raise NotFound(
            "The file is no longer kept; upload it again.", [FieldError("upload_id", "names a file that is gone")]
        )
    return path


def _is_busy() -> Conflict:
    return Conflict(
        "Something is being done with this file; wait until that is over.", [FieldError("upload_id", "is in use")]
    )
