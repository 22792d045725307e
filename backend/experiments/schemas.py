"""What `/experiments` takes and answers."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from backend.fields import Strict
from warehouse.experiments import LEAST_SHARE, MOST_SHARE


class NewGlobalControl(Strict):
    """How large the global control group is to be."""

    share: Annotated[
        float | None,
        Field(
            ge=LEAST_SHARE,
            le=MOST_SHARE,
            description="share of all users, 0.01 to 0.1; null: campaigns may reach everybody",
            examples=[0.05],
        ),
    ]
    is_redrawn: Annotated[bool, Field(description="draw other users; false: a group that grows keeps its members")] = (
        False
    )


class GlobalControlAnswer(BaseModel):
    """The global control group: users whom no campaign reaches, so that the effect of all campaigns is known."""

    share: Annotated[float | None, Field(description="share of all users; null: there is no group", examples=[0.05])]
    begun_at: Annotated[datetime | None, Field(description="when it began as it is now")]
    begun_by: Annotated[str | None, Field(description="who asked for it", examples=["anna@shop.example"])]
    used_by: Annotated[
        list[str], Field(description="what uses it; while this is not empty, it cannot be changed", examples=[[]])
    ]
