"""Recording what is known of the effects of campaigns, every hour, for the scorecard.

Belongs here: measuring what is not finished and storing it. Does not: when this is done (`backend.worker`).
"""

import logging
from datetime import UTC

from backend.effects.schemas import WINDOW_DAYS, EffectAnswer
from backend.effects.service import measure
from warehouse.campaign_effects import EffectLook, record_look, unfinished
from warehouse.database import Database, execute, execute_steps

logger = logging.getLogger("backend.worker")


def record_effects(warehouse: Database) -> int:
    """Measures every campaign of which not everything is known yet; how many."""
    campaigns = warehouse.run(unfinished())
    for campaign_id in campaigns:
        with warehouse.transaction() as connection:
            effect = execute_steps(connection, measure(campaign_id, WINDOW_DAYS))
            for look in () if effect is None else _looks(effect):
                execute(connection, record_look(look))
    logger.info("effects of %s campaigns were measured", len(campaigns))
    return len(campaigns)


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
