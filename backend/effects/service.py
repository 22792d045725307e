"""The effect of a campaign: what is read, compared, and answered.

Belongs here: the order of the steps, and the answer. Does not: SQL (`warehouse.effects`), statistics
(`ml.experiments.effect`), sentences (`backend.effects.words`).
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, timedelta
from uuid import UUID

from backend.campaigns.audiences import arms_of_campaign
from backend.campaigns.schemas import Variant
from backend.database import DatabasePool
from backend.effects import words
from backend.effects.schemas import (
    ArmAnswer,
    CampaignScorecard,
    Day,
    EffectAnswer,
    OutcomeAnswer,
    SampleRatioAnswer,
    ScorecardEffect,
    VariantAnswer,
)
from backend.errors import Invalid
from core.problems import FieldError
from ml.experiments.effect import CampaignEffect, campaign_effect
from warehouse import effects as store
from warehouse.campaign_effects import newest_looks
from warehouse.database import Steps
from warehouse.events import archived_months_between
from warehouse.exchange_rates import base_currency
from warehouse.recipients import sent_by_arm


def measure(campaign_id: UUID, window_days: int, beside: str | None = None) -> Steps[EffectAnswer | None]:
    """The effect as far as it is known now; None where there is no such campaign.

    `beside` is the arm that others are compared with; None: the control group, or the first variant without one. Raises
    Invalid for another one.
    """
    campaign: store.Measured | None = yield store.measured_campaign(campaign_id)
    if campaign is None:
        return None
    nothing = EffectAnswer(
        campaign_id=campaign_id,
        name=campaign.name,
        measured_at=campaign.now,
        window_days=window_days,
        first_sent_at=campaign.first_sent_at,
        messages_sent=campaign.sent,
        is_complete=False,
        in_several_arms=0,
        assigned_twice=0,
        warnings=[],
        beside=None,
        sample_ratio=None,
        variants=[],
    )
    arms = arms_of_campaign([Variant.model_validate(each) for each in campaign.variants], campaign.control_share)
    shares = {arm.name: arm.share for arm in arms}
    if beside is not None and beside not in shares:
        raise Invalid("The campaign has no such arm.", [FieldError("beside", f"is not one of {', '.join(shares)}")])
    if len(shares) < 2:
        return nothing.model_copy(update={"warnings": [words.SENTENCES["no_control"]]})
    # The control group comes first where there is one.
    compared_with = beside or next(iter(shares))
    if campaign.first_sent_at is None:
        return nothing.model_copy(update={"warnings": [words.SENTENCES["nothing_sent"]]})
    since, until = campaign.first_sent_at, campaign.now
    added = yield store.sums_by_day(campaign_id, since, until, window_days)
    if added.is_empty():
        return nothing.model_copy(update={"warnings": [words.SENTENCES["nobody_left"]]})
    left_out: store.LeftOut = yield store.left_out(campaign_id, until)
    months: list[str] = yield archived_months_between(since - timedelta(days=store.COVARIATE_DAYS), until)
    currency: str | None = yield base_currency()
    sent: Mapping[str, int] = yield sent_by_arm(campaign_id)
    is_ongoing = campaign.kind == "trigger"
    effect = campaign_effect(
        added,
        shares,
        until.astimezone(UTC).date(),
        window_days,
        store.OUTCOMES,
        store.COVARIATES,
        beside=compared_with,
        is_ongoing=is_ongoing,
    )
    warnings = words.warnings(effect, left_out.in_several_arms, left_out.in_one_arm)
    return nothing.model_copy(
        update={
            "is_complete": effect.is_complete and (campaign.has_ended or not is_ongoing),
            "in_several_arms": left_out.in_several_arms,
            "assigned_twice": left_out.in_one_arm,
            "warnings": [*([words.archived(months)] if months else []), *warnings],
            "beside": compared_with,
            "sample_ratio": _sample_ratio(effect, sent),
            "variants": _variants(effect, currency or ""),
        }
    )


async def scorecard(database: DatabasePool) -> CampaignScorecard:
    """The newest look at each outcome of the newest campaigns."""
    shown = set(ScorecardEffect.model_fields) - {"name"}
    return CampaignScorecard(
        effects=[
            ScorecardEffect(name=found.name, **{name: getattr(found.look, name) for name in shown})
            for found in await database.run(newest_looks())
        ]
    )


def _variants(effect: CampaignEffect, currency: str) -> list[VariantAnswer]:
    return [
        VariantAnswer(
            variant=variant.variant,
            level=variant.level,
            outcomes=[
                OutcomeAnswer(
                    outcome=outcome.outcome,
                    unit={"buyers": "users", "orders": "orders"}.get(outcome.outcome, currency),
                    summary=words.summary(outcome, currency),
                    variance_taken=outcome.variance_taken,
                    days=[Day(**asdict(look)) for look in outcome.looks],
                )
                for outcome in variant.outcomes
            ],
        )
        for variant in effect.variants
    ]


def _sample_ratio(effect: CampaignEffect, sent: Mapping[str, int]) -> SampleRatioAnswer:
    ratio = effect.sample_ratio
    return SampleRatioAnswer(
        p_value=ratio.p_value,
        is_mismatched=ratio.is_mismatched,
        arms=[ArmAnswer(**asdict(arm), messages_sent=sent.get(arm.arm, 0)) for arm in ratio.arms],
    )
