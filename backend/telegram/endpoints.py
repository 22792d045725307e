"""`POST /telegram/event` and `POST /telegram/webhook`."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Request

from backend.access.guard import requires
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.errors import BadRequest, Invalid
from backend.events import service as events
from backend.events.endpoints import EXAMPLE, IdempotencyKey
from backend.events.schemas import Event
from backend.predictions import service as predictions
from backend.reading import StrictRoute, demand_media_type
from backend.resources import Resources, resources_of
from backend.telegram import service, store
from backend.telegram.schemas import TelegramAnswer, Update, UpdateReceipt
from core.problems import FieldError

router = APIRouter(prefix="/telegram", tags=["telegram"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
_REASONS = 3
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": Event.model_json_schema(), "example": EXAMPLE}},
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
    event = _event(await request.body())
    stored = await events.store(resources.intake, [event], principal.id, idempotency_key)
    user_id = event.get("user_id")
    (answers,) = await predictions.ask(resources.models, [str(user_id)], "live", _REASONS)
    return TelegramAnswer(event=stored.results[0], predictions=answers, text=service.personal_text(answers))


@router.post("/webhook", summary="An update from Telegram itself")
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
        settings.telegram_webhook_secret, x_telegram_bot_api_secret_token, settings.retry_after_seconds
    )
    is_new = await resources.database.run(store.add_update(update.update_id, update.model_dump(mode="json")))
    return UpdateReceipt(update_id=update.update_id, is_new=is_new)


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest("The body is not valid JSON in UTF-8.", [FieldError("body", str(error))]) from None
    if not isinstance(event, dict):
        raise Invalid("Send one event, as a JSON object.", [FieldError("body", "is not an object")])
    return {"source": "telegram", **event}
