"""What lists of users are made of, and how they are shown."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from backend.campaigns.schemas import Audience
from backend.fields import Name, Strict
from backend.users.fields import Text


class MoreMembers(Strict):
    """Users to add to a list: named by their ids, or all of an audience."""

    user_ids: Annotated[list[Text] | None, Field(min_length=1, max_length=100_000)] = None
    audience: Annotated[Audience | None, Field(description="in place of `user_ids`")] = None

    @model_validator(mode="after")
    def _names_them_one_way(self) -> Self:
        if (self.user_ids is None) == (self.audience is None):
            raise ValueError("give either `user_ids` or `audience`")
        return self


class NewList(MoreMembers):
    """A list of users."""

    name: Name


class UserListAnswer(BaseModel):
    """A list of users."""

    list_id: UUID
    name: str
    made_by: str
    made_at: datetime
    users: int


class Addition(UserListAnswer):
    """A list after users were added to it."""

    added: Annotated[int, Field(description="users who were not on it before")]
    addition_id: Annotated[UUID, Field(description="by which they can be taken off again")]
