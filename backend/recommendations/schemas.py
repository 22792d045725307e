"""What `GET /users/{user_id}/recommendations` answers."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

MOST_RECOMMENDED = 20


class Recommendation(BaseModel):
    """One item that the user has neither bought nor given back."""

    item_id: str
    basis: Annotated[
        Literal["bought_together", "popular"],
        Field(description="`bought_together`: others ordered it with `because_of`; `popular`: many bought it lately"),
    ]
    because_of: Annotated[str | None, Field(description="an item that the user has")]
    buyers: Annotated[int, Field(description="users who speak for it")]


class Recommendations(BaseModel):
    """The best first."""

    as_of: Annotated[date | None, Field(description="the day as of which items were counted; null: no run yet")]
    recommendations: list[Recommendation]
