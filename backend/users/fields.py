"""Fields that requests about users have in common."""

from typing import Annotated

from fastapi import Path
from pydantic import Field

Text = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00]*$")]
UserId = Annotated[
    str, Path(min_length=1, max_length=256, pattern=r"^[^\x00]*$", description="any id of the user", examples=["1024"])
]
