"""What notices look like, and what is said over the WebSocket."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter

NoticeId = Annotated[int, Field(ge=1, description="1, 2, 3, ... in the order in which things happened")]
_Kept = Annotated[datetime, Field(description="kept for seven days")]
_Number = Annotated[int, Field(ge=0, le=2**62)]


class RunBody(BaseModel):
    """A run of the pipeline has ended."""

    run_id: Annotated[str, Field(description="as Dagster names it")]
    job: Annotated[str, Field(description="such as `refresh`")]
    state: Literal["done", "failed", "canceled"]
    as_of: Annotated[date | None, Field(description="the day for which it ran")]


class DriftBody(BaseModel):
    """What a model sees has differed for a week from what it learned from."""

    model: Annotated[str, Field(description="such as `churn`")]
    as_of: Annotated[date, Field(description="the day on which it was confirmed")]
    since: Annotated[date, Field(description="the first day of it")]
    reason: str


class EarlyWarningBody(BaseModel):
    """Users are likely to leave; `GET /users?risk=high` lists them."""

    as_of: date
    users_at_high_risk: int
    users_asked_about: Annotated[int, Field(description="users active of late, who are those that can leave")]


class JobBody(BaseModel):
    """How far an export or erasure of a user is; `GET /jobs/{job_id}` says more."""

    job_id: UUID
    kind: Literal["export", "erasure"]
    state: Literal["waiting", "running", "done", "failed"]
    bytes_written: Annotated[int, Field(description="of an export, so far")]


class RunNotice(BaseModel):
    """A run has ended."""

    notice_id: NoticeId
    noticed_at: _Kept
    kind: Literal["run"]
    body: RunBody


class DriftNotice(BaseModel):
    """Drift is confirmed."""

    notice_id: NoticeId
    noticed_at: _Kept
    kind: Literal["drift"]
    body: DriftBody


class EarlyWarningNotice(BaseModel):
    """Users are likely to leave."""

    notice_id: NoticeId
    noticed_at: _Kept
    kind: Literal["early_warning"]
    body: EarlyWarningBody


class JobNotice(BaseModel):
    """A job has come further."""

    notice_id: NoticeId
    noticed_at: _Kept
    kind: Literal["job"]
    body: JobBody


Notice = Annotated[RunNotice | DriftNotice | EarlyWarningNotice | JobNotice, Field(discriminator="kind")]
NOTICE: TypeAdapter[Notice] = TypeAdapter(Notice)


class NoticeQuery(BaseModel):
    """Which notices."""

    model_config = ConfigDict(extra="forbid")

    before: Annotated[int | None, Field(ge=1, le=2**62, description="notices with a smaller number")] = None
    limit: Annotated[int, Field(ge=1, le=200, description="how many")] = 50


class NoticePage(BaseModel):
    """Notices that the caller may see, newest first. The next page begins `before` the last number of this one."""

    notices: list[Notice]


class Opening(BaseModel):
    """The first message of a listener: who it is, and the number of the last notice that it has seen.

    Without `after` it is told of what happens from now on.
    """

    model_config = ConfigDict(extra="forbid")

    token: Annotated[SecretStr, Field(min_length=1, max_length=4096)]
    after: _Number | None = None


class Renewal(BaseModel):
    """Any later message of a listener: a newer token, before the one it opened with is over."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[SecretStr, Field(min_length=1, max_length=4096)]


class Ready(BaseModel):
    """The first answer: notices after this number follow.

    `is_complete` is false where some that the listener has not seen are no longer kept, or where the numbers have
    begun anew, as after a restore: it should load afresh what it shows.
    """

    type: Literal["ready"] = "ready"
    after: int
    is_complete: bool


class Told(BaseModel):
    """One notice."""

    type: Literal["notice"] = "notice"
    notice: Notice


class Alive(BaseModel):
    """Sent while nothing happens: everything up to this number has been told."""

    type: Literal["alive"] = "alive"
    after: int
