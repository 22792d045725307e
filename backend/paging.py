"""Pages by key: where the next page begins is said by the last row of this one, however far in it is.

Belongs here: how such a place becomes the `cursor` that callers hand back. Does not belong here: any order (the
`store.py` of a feature).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from backend.errors import Invalid
from core.problems import FieldError

T = TypeVar("T")

MOST_CHARACTERS = 2000


def cursor_of(place: Any) -> str:
    """A place as text for a query: a dataclass, or anything else that JSON can hold."""
    return urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def place_of(cursor: str, kind: TypeAdapter[T], is_right: Callable[[T], bool] = lambda _: True) -> T:
    """The place that became a cursor. Raises Invalid where this is no cursor of this list."""
    try:
        place = kind.validate_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValidationError, ValueError):
        raise _not_of_this_list() from None
    if not is_right(place):
        raise _not_of_this_list()
    return place


def _not_of_this_list() -> Invalid:
    return Invalid(
        "The cursor is not one of this list; begin again without it.",
        [FieldError("cursor", "is not the `next_cursor` of an earlier answer to the same question")],
    )
