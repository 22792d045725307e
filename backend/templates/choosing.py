"""Which template a user gets: the situation, by what the user did and what the models say now, and what fits it best.

Belongs here: the rules, as functions of what is known. Does not belong here: reading what is known (`store`), and words
(`built_in.yaml`, `rendering`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backend.predictions.schemas import ModelAnswer
from backend.templates.schemas import Situation, Template, TemplateContent
from backend.templates.store import Facts
from serving.schemas import ProbabilityPrediction, SegmentPrediction

SLIPPING_DAYS = 7
"""Whoever has ordered within these days is not won back, whatever the model says."""
_REGULAR_ORDERS = 2


@dataclass(frozen=True)
class Said:
    """What the models say of a user; what nobody answered is None."""

    segment: str | None
    purchase_probability: float | None
    is_likely_to_buy: bool
    is_likely_to_leave: bool
    reason_features: frozenset[str]


def said_of(answers: Sequence[ModelAnswer]) -> Said:
    """The answers of the models in short."""
    by_model = {each.model: each.prediction for each in answers if each.prediction is not None}
    segment, purchase, churn = by_model.get("segmentation"), by_model.get("purchase"), by_model.get("churn")
    return Said(
        segment=segment.segment if isinstance(segment, SegmentPrediction) else None,
        purchase_probability=purchase.probability if isinstance(purchase, ProbabilityPrediction) else None,
        is_likely_to_buy=isinstance(purchase, ProbabilityPrediction) and purchase.risk == "high",
        is_likely_to_leave=isinstance(churn, ProbabilityPrediction) and churn.risk == "high",
        reason_features=frozenset(reason.feature for each in by_model.values() for reason in each.reasons),
    )


def situation_of(facts: Facts, said: Said) -> Situation:
    """How it is between a user and the shop. Without any model it goes by what the user did."""
    if facts.orders_total == 0:
        return Situation.NEWCOMER if facts.has_been_here else Situation.FIRST_VISIT
    if said.is_likely_to_leave and facts.days_since_last_purchase >= SLIPPING_DAYS:
        return Situation.SLIPPING
    if said.is_likely_to_buy:
        return Situation.INTERESTED
    return Situation.REGULAR if facts.orders_total >= _REGULAR_ORDERS else Situation.CUSTOMER


def fits(content: TemplateContent, situation: Situation, said: Said) -> bool:
    """Whether a template is for somebody. One with conditions on what no model has said is for nobody."""
    if not content.is_active or content.situation is not situation:
        return False
    if content.segments and said.segment not in content.segments:
        return False
    if content.reason_features and not said.reason_features & set(content.reason_features):
        return False
    least, most = content.min_purchase_probability, content.max_purchase_probability
    if said.purchase_probability is None:
        return least <= 0 and most >= 1
    return least <= said.purchase_probability <= most


def chosen(templates: Iterable[Template], situation: Situation, said: Said) -> Template | None:
    """The template with the highest priority of those that fit; of equal ones the first by name. None: none fits."""
    fitting = [each for each in templates if fits(each.content, situation, said)]
    return min(fitting, key=lambda each: (-each.content.priority, each.name), default=None)
