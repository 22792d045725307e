"""What `/accounts` takes and answers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from backend.access.permissions import Role
from backend.accounts.passwords import MAX_LENGTH
from backend.fields import Email, Name, Secret, Strict

_Password = Annotated[Secret, Field(max_length=MAX_LENGTH, description="12 to 256 characters, of any kind")]


class NewAccount(Strict):
    """An account to make."""

    email: Email
    name: Name
    role: Role
    password: Annotated[
        _Password | None, Field(description="to be changed by its owner; left out for sign-in with Telegram alone")
    ] = None
    telegram_id: Annotated[int | None, Field(ge=1, le=2**52, description="who may sign in with Telegram")] = None


class AccountChange(Strict):
    """What changes; what is left out stays."""

    name: Name | None = None
    role: Role | None = None
    is_disabled: Annotated[bool | None, Field(description="true ends its sessions and revokes its keys")] = None
    password: Annotated[_Password | None, Field(description="a new one, which ends its sessions")] = None
    telegram_id: Annotated[int | None, Field(ge=1, le=2**52, description="who may sign in with Telegram")] = None


class AccountAnswer(BaseModel):
    """An account without its password."""

    account_id: UUID
    email: str
    name: str
    role: Role
    telegram_id: int | None
    has_password: bool
    created_at: datetime
    disabled_at: Annotated[datetime | None, Field(description="null while it may sign in")]
