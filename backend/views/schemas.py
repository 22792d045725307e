"""What `/views` takes and answers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from backend.fields import NO_NUL, Name, Strict

MOST_CHARACTERS = 4000

Query = Annotated[
    str,
    Field(
        max_length=MOST_CHARACTERS,
        pattern=NO_NUL,
        description="the filters as they stand in the address of the page, without `?`",
        examples=["risk=high&sort=expected_value&order=desc"],
    ),
]


class NewView(Strict):
    """A view to save. One of the same name is replaced."""

    name: Name
    query: Query


class View(BaseModel):
    """A saved view of the list of users."""

    view_id: UUID
    name: str
    query: Query
    made_at: datetime
