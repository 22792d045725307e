"""Recording what is known of the effects of campaigns, every hour, for the scorecard; harmful variants are stopped.

Belongs here: measuring what is not finished, storing it, and the guardrail. Does not: when this is done
(`backend.worker`).
"""

import logging
from datetime import UTC

from backend.effects.schemas import WINDOW_DAYS, EffectAnswer
from backend.effects.service import measure
from warehouse.campaign_effects import EffectLook, record_look, unfinished
from warehouse.campaigns import pause_trigger
from warehouse.database import Database, execute, execute_steps
from warehouse.recipients import GUARDRAIL, cancel_variant

logger = logging.getLogger("backend.worker")


def record_effects(warehouse: Database) -> int:
    """Measures every campaign of which not everything is known yet; how many."""
    campaigns = warehouse.run(unfinished())
    for campaign_id in campaigns:
        with warehouse.transaction() as connection:
            effect = execute_steps(connection, measure(campaign_id, WINDOW_DAYS))
            if effect is None:
                continue
            for look in _looks(effect):
                execute(connection, record_look(look))
            for variant, outcome in _harmful(effect):
                stopped = execute(connection, cancel_variant(campaign_id, variant, f"{GUARDRAIL}{outcome}"))
                # New users of a trigger would be drawn into the variant.
                execute(connection, pause_trigger(campaign_id))
                logger.warning("variant %s of %s does harm: %s messages are not sent", variant, campaign_id, stopped)
    logger.info("effects of %s campaigns were measured", len(campaigns))
    return len(campaigns)


def _harmful(effect: EffectAnswer) -> list[tuple[str, str]]:
    """Variants of which the newest look is sure that they cost buyers, orders or revenue; each with the outcome.

    The bounds hold on all days together, so looking every hour stops no harmless variant more often than they say.
    """
    if effect.sample_ratio is not None and effect.sample_ratio.is_mismatched:
        return []
    found: dict[str, str] = {}
    for variant in effect.variants:
        for outcome in variant.outcomes:
            if outcome.days and outcome.days[-1].total_high is not None and outcome.days[-1].total_high < 0:
                found.setdefault(variant.variant, outcome.outcome)
    return list(found.items())


def _looks(effect: EffectAnswer) -> list[EffectLook]:
    return [
        EffectLook(
            campaign_id=effect.campaign_id,
            measured_on=effect.measured_at.astimezone(UTC).date(),
            variant=variant.variant,
            outcome=outcome.outcome,
            measured_at=effect.measured_at,
            window_days=effect.window_days,
            is_complete=effect.is_complete,
            is_mismatched=effect.sample_ratio is not None and effect.sample_ratio.is_mismatched,
            is_early=day.is_early,
            treated_users=day.treated_users,
            control_users=day.control_users,
            treated_mean=day.treated_mean,
            control_mean=day.control_mean,
            total=day.total,
            total_low=day.total_low,
            total_high=day.total_high,
            p_value=day.p_value,
            unit=outcome.unit,
            summary=outcome.summary,
        )
        for variant in effect.variants
        for outcome in variant.outcomes
        for day in outcome.days[-1:]
    ]
