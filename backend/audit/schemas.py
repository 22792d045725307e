"""What `GET /audit` takes and answers."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_Text = Annotated[str, Field(max_length=256, pattern=r"^[^\x00]*$")]


class AuditQuery(BaseModel):
    """Which rows."""

    model_config = ConfigDict(extra="forbid")

    before: Annotated[int | None, Field(ge=1, le=2**62, description="rows with a smaller number")] = None
    limit: Annotated[int, Field(ge=1, le=500, description="how many")] = 100
    actor: Annotated[_Text | None, Field(description="such as `account:<uuid>`, `key:7`, `cli`")] = None
    action: Annotated[_Text | None, Field(description="such as `account:change`")] = None
    subject: Annotated[_Text | None, Field(description="such as `account:<uuid>`")] = None
    user_id: Annotated[_Text | None, Field(description="looks at this user, who is named by a hash")] = None


class AuditEntry(BaseModel):
    """One row of the log."""

    sequence: Annotated[int, Field(description="1, 2, 3, ... without a gap")]
    at: datetime
    actor: str
    actor_name: Annotated[str, Field(description="stays when the account is deleted")]
    address: str
    request_id: str
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    result: Literal["done", "refused"]


class AuditPage(BaseModel):
    """Rows of the log, newest first. The next page begins `before` the last number of this one."""

    entries: list[AuditEntry]
