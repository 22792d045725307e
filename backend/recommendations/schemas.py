"""What `GET /users/{user_id}/recommendations` answers."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

MOST_RECOMMENDED = 20


class Recommendation(BaseModel):
    """One item that the user has not given back."""

    item_id: str
    basis: Annotated[
        Literal["bought_together", "popular"],
        Field(
            description="what others do: `bought_together`: they have it with `because_of`; `popular`: many bought it"
        ),
    ]
    because_of: Annotated[str | None, Field(description="an item that the user has")]
    buyers: Annotated[int, Field(description="users who speak for it")]
    is_repeat: Annotated[
        bool, Field(description="the user has bought it before; only a learned recommender offers an item again")
    ] = False


class Recommender(BaseModel):
    """What the answer comes from."""

    is_learned: Annotated[
        bool,
        Field(
            description="true: the learned recommender, which was better out of time than the most popular items and"
            " the user's own repeats; false: counts of what is bought together and what is popular"
        ),
    ]
    model_version: Annotated[int | None, Field(description="version of `recommendation` in the registry")]
    verdict: Annotated[
        str | None, Field(description="what the gate said, or why nothing learned is used; null: nothing was judged")
    ]


class Recommendations(BaseModel):
    """The best first."""

    as_of: Annotated[date | None, Field(description="the day as of which items were counted; null: no run yet")]
    recommendations: list[Recommendation]
    recommender: Recommender
