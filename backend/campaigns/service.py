"""What is decided about campaigns: which step may follow which, and what is recorded of it.

Does not belong here: SQL (`warehouse.campaigns`, `audiences`, `lists`), and sending (`backend.sending`).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.recording import entry
from backend.campaigns import lists
from backend.campaigns.schemas import (
    Audience,
    CampaignAnswer,
    CampaignNumbers,
    CampaignPage,
    CampaignStatus,
    ListQuery,
    NewCampaign,
    RecipientAnswer,
    RecipientPage,
    RecipientQuery,
)
from backend.database import Connection
from backend.errors import Conflict, Invalid, NotFound
from backend.paging import cursor_of, place_of
from backend.resources import Resources
from backend.sending.outcomes import message_id
from core.problems import FieldError
from warehouse import campaigns as store
from warehouse import recipients
from warehouse.campaigns import Campaign
from warehouse.database import Statement, execute_async
from warehouse.recipients import EPOCH, Key

_SAMPLES = 5
_MADE = TypeAdapter(tuple[datetime, UUID])
_RECIPIENT = TypeAdapter(tuple[str, datetime])


async def make(resources: Resources, principal: Principal, origin: Origin, given: NewCampaign) -> CampaignStatus:
    """Makes a draft. Raises Invalid for a list that does not exist."""
    await demand_list(resources, given.audience)
    async with resources.database.transaction() as connection:
        made = await execute_async(connection, store.add_campaign(columns_of(given), principal.id))
        assert made is not None  # noqa: S101 - an insert returns its row
        await _record(connection, principal, origin, "create", made)
    return await status(resources, made.campaign_id)


async def change(
    resources: Resources, principal: Principal, origin: Origin, campaign_id: UUID, given: NewCampaign
) -> CampaignStatus:
    """Changes all of a campaign that has not begun; an approval of it ends. Raises NotFound, Conflict, Invalid."""
    await demand_list(resources, given.audience)
    async with resources.database.transaction() as connection:
        before = await _there(connection, campaign_id)
        changed = await execute_async(connection, store.change_campaign(campaign_id, columns_of(given)))
        if changed is None:
            raise Conflict(f"The campaign is {before.state} and cannot be changed any more; clone it.")
        await _record(connection, principal, origin, "change", changed, before)
    return await status(resources, campaign_id)


async def clone(resources: Resources, principal: Principal, origin: Origin, campaign_id: UUID) -> CampaignStatus:
    """Makes a draft like another campaign, which draws its arms anew. Raises NotFound."""
    async with resources.database.transaction() as connection:
        old = await _there(connection, campaign_id)
        given = columns_of(NewCampaign(**_shown(old).model_dump(include=set(NewCampaign.model_fields))))
        made = await execute_async(connection, store.add_campaign(given | {"starts_at": None}, principal.id))
        assert made is not None  # noqa: S101 - an insert returns its row
        await _record(connection, principal, origin, "create", made)
    return await status(resources, made.campaign_id)


async def approve(resources: Resources, principal: Principal, origin: Origin, campaign_id: UUID) -> CampaignStatus:
    """Approves a draft as it is now. Raises NotFound and Conflict."""
    return await _step(resources, principal, origin, campaign_id, "approve", store.approve(campaign_id, principal.id))


async def start(resources: Resources, principal: Principal, origin: Origin, campaign_id: UUID) -> CampaignStatus:
    """Has an approved campaign begin, and one that was overdue go on. Raises NotFound and Conflict."""
    found = await campaign(resources, campaign_id)
    is_begun = found.state == "overdue" and found.started_at is not None
    step = store.move(campaign_id, ["overdue"], "running") if is_begun else store.schedule(campaign_id)
    return await _step(resources, principal, origin, campaign_id, "start", step)


async def pause(resources: Resources, principal: Principal, origin: Origin, campaign_id: UUID) -> CampaignStatus:
    """Nothing leaves from now on, but for what is in flight. Raises NotFound and Conflict."""
    step = store.move(campaign_id, ["running"], "paused")
    return await _step(resources, principal, origin, campaign_id, "pause", step)


async def resume(resources: Resources, principal: Principal, origin: Origin, campaign_id: UUID) -> CampaignStatus:
    """Goes on where it was paused. Raises NotFound and Conflict."""
    step = store.move(campaign_id, ["paused"], "running")
    return await _step(resources, principal, origin, campaign_id, "resume", step)


async def cancel(resources: Resources, principal: Principal, origin: Origin, campaign_id: UUID) -> CampaignStatus:
    """Ends a campaign for good; who is queued is not written to. Raises NotFound and Conflict."""
    states: list[store.State] = ["draft", "approved", "scheduled", "running", "paused", "overdue"]
    step = store.move(campaign_id, states, "cancelled")
    return await _step(resources, principal, origin, campaign_id, "cancel", step, recipients.cancel_queued(campaign_id))


async def retry_unknown(
    resources: Resources, principal: Principal, origin: Origin, campaign_id: UUID
) -> CampaignStatus:
    """Sends again to those of whom nobody knows whether they got the message. Raises NotFound and Conflict."""
    step = store.move(campaign_id, ["running", "done"], "running")
    return await _step(resources, principal, origin, campaign_id, "retry", step, recipients.retry_unknown(campaign_id))


async def status(resources: Resources, campaign_id: UUID) -> CampaignStatus:
    """A campaign with its numbers. Raises NotFound."""
    found = await campaign(resources, campaign_id)
    counts = await resources.database.run_long(recipients.counts(campaign_id))
    numbers = CampaignNumbers(
        selected=sum(counts.values()),
        **{name: counts.get(name, 0) for name in CampaignNumbers.model_fields if name != "selected"},
    )
    return CampaignStatus(**dict(_shown(found)), numbers=numbers)


async def page(resources: Resources, query: ListQuery) -> CampaignPage:
    """Campaigns, newest first. Raises Invalid for a cursor of something else."""
    before = None if query.cursor is None else place_of(query.cursor, _MADE)
    found = await resources.database.run(store.campaigns_page("campaign", before, query.limit + 1))
    shown = found[: query.limit]
    is_last = len(found) <= query.limit
    place = None if is_last else cursor_of((shown[-1].made_at, shown[-1].campaign_id))
    return CampaignPage(campaigns=[_shown(each) for each in shown], next_cursor=place)


async def recipients_page(resources: Resources, campaign_id: UUID, query: RecipientQuery) -> RecipientPage:
    """The people behind a number. Raises NotFound and Invalid."""
    await campaign(resources, campaign_id)
    after = None if query.cursor is None else place_of(query.cursor, _RECIPIENT)
    found = await resources.database.run(recipients.recipients_page(campaign_id, query.state, after, query.limit + 1))
    shown = found[: query.limit]
    is_last = len(found) <= query.limit
    return RecipientPage(
        recipients=[
            RecipientAnswer(
                message_id=message_id(Key(campaign_id, each.user_id, each.occasion)),
                occasion=None if each.occasion == EPOCH else each.occasion,
                **{name: getattr(each, name) for name in each.__slots__ if name != "occasion"},
            )
            for each in shown
        ],
        next_cursor=None if is_last else cursor_of((shown[-1].user_id, shown[-1].occasion)),
    )


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
    }


async def _step(
    resources: Resources,
    principal: Principal,
    origin: Origin,
    campaign_id: UUID,
    action: str,
    step: Statement[Campaign | None],
    *more: Statement[int],
) -> CampaignStatus:
    async with resources.database.transaction() as connection:
        before = await _there(connection, campaign_id)
        after = await execute_async(connection, step)
        if after is None:
            raise Conflict(
                f"The campaign is {before.state}; this does not follow.", [FieldError("state", before.state)]
            )
        for statement in more:
            await execute_async(connection, statement)
        await _record(connection, principal, origin, action, after, before)
    return await status(resources, campaign_id)


async def _record(
    connection: Connection,
    principal: Principal,
    origin: Origin,
    action: str,
    after: Campaign,
    before: Campaign | None = None,
) -> None:
    await execute_async(
        connection,
        entry(
            principal,
            origin,
            f"{after.kind}:{action}",
            f"{after.kind}:{after.campaign_id}",
            before=None if before is None else {"state": before.state},
            after={"state": after.state, "name": after.name},
        ),
    )


async def campaign(resources: Resources, campaign_id: UUID) -> Campaign:
    """A campaign as it is stored. Raises NotFound."""
    async with resources.database.connection() as connection:
        return await _there(connection, campaign_id)


async def _there(connection: Connection, campaign_id: UUID) -> Campaign:
    found = await execute_async(connection, store.campaign(campaign_id))
    if found is None or found.kind != "campaign":
        raise NotFound("There is no such campaign.", [FieldError("campaign_id", "is not the id of a campaign")])
    return found


async def demand_list(resources: Resources, audience: Audience) -> None:
    """Raises Invalid for a list that does not exist."""
    if audience.list_id is not None and await resources.database.run(lists.user_list(audience.list_id)) is None:
        raise Invalid("There is no such list.", [FieldError("audience.list_id", "is not the id of a list")])


def _shown(found: Campaign) -> CampaignAnswer:
    return CampaignAnswer(**{name: getattr(found, name) for name in CampaignAnswer.model_fields})
