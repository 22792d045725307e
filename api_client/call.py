"""One request to the API, and how its answer is read.

Belongs here: what `calls.py` is made of. Does not belong here: sending (`clients.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

from pydantic import BaseModel, SecretStr, TypeAdapter
from pydantic_core import to_json

T = TypeVar("T")

Parameter = str | int | float | bool | date | datetime | UUID | SecretStr | list[str] | None


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request. `is_repeatable`: sending it twice has the effect of sending it once."""

    method: str
    path: str
    read: Callable[[bytes], T]
    query: Mapping[str, Parameter] = field(default_factory=dict)
    headers: Mapping[str, Parameter] = field(default_factory=dict)
    body: object = None
    is_repeatable: bool = True

    @property
    def media_type(self) -> str:
        """Of the body."""
        return "application/octet-stream" if isinstance(self.body, bytes) else "application/json"

    @property
    def content(self) -> bytes | None:
        """The body: a file as it is, all else as JSON with the secrets in it."""
        if isinstance(self.body, bytes):
            return self.body
        return None if self.body is None else to_json(_revealed(self.body))


def path_of(template: str, **parts: str | int | UUID) -> str:
    """A path with its parts filled in, each quoted as a whole."""
    return template.format(**{name: quote(str(part), safe="") for name, part in parts.items()})


def as_text(parameters: Mapping[str, Parameter]) -> dict[str, str | list[str]]:
    """Parameters as they are sent, without those that were left out."""
    return {name: _text(value) for name, value in parameters.items() if value is not None}


def key_or_new(idempotency_key: str | None) -> str:
    """The key under which a request is known however often it is sent."""
    return idempotency_key or uuid4().hex


def read_json(wanted: type[T]) -> Callable[[bytes], T]:
    """Reads an answer in JSON."""
    adapter: TypeAdapter[T] = _adapter(wanted)  # type: ignore[arg-type]
    return adapter.validate_json


def read_nothing(_content: bytes) -> None:
    """Reads an answer without a body."""


def read_bytes(content: bytes) -> bytes:
    """Reads an answer that is no JSON."""
    return content


@cache
def _adapter(wanted: Any) -> TypeAdapter[Any]:
    return TypeAdapter(wanted)


def _text(value: Parameter) -> str | list[str]:
    if isinstance(value, list):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _revealed(value: object) -> object:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        # What was not set is left to the API.
        return _revealed(value.model_dump(exclude_unset=True))
    if isinstance(value, dict):
        return {name: _revealed(each) for name, each in value.items()}
    return [_revealed(each) for each in value] if isinstance(value, list | tuple) else value
