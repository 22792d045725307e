"""`/triggers`."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from backend.access.guard import requires
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.audit.recording import looks
from backend.campaigns import steps
from backend.campaigns.schemas import ListQuery, RecipientPage, RecipientQuery
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from backend.triggers import service
from backend.triggers.schemas import DryRun, NewTrigger, TriggerPage, TriggerStatus

router = APIRouter(prefix="/triggers", tags=["triggers"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
From = Annotated[Origin, Depends(origin_of)]
MayRead = Annotated[Principal, Depends(requires(Permission.CAMPAIGNS_READ))]
MayManage = Annotated[Principal, Depends(requires(Permission.CAMPAIGNS_MANAGE))]
MayApprove = Annotated[Principal, Depends(requires(Permission.CAMPAIGNS_APPROVE))]
MaySend = Annotated[Principal, Depends(requires(Permission.CAMPAIGNS_SEND))]


@router.get("", summary="A page of triggers, newest first")
async def get_triggers(resources: Held, _principal: MayRead, query: Annotated[ListQuery, Query()]) -> TriggerPage:
    """Without numbers; `GET /triggers/{trigger_id}` has them."""
    return await service.page(resources, query)


@router.post("", summary="Make a trigger", status_code=HTTPStatus.CREATED)
async def make_trigger(resources: Held, principal: MayManage, origin: From, given: NewTrigger) -> TriggerStatus:
    """A draft, which reaches nobody until it is approved and started."""
    return await service.make(resources, principal, origin, given)


@router.get("/{trigger_id}", summary="A trigger, and whom it has reached")
async def get_trigger(resources: Held, _principal: MayRead, trigger_id: UUID) -> TriggerStatus:
    """Its numbers add up: `selected` is the sum of all others."""
    return await service.status(resources, trigger_id)


@router.put("/{trigger_id}", summary="Change a trigger that has not begun")
async def change_trigger(
    resources: Held, principal: MayManage, origin: From, trigger_id: UUID, given: NewTrigger
) -> TriggerStatus:
    """It is a draft again, because something else was approved."""
    return await service.change(resources, principal, origin, trigger_id, given)


@router.post("/{trigger_id}/dry-run", summary="Whom a trigger would have reached in the last 30 days")
async def try_trigger(
    resources: Held,
    _principal: Annotated[Principal, Depends(looks(Permission.CAMPAIGNS_READ, "trigger:dry-run"))],
    trigger_id: UUID,
) -> DryRun:
    """By what was known at each moment, after cool-down and cap; whether they could be written to is not looked at."""
    return await service.dry_run(resources, trigger_id)


@router.post("/{trigger_id}/approve", summary="Approve a trigger as it is")
async def approve_trigger(resources: Held, principal: MayApprove, origin: From, trigger_id: UUID) -> TriggerStatus:
    """Changing it afterwards ends the approval."""
    return await service.take(resources, principal, origin, trigger_id, "approve")


@router.post("/{trigger_id}/start", summary="Turn an approved trigger on")
async def start_trigger(resources: Held, principal: MaySend, origin: From, trigger_id: UUID) -> TriggerStatus:
    """It reaches those for whom its rule fires from now on. Also lets one go on that is overdue."""
    return await service.take(resources, principal, origin, trigger_id, "start")


@router.post("/{trigger_id}/pause", summary="Pause a trigger")
async def pause_trigger(resources: Held, principal: MaySend, origin: From, trigger_id: UUID) -> TriggerStatus:
    """Nothing leaves, and its rule is not asked."""
    return await service.take(resources, principal, origin, trigger_id, "pause")


@router.post("/{trigger_id}/resume", summary="Let a paused trigger go on")
async def resume_trigger(resources: Held, principal: MaySend, origin: From, trigger_id: UUID) -> TriggerStatus:
    """It does not make up for what it missed meanwhile."""
    return await service.take(resources, principal, origin, trigger_id, "resume")


@router.post("/{trigger_id}/cancel", summary="Turn a trigger off for good")
async def cancel_trigger(resources: Held, principal: MaySend, origin: From, trigger_id: UUID) -> TriggerStatus:
    """Who is still queued is not written to."""
    return await service.take(resources, principal, origin, trigger_id, "cancel")


@router.get("/{trigger_id}/recipients", summary="Whom a trigger has reached")
async def get_trigger_recipients(
    resources: Held,
    _principal: Annotated[Principal, Depends(looks(Permission.CAMPAIGNS_READ, "trigger:recipients"))],
    trigger_id: UUID,
    query: Annotated[RecipientQuery, Query()],
) -> RecipientPage:
    """By user and occasion; of one state where one is named."""
    return await steps.recipients_page(resources, trigger_id, "trigger", query)
