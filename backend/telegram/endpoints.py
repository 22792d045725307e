"""`POST /telegram/event`, `POST /telegram/webhook`, and the updates that a bot handles."""

from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Path, Request
from pydantic import ValidationError

from backend.access.guard import requires
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.description import also_refuses
from backend.errors import BadRequest, Invalid
from backend.events import service as events
from backend.events.endpoints import EXAMPLE, IdempotencyKey
from backend.events.schemas import Event
from backend.predictions import service as predictions
from backend.reading import StrictRoute, demand_media_type
from backend.resources import Resources, resources_of
from backend.telegram import service, store
from backend.telegram.schemas import (
    MOST_NAME,
    Addressee,
    AddresseeOnly,
    Handled,
    HandledReceipt,
    PolledUpdates,
    StoredUpdates,
    TakenUpdates,
    TelegramAnswer,
    Update,
    UpdateReceipt,
    UpdatesWanted,
)
from backend.templates.schemas import Language
from backend.templates.service import personal_answer
from core.problems import FieldError, from_validation

router = APIRouter(prefix="/telegram", tags=["telegram"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
IsBot = Annotated[Principal, Depends(requires(Permission.TELEGRAM_WRITE))]
_REASONS = 3
_EVENT = Event.model_json_schema()
_ADDRESSED = _EVENT | {
    "title": "AddressedEvent",
    "properties": _EVENT["properties"] | {"addressee": {"anyOf": [Addressee.model_json_schema(), {"type": "null"}]}},
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": _ADDRESSED, "example": EXAMPLE}},
    }
}


@router.post("/event", summary="Store what a user did, and answer the user", openapi_extra=_BODY)
async def post_telegram_event(
    request: Request,
    resources: Held,
    principal: Annotated[Principal, Depends(requires(Permission.TELEGRAM_WRITE))],
    idempotency_key: IdempotencyKey = None,
) -> TelegramAnswer:
    """One event as in `POST /events`, from the bot (`source` is `telegram` unless it says otherwise).

    The event is stored, then every model is asked with features that count it. Models that do not answer are named; the
    event is stored all the same.
    """
    demand_media_type(request, "application/json")
    event, addressee = _read(await request.body())
    stored = await events.store(resources.intake, [event], principal.id, idempotency_key)
    user_id = event.get("user_id")
    (answers,) = await predictions.ask(resources.models, [str(user_id)], "live", _REASONS)
    result = stored.results[0]
    language: Language = "ru" if addressee.language == "ru" else "en"
    answer = await personal_answer(
        resources, str(user_id), result.event_id, answers, language, addressee.first_name[:MOST_NAME]
    )
    return TelegramAnswer(
        event=result,
        predictions=answers,
        text=answer.text,
        reason=answer.reason,
        template=answer.template,
        template_version=answer.version,
        situation=answer.situation,
    )


@router.post("/webhook", summary="An update from Telegram itself", responses=also_refuses(HTTPStatus.UNAUTHORIZED))
async def post_telegram_webhook(
    update: Update,
    resources: Held,
    x_telegram_bot_api_secret_token: Annotated[
        str | None, Header(description="the secret that the webhook was registered with")
    ] = None,
) -> UpdateReceipt:
    """Answers once the update is stored. An update that Telegram sends again is known by its number."""
    settings = resources.settings
    service.demand_telegram(
        service.webhook_secrets(settings), x_telegram_bot_api_secret_token, settings.retry_after_seconds
    )
    new = await service.add_updates(resources, [update.model_dump(mode="json")])
    return UpdateReceipt(update_id=update.update_id, is_new=new == 1)


@router.post("/updates", summary="Updates that the bot has fetched from Telegram")
async def post_telegram_updates(polled: PolledUpdates, resources: Held, _principal: IsBot) -> StoredUpdates:
    """For a bot that polls: it passes on what it gets, and confirms it to Telegram once it is stored here."""
    updates = [update.model_dump(mode="json") for update in polled.updates]
    return StoredUpdates(new=await service.add_updates(resources, updates))


@router.post("/updates/take", summary="Take updates to be handled")
async def take_telegram_updates(
    request: Request, wanted: UpdatesWanted, resources: Held, _principal: IsBot
) -> TakenUpdates:
    """Each update is given to one bot, whichever way it came. Where it is not marked as handled within a minute, it is
    given out again, three times in all.
    """
    updates = await service.take_updates(resources, wanted.limit, wanted.wait_seconds, request.is_disconnected)
    return TakenUpdates(updates=updates)


@router.post("/updates/{update_id}/handled", summary="Say that an update is handled")
async def post_handled_update(
    update_id: Annotated[int, Path(ge=0, le=2**63 - 1)], handled: Handled, resources: Held, principal: IsBot
) -> HandledReceipt:
    """From then on only its number is kept, for a day, so that it is known when Telegram sends it again."""
    if handled.events:
        await events.store(resources.intake, handled.events, principal.id, None)
    marked = await resources.database.run(store.mark_handled(update_id, handled.outcome))
    return HandledReceipt(is_first=marked == 1)


def _read(body: bytes) -> tuple[dict[str, Any], Addressee]:
    """The event, and who is answered."""
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest("The body is not valid JSON in UTF-8.", [FieldError("body", str(error))]) from None
    if not isinstance(event, dict):
        raise Invalid("Send one event, as a JSON object.", [FieldError("body", "is not an object")])
    try:
        addressee = AddresseeOnly.model_validate({"addressee": event.pop("addressee", None)}).addressee
    except ValidationError as error:
        raise from_validation(error) from None
    return {"source": "telegram", **event}, addressee or Addressee()
