"""Fields of requests that several features take."""

import re
from datetime import UTC, date, datetime, time
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

_JSON_TYPES: dict[Any, frozenset[type]] = {
    bool: frozenset({bool}),
    **dict.fromkeys((int, float), frozenset({int, float})),
    **dict.fromkeys((str, date, datetime, time, UUID, SecretStr, AwareDatetime), frozenset({str})),
    type(None): frozenset({type(None)}),
}
_SIMPLE = (bool, int, float, str)
_OTHER_TYPE = PydanticCustomError("other_type", "is of another type")


class Strict(BaseModel):
    """A body that takes no field beyond those it names, and no value of another type.

    Pydantic by itself takes 0 for false, "7" for 7, and 0 for 1970. In its own strict mode it would take no text for a
    date, since FastAPI has it look at Python's types.
    """

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _of_their_types(cls, given: Any) -> Any:
        wrong = [
            InitErrorDetails(type=_OTHER_TYPE, loc=(name,), input=value)
            for name, value in (given.items() if isinstance(given, dict) else ())
            if type(value) in _SIMPLE and (allowed := _json_types(cls, name)) and type(value) not in allowed
        ]
        if wrong:
            raise ValidationError.from_exception_data(cls.__name__, wrong)
        return given


@cache
def _json_types(model: type[BaseModel], field: str) -> frozenset[type]:
    """The types of JSON that a field takes; empty where pydantic itself tells them apart."""
    if field not in model.model_fields:
        return frozenset()
    kinds = [_JSON_TYPES.get(kind, frozenset()) for kind in _kinds(model.model_fields[field].annotation)]
    return frozenset[type]().union(*kinds) if all(kinds) else frozenset()


def _kinds(annotation: Any) -> list[Any]:
    """What a union is made of."""
    if annotation in _JSON_TYPES:
        return [annotation]
    if hasattr(annotation, "__metadata__"):
        return _kinds(annotation.__origin__)
    if get_origin(annotation) in (Union, UnionType):
        return [kind for part in get_args(annotation) for kind in _kinds(part)]
    return [annotation]


def _iso_day(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("is not a day, such as 2025-03-01")
    return value


Day = Annotated[date, BeforeValidator(_iso_day)]
"""A day in a query; pydantic by itself takes 0 for the first of January 1970."""


def _in_utc(moment: datetime) -> datetime:
    """The same moment in UTC: Postgres knows no offset of 16 hours and more, and Python no year 0 or 10000."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("should be between the years 1 and 9999") from None


def _of_text(given: object) -> object:
    """Text alone: pydantic would take 0 for 1970."""
    if not isinstance(given, str | datetime):
        raise _OTHER_TYPE
    return given


Moment = Annotated[AwareDatetime, BeforeValidator(_of_text), AfterValidator(_in_utc)]
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
