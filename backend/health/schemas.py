"""What health looks like."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

State = Literal["up", "down"]


class Health(BaseModel):
    """Which of the things that the API needs answer."""

    status: Annotated[State, Field(description="`up` if the API can store events and answer about users")]
    warehouse: Annotated[State, Field(description="whether Postgres answers")]
    services: Annotated[dict[str, State], Field(description="whether the service of each model answers")]
