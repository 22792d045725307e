"""Experiments: the global control group and what it shows, plans, and variants that were stopped.

Does not belong here: SQL (`warehouse.experiments`, `warehouse.holdout`), arithmetic (`ml.experiments`), and the effect
of one campaign (`backend.effects`).
"""

from dataclasses import asdict

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.recording import entry
from backend.database import Connection
from backend.errors import Conflict
from backend.experiments.schemas import (
    GlobalControlAnswer,
    HoldoutAnswer,
    HoldoutEffectAnswer,
    NewGlobalControl,
    PlanAnswer,
    PlanQuery,
    StoppedVariant,
    StoppedVariants,
)
from backend.resources import Resources
from ml.errors import NotEnoughData
from ml.experiments.holdout import holdout_effects
from ml.experiments.planning import effect_found, users_needed
from warehouse.database import execute_async, execute_steps_async
from warehouse.experiments import global_control, global_control_uses, set_global_control
from warehouse.holdout import holdout_span, holdout_sums
from warehouse.recipients import stopped_variants


async def group(resources: Resources) -> GlobalControlAnswer:
    """The group as it is now."""
    async with resources.database.transaction() as connection:
        return await _group(connection)


async def change_group(
    resources: Resources, principal: Principal, given: NewGlobalControl, origin: Origin
) -> GlobalControlAnswer:
    """Makes the group as asked. Raises Conflict while it is used."""
    async with resources.database.transaction() as connection:
        before = await _group(connection)
        steps = set_global_control(given.share, principal.name, redraw=given.is_redrawn)
        if uses := await execute_steps_async(connection, steps):
            raise Conflict(f"The group is used by {', '.join(uses)} and cannot be changed before that has ended.")
        after = await _group(connection)
        shown = {"share": after.share, "is_redrawn": given.is_redrawn}
        change = entry(
            principal, origin, "experiment:control", "global control", before={"share": before.share}, after=shown
        )
        await execute_async(connection, change)
        return after


async def holdout(resources: Resources) -> HoldoutAnswer:
    """What all campaigns together did; without effects where there is nothing to compare."""
    span = await resources.database.run(holdout_span())
    if span is None:
        return HoldoutAnswer(begun_on=None, until=None, effects=[])
    sums = await resources.database.run_long(holdout_sums(span))
    try:
        effects = holdout_effects(sums, (span.until - span.begun_on).days)
    except NotEnoughData:
        effects = []
    shown = [HoldoutEffectAnswer(**asdict(each)) for each in effects]
    return HoldoutAnswer(begun_on=span.begun_on, until=span.until, effects=shown)


def plan(query: PlanQuery) -> PlanAnswer:
    """How many users and weeks an effect takes, or what effect so many users can show."""
    terms = query.model_dump(include={"variants", "window_days", "users_a_week"})
    if query.effect is not None:
        found = users_needed(query.base, query.effect, query.control_share, **terms)
    else:
        found = effect_found(query.base, query.users or 0, query.control_share, **terms)
    return PlanAnswer(**asdict(found))


async def stopped(resources: Resources) -> StoppedVariants:
    """Variants that the guardrail stopped."""
    found = await resources.database.run_long(stopped_variants())
    return StoppedVariants(stopped=[StoppedVariant(**asdict(each)) for each in found])


async def _group(connection: Connection) -> GlobalControlAnswer:
    found = await execute_async(connection, global_control())
    uses = await execute_async(connection, global_control_uses())
    if found is None:
        return GlobalControlAnswer(share=None, begun_at=None, begun_by=None, used_by=uses)
    return GlobalControlAnswer(share=found.share, begun_at=found.begun_at, begun_by=found.begun_by, used_by=uses)
