"""`/telegram/slots`: the seam by which the bot's replies come out of the budget that campaigns use."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends

from backend.access.guard import requires
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from backend.sending.schemas import Flood, SlotAnswer, SlotWanted
from warehouse import send_slots

router = APIRouter(prefix="/telegram/slots", tags=["telegram"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
IsBot = Annotated[Principal, Depends(requires(Permission.TELEGRAM_WRITE))]


@router.post("", summary="When a reply may be sent")
async def take_slot(wanted: SlotWanted, resources: Held, _principal: IsBot) -> SlotAnswer:
    """Replies come before campaigns: while any waits, campaigns are given no slot."""
    slot = await resources.database.run(send_slots.take_slot(wanted.chat_id, is_reply=True))
    return SlotAnswer(is_granted=slot.is_granted, wait_seconds=slot.wait_seconds)


@router.post("/floods", summary="Telegram asked to wait", status_code=HTTPStatus.NO_CONTENT)
async def hold_slots(flood: Flood, resources: Held, _principal: IsBot) -> None:
    """Nobody is given a slot for so long, campaigns and replies alike."""
    await resources.database.run(send_slots.hold_slots(flood.retry_after_seconds))
