"""A cursor leads back to its place, and nothing else is taken for one."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from backend.errors import Invalid
from backend.paging import cursor_of, place_of

MOMENT = TypeAdapter(tuple[datetime, UUID])


@given(st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)), st.uuids())
def test_a_cursor_leads_back(moment: datetime, identity: UUID) -> None:
    assert place_of(cursor_of((moment, identity)), MOMENT) == (moment, identity)


@given(st.text(max_size=50))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        place_of(text, MOMENT)
    assert refused.value.errors[0].field == "cursor"


def test_a_place_of_something_else_is_refused() -> None:
    with pytest.raises(Invalid):
        place_of(cursor_of("a"), TypeAdapter(str), lambda place: place == "b")
