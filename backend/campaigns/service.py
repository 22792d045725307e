"""What is decided about campaigns, and how they are shown.

Does not belong here: the steps that triggers take too (`steps`), SQL (`warehouse.campaigns`, `audiences`, `lists`), and
sending (`backend.sending`).
"""

from typing import Any
from uuid import UUID

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.campaigns import lists, steps
from backend.campaigns.schemas import (
    Audience,
    CampaignAnswer,
    CampaignPage,
    CampaignStatus,
    ListQuery,
    NewCampaign,
)
from backend.campaigns.steps import Action
from backend.errors import Invalid
from backend.resources import Resources
from core.problems import FieldError
from warehouse.campaigns import Campaign


async def make(resources: Resources, principal: Principal, origin: Origin, given: NewCampaign) -> CampaignStatus:
    """Makes a draft. Raises Invalid for a list that does not exist."""
    await demand_list(resources, given.audience)
    return await status(resources, await steps.make(resources, principal, origin, columns_of(given)))


async def change(
    resources: Resources, principal: Principal, origin: Origin, campaign_id: UUID, given: NewCampaign
) -> CampaignStatus:
    """Changes all of a campaign that has not begun; an approval of it ends. Raises NotFound, Conflict, Invalid."""
    await demand_list(resources, given.audience)
    await steps.change(resources, principal, origin, campaign_id, columns_of(given))
    return await status(resources, campaign_id)


async def clone(resources: Resources, principal: Principal, origin: Origin, campaign_id: UUID) -> CampaignStatus:
    """Makes a draft like another campaign, which draws its arms anew. Raises NotFound."""
    old = _shown(await campaign(resources, campaign_id))
    given = NewCampaign(**old.model_dump(include=set(NewCampaign.model_fields) - {"starts_at"}))
    return await status(resources, await steps.make(resources, principal, origin, columns_of(given)))


async def take(
    resources: Resources, principal: Principal, origin: Origin, campaign_id: UUID, action: Action
) -> CampaignStatus:
    """Takes a campaign one step on. Raises NotFound and Conflict."""
    await steps.take(resources, principal, origin, campaign_id, "campaign", action)
    return await status(resources, campaign_id)


async def status(resources: Resources, campaign_id: UUID) -> CampaignStatus:
    """A campaign with its numbers. Raises NotFound."""
    shown = _shown(await campaign(resources, campaign_id))
    return CampaignStatus(**dict(shown), numbers=await steps.numbers(resources, campaign_id))


async def page(resources: Resources, query: ListQuery) -> CampaignPage:
    """Campaigns, newest first. Raises Invalid for a cursor of something else."""
    listed, next_cursor = await steps.page(resources, "campaign", query)
    return CampaignPage(campaigns=[_shown(each) for each in listed], next_cursor=next_cursor)


async def campaign(resources: Resources, campaign_id: UUID) -> Campaign:
    """A campaign as it is stored. Raises NotFound."""
    return await steps.found(resources, campaign_id, "campaign")


async def demand_list(resources: Resources, audience: Audience) -> None:
    """Raises Invalid for a list that does not exist."""
    if audience.list_id is not None and await resources.database.run(lists.user_list(audience.list_id)) is None:
        raise Invalid("There is no such list.", [FieldError("audience.list_id", "is not the id of a list")])


def columns_of(given: NewCampaign) -> dict[str, Any]:
    """What a campaign is made of, as it is stored."""
    plain = given.model_dump(mode="json", exclude_none=True)
    return {
        "name": given.name,
        "kind": "campaign",
        "topic": str(given.topic),
        "is_transactional": given.is_transactional,
        "audience": plain["audience"],
        "variants": plain["variants"],
        "control_share": given.control_share,
        "starts_at": given.starts_at,
        "most_a_minute": given.most_a_minute,
        "most_by_effect": given.most_by_effect,
        "exploration_share": given.exploration_share,
    }


def _shown(found: Campaign) -> CampaignAnswer:
    return CampaignAnswer(**{name: getattr(found, name) for name in CampaignAnswer.model_fields})
