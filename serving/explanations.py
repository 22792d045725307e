"""From contributions to explanations: everything an answer is made of, by family.

Belongs here: putting what a model says of its features beside the predictions. Does not belong here: the predictions
themselves (`answers.py`), or how a model takes its answers apart (`ml`).
"""

import math
from collections.abc import Sequence

from ml.answers import Values
from ml.explanation import Contributions
from ml.kinds import Answer
from serving.answers import Question
from serving.model_slot import LoadedModel
from serving.schemas import (
    ContributionUnit,
    FamilyContribution,
    FeatureContribution,
    Prediction,
    TakenApart,
)

UNIT_OF: dict[Answer, ContributionUnit] = {
    Answer.PROBABILITY: "log_odds",
    Answer.PROBABILITY_AND_VALUE: "log_odds",
    Answer.SEGMENT: "squared_distance",
}


def explanations_of(
    loaded: LoadedModel, questions: Sequence[Question], values: Values, predictions: Sequence[Prediction]
) -> list[TakenApart[Prediction]]:
    """One explanation a question, in their order; `predictions` are what `answer` said to the same questions."""
    parts = loaded.model.take_apart(values) if len(values) else None
    explained = []
    for question, prediction in zip(questions, predictions, strict=True):
        if question.row is None or parts is None:
            total = bias = _of_prior(loaded)
            families: list[FamilyContribution] = []
        else:
            total, bias = float(parts.total[question.row]), float(parts.bias[question.row])
            families = _families(loaded, values, parts, question.row)
        explained.append(TakenApart(prediction=prediction, total=total, bias=bias, families=families))
    return explained


def _of_prior(loaded: LoadedModel) -> float:
    """What is said of everyone: no distance, or the log-odds of the base rate."""
    if UNIT_OF[loaded.answer] == "squared_distance":
        return 0.0
    rate = float(loaded.prior["score"])
    return math.log(rate / (1 - rate))


def _families(loaded: LoadedModel, values: Values, parts: Contributions, row: int) -> list[FamilyContribution]:
    catalogue = loaded.model.catalogue
    contributions, given = parts.values[row].tolist(), values[row].tolist()
    families = []
    for family, columns in catalogue.columns_of_family.items():
        features = [
            FeatureContribution(
                feature=feature.name,
                label=feature.label,
                unit=feature.unit,
                value=given[column] if math.isfinite(given[column]) else None,
                contribution=contributions[column],
            )
            for column in columns
            for feature in [catalogue.features[column]]
        ]
        features.sort(key=lambda each: -abs(each.contribution))
        families.append(FamilyContribution(family, math.fsum(each.contribution for each in features), features))
    return sorted(families, key=lambda each: -abs(each.contribution))
