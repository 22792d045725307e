"""Bodies take values of the types that JSON has for them, and nothing that pydantic would make of others."""

from datetime import UTC, date, datetime, time
from typing import Annotated
from uuid import UUID

import pytest
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from backend.fields import Day, Strict

DAY: TypeAdapter[date] = TypeAdapter(Day)


class Part(Strict):
    at: time


class Body(Strict):
    count: Annotated[int, Field(ge=0)] | None = None
    share: float = 0.5
    is_on: bool | None = None
    until: AwareDatetime | None = None
    name: Annotated[str, Field(max_length=5)] = ""
    code: UUID | None = None
    part: Part | None = None
    names: list[str] | None = None


@pytest.mark.parametrize(
    "given",
    [
        {"count": True},
        {"count": "7"},
        {"share": "0.5"},
        {"share": False},
        {"is_on": 0},
        {"is_on": "yes"},
        {"until": 0},
        {"name": 7},
        {"code": 7},
        {"part": {"at": 3600}},
        {"names": "one"},
        {"more": 1},
    ],
)
def test_a_value_of_another_type_is_refused_by_its_field(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refused:
        Body.model_validate(given)
    assert refused.value.errors()[0]["loc"][0] == next(iter(given))


def test_values_of_the_right_type_are_taken() -> None:
    text = {"count": 7.0, "share": 1, "is_on": False, "until": "2025-03-01T00:00:00Z", "part": {"at": "21:00"}}
    body = Body.model_validate(text)
    assert (body.count, body.share, body.is_on) == (7, 1.0, False)
    assert body.until == datetime(2025, 3, 1, tzinfo=UTC)
    assert body.part == Part(at=time(21))
    assert Body(until=datetime(2025, 3, 1, tzinfo=UTC), code=UUID(int=1)).code == UUID(int=1)
    assert Body.model_validate({"count": None, "is_on": None}).count is None


@pytest.mark.parametrize("text", ["0", "1709856000", "2025-3-1", "20250301", "2025-03-01T00:00:00", "2025-02-30", ""])
def test_a_day_is_written_as_one(text: str) -> None:
    with pytest.raises(ValidationError):
        DAY.validate_python(text)
    assert DAY.validate_python("2025-03-01") == DAY.validate_python(date(2025, 3, 1)) == date(2025, 3, 1)
