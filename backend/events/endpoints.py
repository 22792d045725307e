"""`POST /events`."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Request

from backend.access.guard import requires
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.errors import BadRequest, Invalid
from backend.events import service
from backend.events.schemas import MAX_EVENTS, Event, EventResults
from backend.reading import demand_media_type
from backend.resources import Resources, resources_of
from core.problems import FieldError

router = APIRouter(tags=["events"])

JSON, LINES = "application/json", "application/x-ndjson"
IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="the same for a request that is sent again; gives ids to events without one",
    ),
]
# Bodies are read by the contract of events, not by pydantic, so that each event gets an answer of its own.
_ONE = Event.model_json_schema()
EXAMPLE = {
    "event_id": "0b5dbf4e-5d0e-4d3c-9b0f-2f0f3a1f7c11",
    "user_id": "1024",
    "event_type": "purchase",
    "occurred_at": "2026-03-01T18:30:00Z",
    "order_id": "A-17",
    "item_id": "teapot",
    "amount": 24.5,
    "currency": "EUR",
    "source": "telegram",
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {
                "schema": {"anyOf": [_ONE, {"type": "array", "items": _ONE, "minItems": 1, "maxItems": MAX_EVENTS}]},
                "example": [EXAMPLE],
            },
            LINES: {"schema": {"type": "string"}, "example": orjson.dumps(EXAMPLE).decode() + "\n"},
        },
    }
}


@router.post("/events", summary="Store up to a thousand events", openapi_extra=_BODY)
async def post_events(
    request: Request,
    resources: Annotated[Resources, Depends(resources_of)],
    principal: Annotated[Principal, Depends(requires(Permission.EVENTS_WRITE))],
    idempotency_key: IdempotencyKey = None,
) -> EventResults:
    """Answers after the commit, with what became of each event. `received_at` is the server's.

    Send one event, an array of them, or a line of JSON for each (`application/x-ndjson`). Good events are stored though
    others are refused. Sending events again changes nothing, by their `event_id` or by the Idempotency-Key.
    """
    media_type = demand_media_type(request, JSON, LINES)
    events = _events(await request.body(), is_lines=media_type == LINES)
    return await service.store(resources.intake, events, principal.id, idempotency_key)


def _events(body: bytes, *, is_lines: bool) -> list[object]:
    if is_lines:
        events = [_parsed(line, f"line {number}") for number, line in enumerate(body.splitlines(), 1) if line.strip()]
    else:
        parsed = _parsed(body, "body")
        events = parsed if isinstance(parsed, list) else [parsed]
    if not 1 <= len(events) <= MAX_EVENTS:
        raise Invalid(
            f"Send 1 to {MAX_EVENTS} events in a request.", [FieldError("body", f"holds {len(events)} events")]
        )
    return events


def _parsed(text: bytes, where: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest("The body is not valid JSON in UTF-8.", [FieldError(where, str(error))]) from None
