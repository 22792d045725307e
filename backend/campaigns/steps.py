"""The life of a campaign or a trigger: made, changed, and taken from one state to the next, each step recorded.

Belongs here: what campaigns and triggers have in common. Does not belong here: what either is made of (`service`,
`backend.triggers.service`).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import TypeAdapter

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.recording import entry
from backend.campaigns.schemas import CampaignNumbers, ListQuery, RecipientAnswer, RecipientPage, RecipientQuery
from backend.database import Connection
from backend.errors import Conflict, NotFound
from backend.paging import cursor_of, place_of
from backend.resources import Resources
from backend.sending.outcomes import message_id
from core.problems import FieldError
from warehouse import campaigns as store
from warehouse import recipients
from warehouse.campaigns import Campaign, Kind, State
from warehouse.database import Statement, execute_async
from warehouse.recipients import EPOCH, Key

Action = Literal["approve", "start", "pause", "resume", "cancel", "retry"]

_FROM: dict[Action, list[State]] = {
    "pause": ["running"],
    "resume": ["paused"],
    "cancel": ["draft", "approved", "scheduled", "running", "paused", "overdue"],
    "retry": ["running", "done"],
}
_TO: dict[Action, State] = {"pause": "paused", "resume": "running", "cancel": "cancelled", "retry": "running"}
_FOLLOWED_BY: dict[Action, Callable[[UUID], Statement[int]]] = {
    "cancel": recipients.cancel_queued,
    "retry": recipients.retry_unknown,
}
_MADE = TypeAdapter(tuple[datetime, UUID])
_RECIPIENT = TypeAdapter(tuple[str, datetime])


async def make(resources: Resources, principal: Principal, origin: Origin, given: Mapping[str, Any]) -> UUID:
    """Makes a draft; its id."""
    async with resources.database.transaction() as connection:
        made = await execute_async(connection, store.add_campaign(given, principal.id))
        assert made is not None  # noqa: S101 - an insert returns its row
        await _record(connection, principal, origin, "create", made)
    return made.campaign_id


async def change(
    resources: Resources, principal: Principal, origin: Origin, campaign_id: UUID, given: Mapping[str, Any]
) -> None:
    """Changes all of what has not begun; an approval of it ends. Raises NotFound and Conflict."""
    async with resources.database.transaction() as connection:
        before = await _there(connection, campaign_id, given["kind"])
        changed = await execute_async(connection, store.change_campaign(campaign_id, given))
        if changed is None:
            raise Conflict(f"It is {before.state} and cannot be changed any more; make another one.")
        await _record(connection, principal, origin, "change", changed, before)


async def take(
    resources: Resources, principal: Principal, origin: Origin, campaign_id: UUID, kind: Kind, action: Action
) -> None:
    """Takes a step. Raises NotFound, and Conflict where it does not follow."""
    async with resources.database.transaction() as connection:
        before = await _there(connection, campaign_id, kind)
        after = await execute_async(connection, _step(before, action, principal))
        if after is None:
            is_now = [FieldError("state", f"is {before.state}")]
            raise Conflict(f"It is {before.state}, and from there it cannot {action}.", is_now)
        if action in _FOLLOWED_BY:
            await execute_async(connection, _FOLLOWED_BY[action](campaign_id))
        await _record(connection, principal, origin, action, after, before)


async def found(resources: Resources, campaign_id: UUID, kind: Kind) -> Campaign:
    """A campaign or trigger as it is stored. Raises NotFound."""
    async with resources.database.connection() as connection:
        return await _there(connection, campaign_id, kind)


async def numbers(resources: Resources, campaign_id: UUID) -> CampaignNumbers:
    """What became of everybody who was selected."""
    counts = await resources.database.run_long(recipients.counts(campaign_id))
    others = {name: counts.get(name, 0) for name in CampaignNumbers.model_fields if name != "selected"}
    return CampaignNumbers(selected=sum(counts.values()), **others)


async def page(resources: Resources, kind: Kind, query: ListQuery) -> tuple[list[Campaign], str | None]:
    """Campaigns or triggers, newest first, and the next cursor. Raises Invalid for a cursor of something else."""
    before = None if query.cursor is None else place_of(query.cursor, _MADE)
    listed = await resources.database.run(store.campaigns_page(kind, before, query.limit + 1))
    shown = listed[: query.limit]
    is_last = len(listed) <= query.limit
    return shown, None if is_last else cursor_of((shown[-1].made_at, shown[-1].campaign_id))


async def recipients_page(resources: Resources, campaign_id: UUID, kind: Kind, query: RecipientQuery) -> RecipientPage:
    """The people behind a number. Raises NotFound and Invalid."""
    await found(resources, campaign_id, kind)
    after = None if query.cursor is None else place_of(query.cursor, _RECIPIENT)
    listed = await resources.database.run(recipients.recipients_page(campaign_id, query.state, after, query.limit + 1))
    shown = listed[: query.limit]
    is_last = len(listed) <= query.limit
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


def _step(before: Campaign, action: Action, principal: Principal) -> Statement[Campaign | None]:
    if action == "approve":
        return store.approve(before.campaign_id, principal.id)
    if action != "start":
        return store.move(before.campaign_id, _FROM[action], _TO[action])
    if before.state == "overdue" and before.started_at is not None:
        return store.move(before.campaign_id, ["overdue"], "running")
    return store.schedule(before.campaign_id)


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


async def _there(connection: Connection, campaign_id: UUID, kind: Kind) -> Campaign:
    there = await execute_async(connection, store.campaign(campaign_id))
    if there is None or there.kind != kind:
        raise NotFound(f"There is no such {kind}.", [FieldError(f"{kind}_id", f"is not the id of a {kind}")])
    return there
