"""What `POST /events` takes and answers."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

MAX_EVENTS = 1000

Status = Literal["stored", "known", "conflicting", "refused", "waiting", "erased"]


class Event(BaseModel):
    """Something that a user did, or that was done to a user."""

    event_id: Annotated[
        str | None,
        Field(
            description="the sender's UUID of this event; sending it again changes nothing. May be left out where the "
            "request has an Idempotency-Key",
            json_schema_extra={"format": "uuid"},
        ),
    ] = None
    user_id: Annotated[str | int, Field(min_length=1, max_length=512, description="the shop's id of the user")]
    event_type: Annotated[str, Field(description="such as `view`, `purchase`; an unknown type counts as `other`")]
    occurred_at: Annotated[datetime, Field(description="when it happened, with its time zone")]
    order_id: Annotated[str | int | None, Field(description="lines of one order share it")] = None
    item_id: str | int | None = None
    amount: Annotated[float | str | None, Field(description="money in `currency`; a negative purchase is a refund")] = (
        None
    )
    currency: Annotated[str | None, Field(description="ISO 4217; the shop's own if absent")] = None
    quantity: float | str | None = None
    source: Annotated[str | None, Field(description="where it happened: `telegram`, `web`, `mobile`")] = None
    properties: Annotated[dict[str, Any] | None, Field(description="everything else")] = None


class EventError(BaseModel):
    """One reason why an event was not stored."""

    field: Annotated[str, Field(description="the field that is wrong; empty where it is the event as a whole")]
    message: Annotated[str, Field(description="what is wrong with it")]


class EventResult(BaseModel):
    """What became of one event."""

    event_id: Annotated[str | None, Field(description="as sent, or as made from the Idempotency-Key")]
    status: Annotated[
        Status,
        Field(
            description="`stored`; `known`: it was stored before; `conflicting`: another event has its id; "
            "`refused`: it breaks the contract; `waiting`: it is stored once a rate of its currency is known; "
            "`erased`: its user was erased, and nothing is kept. What is not stored otherwise is in quarantine"
        ),
    ]
    errors: Annotated[list[EventError], Field(description="why it was not stored")]


class EventResults(BaseModel):
    """What became of the events of a request, in their order. What is `stored` or `known` is committed."""

    stored: int
    known: int
    conflicting: int
    refused: int
    waiting: int
    erased: int
    results: list[EventResult]
