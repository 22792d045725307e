"""A principal: whoever asks, after it was shown who that is."""

from dataclasses import dataclass

from backend.access.permissions import Permission


@dataclass(frozen=True, slots=True)
class Principal:
    """An API key or a signed-in account. `id` names it in records, such as `key:7`; `name` is for people."""

    id: str
    name: str
    permissions: frozenset[Permission]
