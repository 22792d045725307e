"""Fields of request bodies that several features take."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A body that takes no field beyond those it names, and no value of another type."""

    model_config = ConfigDict(extra="forbid")


NO_NUL = r"^[^\x00]*$"

Name = Annotated[str, Field(min_length=1, max_length=120, pattern=NO_NUL, description="what people call it")]
Secret = Annotated[str, Field(min_length=1, max_length=512, pattern=NO_NUL)]
Email = Annotated[
    str, Field(min_length=3, max_length=254, pattern=r"^[^\s@\x00]+@[^\s@\x00]+$", examples=["anna@shop.example"])
]
