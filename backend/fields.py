"""Fields of request bodies that several features take."""

from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A body that takes no field beyond those it names, and no value of another type."""

    model_config = ConfigDict(extra="forbid")


NO_NUL = r"^[^\x00]*$"

Name = Annotated[str, Field(min_length=1, max_length=120, pattern=NO_NUL, description="what people call it")]
Secret = Annotated[str, Field(min_length=1, max_length=512, pattern=NO_NUL)]
Email = Annotated[
    str, Field(min_length=3, max_length=254, pattern=r"^[^\s@\x00]+@[^\s@\x00]+$", examples=["anna@shop.example"])
]


@cache
def zone_names() -> frozenset[str]:
    """The names of all time zones, as in the IANA database."""
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in zone_names():
        raise ValueError("is not a time zone of the IANA database, such as `Europe/Moscow`")
    return name


TimeZone = Annotated[
    str, Field(max_length=64, description="IANA name, as in `Europe/Moscow`"), AfterValidator(_known_zone)
]
