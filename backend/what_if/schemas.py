"""What `/users/{user_id}/what-if/{model}` takes and answers."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from backend.fields import Strict

MOST_CHANGES = 10

Chance = Annotated[float, Field(ge=0, le=1, description="calibrated probability")]


class Lever(BaseModel):
    """A feature that the model reads and someone can act on."""

    feature: Annotated[str, Field(description="name in the feature catalogue")]
    label: str
    unit: str
    lever: Annotated[str, Field(description="what can be done about it, in the catalogue's words")]
    value: Annotated[float | None, Field(description="the user's; null where undefined")]
    least: Annotated[float, Field(description="the smallest value that any user has")]
    most: Annotated[float, Field(description="the largest value that any user has")]
    is_reason: Annotated[bool, Field(description="it is among the reasons for the answer of now")]


class Levers(BaseModel):
    """What can be tried, the reasons for the model's answer first."""

    model: str
    model_version: int
    as_of: Annotated[date, Field(description="the day whose beginning the features describe")]
    horizon_days: int | None
    probability: Chance
    levers: list[Lever]


class Changes(Strict):
    """The values to try."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"changes": {"days_since_last_activity": 1}}]})

    changes: Annotated[
        dict[str, Annotated[float, Field(allow_inf_nan=False)]],
        Field(min_length=1, max_length=MOST_CHANGES, description="feature to value, within the bounds of its lever"),
    ]


class WhatIf(BaseModel):
    """How the model answers with other values. No effect: nobody knows whether acting would change the outcome so.

    All other features stay as they are, also those that would change along.
    """

    model: str
    model_version: int
    horizon_days: int | None
    before: Chance
    after: Chance
