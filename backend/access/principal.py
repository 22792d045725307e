"""A principal: whoever asks, after it was shown who that is."""

from dataclasses import dataclass
from uuid import UUID

from backend.access.permissions import Permission


@dataclass(frozen=True, slots=True)
class Principal:
    """An API key or a signed-in account. `id` names it in records, such as `key:7`; `name` is for people.

    `account_id` and `session_id` are those of a person who signed in, and None for a key.
    """

    id: str
    name: str
    permissions: frozenset[Permission]
    account_id: UUID | None = None
    session_id: UUID | None = None
