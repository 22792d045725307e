"""What is decided about triggers, and how they are shown."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.campaigns import steps
from backend.campaigns.schemas import ListQuery
from backend.campaigns.steps import Action
from backend.resources import Resources
from backend.subscriptions.rules import rules_now
from backend.triggers.firing import is_control, past_firings
from backend.triggers.history import outcome_of
from backend.triggers.schemas import (
    DryRun,
    Limits,
    NewTrigger,
    Reached,
    TriggerAnswer,
    TriggerPage,
    TriggerStatus,
)
from warehouse.campaigns import Campaign

DRY_RUN_DAYS = 30
_EXAMPLES = 100


async def make(resources: Resources, principal: Principal, origin: Origin, given: NewTrigger) -> TriggerStatus:
    """Makes a draft."""
    return await status(resources, await steps.make(resources, principal, origin, columns_of(given)))


async def change(
    resources: Resources, principal: Principal, origin: Origin, trigger_id: UUID, given: NewTrigger
) -> TriggerStatus:
    """Changes all of a trigger that has not begun; an approval of it ends. Raises NotFound and Conflict."""
    await steps.change(resources, principal, origin, trigger_id, columns_of(given))
    return await status(resources, trigger_id)


async def take(
    resources: Resources, principal: Principal, origin: Origin, trigger_id: UUID, action: Action
) -> TriggerStatus:
    """Takes a trigger one step on. Raises NotFound and Conflict."""
    await steps.take(resources, principal, origin, trigger_id, "trigger", action)
    return await status(resources, trigger_id)


async def status(resources: Resources, trigger_id: UUID) -> TriggerStatus:
    """A trigger with its numbers. Raises NotFound."""
    shown = _shown(await steps.found(resources, trigger_id, "trigger"))
    return TriggerStatus(**dict(shown), numbers=await steps.numbers(resources, trigger_id))


async def page(resources: Resources, query: ListQuery) -> TriggerPage:
    """Triggers, newest first. Raises Invalid for a cursor of something else."""
    listed, next_cursor = await steps.page(resources, "trigger", query)
    return TriggerPage(triggers=[_shown(each) for each in listed], next_cursor=next_cursor)


async def dry_run(resources: Resources, trigger_id: UUID) -> DryRun:
    """Whom a trigger would have reached in the last 30 days. Raises NotFound."""
    trigger = await steps.found(resources, trigger_id, "trigger")
    limits = Limits.model_validate(trigger.audience)
    until = datetime.now(UTC)
    since = until - timedelta(DRY_RUN_DAYS)
    firings = await resources.database.run_long(past_firings(trigger, since, until))
    zone = ZoneInfo((await resources.database.run(rules_now(resources.contact_rules))).time_zone)
    outcome = outcome_of(firings, timedelta(limits.cooldown_days), limits.most_a_day, zone)
    newest = outcome.reached[-_EXAMPLES:][::-1]
    return DryRun(
        since=since,
        until=until,
        firings=len(firings),
        reached=len(outcome.reached),
        users=len({each.user_id for each in outcome.reached}),
        control=sum(is_control(each.arm) for each in outcome.reached),
        held_by_cooldown=outcome.held_by_cooldown,
        held_by_cap=outcome.held_by_cap,
        by_day=dict(sorted(Counter(each.at.astimezone(UTC).date() for each in outcome.reached).items())),
        examples=[Reached(user_id=each.user_id, at=each.at, arm=each.arm) for each in newest],
    )


def columns_of(given: NewTrigger) -> dict[str, Any]:
    """What a trigger is made of, as it is stored."""
    plain = given.model_dump(mode="json", exclude_none=True)
    return {
        "name": given.name,
        "kind": "trigger",
        "topic": str(given.topic),
        "is_transactional": given.is_transactional,
        "audience": {name: plain[name] for name in Limits.model_fields},
        "variants": plain["variants"],
        "control_share": given.control_share,
        "starts_at": None,
        "most_a_minute": None,
        "most_by_effect": None,
        "exploration_share": 0.0,
    }


def _shown(found: Campaign) -> TriggerAnswer:
    own = {name: getattr(found, name) for name in TriggerAnswer.model_fields if hasattr(found, name)}
    return TriggerAnswer(trigger_id=found.campaign_id, **own, **dict(Limits.model_validate(found.audience)))
