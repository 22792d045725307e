"""`/campaigns`, `/audiences` and `/user-lists`."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from backend.access.guard import requires
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.audit.recording import looks
from backend.campaigns import service, steps, trying, user_lists
from backend.campaigns.list_schemas import Addition, MoreMembers, NewList, UserListAnswer
from backend.campaigns.preview_schemas import Preview
from backend.campaigns.schemas import (
    Audience,
    AudienceCount,
    AudienceNumber,
    CampaignPage,
    CampaignStatus,
    ListQuery,
    NewCampaign,
    RecipientPage,
    RecipientQuery,
    TestMessage,
    TestReceipt,
)
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from backend.users.fields import UserId
from backend.users.rules import SCORES

router = APIRouter(tags=["campaigns"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
From = Annotated[Origin, Depends(origin_of)]
MayRead = Annotated[Principal, Depends(requires(Permission.CAMPAIGNS_READ))]
MayManage = Annotated[Principal, Depends(requires(Permission.CAMPAIGNS_MANAGE))]
MayApprove = Annotated[Principal, Depends(requires(Permission.CAMPAIGNS_APPROVE))]
MaySend = Annotated[Principal, Depends(requires(Permission.CAMPAIGNS_SEND))]


@router.post("/audiences/count", summary="How many users an audience has")
async def count_audience(resources: Held, _principal: MayRead, audience: Audience) -> AudienceCount:
    """Before anybody is left out; a campaign's preview says who can be reached."""
    return AudienceCount(users=await trying.count(resources, audience))


@router.get("/audiences/numbers", summary="What a rule of an audience may compare")
async def get_audience_numbers(resources: Held, _principal: MayRead) -> list[AudienceNumber]:
    """Scores, then the features of the catalogue, family by family."""
    return [
        *(AudienceNumber(name=name, label=label, unit=unit, family="scores") for name, label, unit in SCORES),
        *(
            AudienceNumber(name=feature.name, label=feature.label, unit=feature.unit, family=feature.family)
            for feature in sorted(resources.catalogue, key=lambda feature: feature.family)
        ),
    ]


@router.get("/user-lists", summary="Lists of users")
async def get_user_lists(resources: Held, _principal: MayRead) -> list[UserListAnswer]:
    """The newest hundred."""
    return await user_lists.some(resources)


@router.post("/user-lists", summary="Make a list of users", status_code=HTTPStatus.CREATED)
async def make_user_list(resources: Held, principal: MayManage, origin: From, given: NewList) -> Addition:
    """Of an audience as it is now, of a file, or from somewhere else. More users can be added later."""
    return await user_lists.make(resources, principal, origin, given)


@router.post("/user-lists/{list_id}/members", summary="Add users to a list")
async def add_list_members(
    resources: Held, principal: MayManage, origin: From, list_id: UUID, given: MoreMembers
) -> Addition:
    """Who is on it already, or was erased, is left out."""
    return await user_lists.add(resources, principal, origin, list_id, given)


@router.delete("/user-lists/{list_id}/additions/{addition_id}", summary="Take back what was added to a list")
async def take_back_addition(
    resources: Held, principal: MayManage, origin: From, list_id: UUID, addition_id: UUID
) -> UserListAnswer:
    """Those who were on it before stay."""
    return await user_lists.take_back(resources, principal, origin, list_id, addition_id)


@router.delete("/user-lists/{list_id}/members/{user_id}", summary="Take a user off a list")
async def drop_list_member(
    resources: Held, principal: MayManage, origin: From, list_id: UUID, user_id: UserId
) -> UserListAnswer:
    """Under any id of the person. A user who is not on it stays off it."""
    return await user_lists.drop_member(resources, principal, origin, list_id, user_id)


@router.delete("/user-lists/{list_id}", summary="Delete a list of users", status_code=HTTPStatus.NO_CONTENT)
async def delete_user_list(resources: Held, principal: MayManage, origin: From, list_id: UUID) -> None:
    """Campaigns that were sent to it keep their recipients. One that is still to begin would reach nobody."""
    await user_lists.drop(resources, principal, origin, list_id)


@router.get("/campaigns", summary="A page of campaigns, newest first")
async def get_campaigns(resources: Held, _principal: MayRead, query: Annotated[ListQuery, Query()]) -> CampaignPage:
    """Without numbers; `GET /campaigns/{campaign_id}` has them."""
    return await service.page(resources, query)


@router.post("/campaigns", summary="Make a campaign", status_code=HTTPStatus.CREATED)
async def make_campaign(resources: Held, principal: MayManage, origin: From, given: NewCampaign) -> CampaignStatus:
    """A draft, which reaches nobody until it is approved and started."""
    return await service.make(resources, principal, origin, given)


@router.get("/campaigns/{campaign_id}", summary="A campaign, and how far it is")
async def get_campaign(resources: Held, _principal: MayRead, campaign_id: UUID) -> CampaignStatus:
    """Its numbers add up: `selected` is the sum of all others."""
    return await service.status(resources, campaign_id)


@router.put("/campaigns/{campaign_id}", summary="Change a campaign that has not begun")
async def change_campaign(
    resources: Held, principal: MayManage, origin: From, campaign_id: UUID, given: NewCampaign
) -> CampaignStatus:
    """It is a draft again, because something else was approved."""
    return await service.change(resources, principal, origin, campaign_id, given)


@router.post("/campaigns/{campaign_id}/clone", summary="Make a draft like a campaign", status_code=HTTPStatus.CREATED)
async def clone_campaign(resources: Held, principal: MayManage, origin: From, campaign_id: UUID) -> CampaignStatus:
    """The arms are drawn anew."""
    return await service.clone(resources, principal, origin, campaign_id)


@router.post("/campaigns/{campaign_id}/preview", summary="Whom a campaign would reach now")
async def preview_campaign(
    resources: Held,
    _principal: Annotated[Principal, Depends(looks(Permission.CAMPAIGNS_READ, "campaign:preview"))],
    campaign_id: UUID,
) -> Preview:
    """How the audience is divided, why some cannot be reached, and some of those who would be written to."""
    return await trying.preview(resources, campaign_id)


@router.post("/campaigns/{campaign_id}/test", summary="Send a campaign's message to one user")
async def try_campaign(
    resources: Held, principal: MaySend, origin: From, campaign_id: UUID, wanted: TestMessage
) -> TestReceipt:
    """Outside of the campaign: it is not counted, and no event. Waits for Telegram's answer."""
    return await trying.test(resources, principal, origin, campaign_id, wanted)


@router.post("/campaigns/{campaign_id}/approve", summary="Approve a campaign as it is")
async def approve_campaign(resources: Held, principal: MayApprove, origin: From, campaign_id: UUID) -> CampaignStatus:
    """Changing it afterwards ends the approval."""
    return await service.take(resources, principal, origin, campaign_id, "approve")


@router.post("/campaigns/{campaign_id}/start", summary="Start an approved campaign, at its time or now")
async def start_campaign(resources: Held, principal: MaySend, origin: From, campaign_id: UUID) -> CampaignStatus:
    """Also lets a campaign go on that is overdue: nobody saw to it for an hour, so it asked."""
    return await service.take(resources, principal, origin, campaign_id, "start")


@router.post("/campaigns/{campaign_id}/pause", summary="Pause a campaign")
async def pause_campaign(resources: Held, principal: MaySend, origin: From, campaign_id: UUID) -> CampaignStatus:
    """What is in flight arrives; nothing else leaves."""
    return await service.take(resources, principal, origin, campaign_id, "pause")


@router.post("/campaigns/{campaign_id}/resume", summary="Let a paused campaign go on")
async def resume_campaign(resources: Held, principal: MaySend, origin: From, campaign_id: UUID) -> CampaignStatus:
    """With those who were not written to before."""
    return await service.take(resources, principal, origin, campaign_id, "resume")


@router.post("/campaigns/{campaign_id}/cancel", summary="End a campaign for good")
async def cancel_campaign(resources: Held, principal: MaySend, origin: From, campaign_id: UUID) -> CampaignStatus:
    """Who is still queued is not written to."""
    return await service.take(resources, principal, origin, campaign_id, "cancel")


@router.post("/campaigns/{campaign_id}/retry-unknown", summary="Send to those who may have got it, once more")
async def retry_unknown_recipients(
    resources: Held, principal: MaySend, origin: From, campaign_id: UUID
) -> CampaignStatus:
    """Whose sender was lost in flight may have got the message, and would then get it twice."""
    return await service.take(resources, principal, origin, campaign_id, "retry")


@router.get("/campaigns/{campaign_id}/recipients", summary="The people behind a number")
async def get_recipients(
    resources: Held,
    _principal: Annotated[Principal, Depends(looks(Permission.CAMPAIGNS_READ, "campaign:recipients"))],
    campaign_id: UUID,
    query: Annotated[RecipientQuery, Query()],
) -> RecipientPage:
    """By user; of one state where one is named."""
    return await steps.recipients_page(resources, campaign_id, "campaign", query)
