"""What `/keys` takes and answers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from backend.access.permissions import Permission
from backend.fields import Name, Strict


class NewKey(Strict):
    """A key to make."""

    name: Name
    scopes: Annotated[
        list[Permission], Field(min_length=1, max_length=50, description="what it may do; no more than you may")
    ]
    expires_at: Annotated[
        AwareDatetime | None, Field(description="with its time zone, within ten years; null: never")
    ] = None


class Rotation(Strict):
    """How a key is replaced."""

    overlap_hours: Annotated[
        float, Field(ge=0, le=24 * 30, description="how long the old key stays valid beside the new one")
    ] = 24.0


class KeyAnswer(BaseModel):
    """A key without its secret."""

    key_id: int
    name: str
    hint: Annotated[str | None, Field(description="its first characters")]
    scopes: list[str]
    account_id: Annotated[UUID | None, Field(description="who made it; null: the command line, or an account deleted")]
    replaces: Annotated[int | None, Field(description="the key that it replaces")]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: Annotated[datetime | None, Field(description="right to the hour, and only for calls of this API")]
    revoked_at: datetime | None


class MadeKey(KeyAnswer):
    """A new key. The secret is shown only now."""

    key: str
