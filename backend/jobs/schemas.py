"""What a job looks like."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field


class Job(BaseModel):
    """An export or erasure of a user. Ask again until `state` is `done` or `failed`."""

    job_id: UUID
    kind: Literal["export", "erasure"]
    state: Literal["waiting", "running", "done", "failed"]
    asked_by: Annotated[str, Field(description="who asked, as in `key:7`")]
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    bytes_written: Annotated[int, Field(description="of an export, so far")]
    receipt: Annotated[
        dict[str, Any] | None,
        Field(description="of an erasure that is done: what went from where, and what a scan still found"),
    ]
    error: Annotated[str | None, Field(description="why it failed, or why it is tried again")]
