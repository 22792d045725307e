"""From features to answers: the one place where a service calls a model.

Belongs here: turning rows of features into predictions, with reasons, and the prior for who is unknown. Does not
belong here: HTTP, or where features come from.
"""

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ml.answers import Values
from ml.explanation import Explanation
from ml.kinds import Answer
from serving.errors import ServingError
from serving.model_slot import LoadedModel
from serving.schemas import (
    Basis,
    Prediction,
    ProbabilityPrediction,
    Risk,
    SegmentPrediction,
    ValuePrediction,
)

_PREDICTION_OF: dict[Answer, Callable[..., Prediction]] = {
    Answer.PROBABILITY: ProbabilityPrediction,
    Answer.PROBABILITY_AND_VALUE: ValuePrediction,
    Answer.SEGMENT: SegmentPrediction,
}
# A user whose odds are within a factor of two of the base rate's is ordinary. No rate outside of these bounds is:
# where 99 % leave, each of them is at high risk.
_UNUSUAL_ODDS = 2.0
_LEAST_ORDINARY, _MOST_ORDINARY = 0.01, 0.8
_RAREST = 1e-9
_MONEY = ("expected_value", "expected_amount", "expected_amount_low", "expected_amount_high")
_UNEXPLAINED = Explanation(())


class Question(NamedTuple):
    """Whom to answer for, in order: an id as it was asked, and the row of the features (None: nobody has seen them)."""

    user_id: str | None
    as_of: datetime.date | None
    row: int | None


def answer(
    loaded: LoadedModel,
    questions: Sequence[Question],
    values: Values,
    ids: Sequence[str],
    *,
    reasons: int,
    today: datetime.date,
    known_until: datetime.datetime | None = None,
) -> list[Prediction]:
    """One prediction a question, in their order, all by `loaded`; `values` has the features of its model.

    Events that arrived before `known_until` count; None where nobody knows.
    """
    known = _known(loaded, values, reasons)
    unknown = _Said(loaded.prior["basis"], _own_fields(loaded, loaded.prior), _of_unknown(loaded, reasons))
    prediction_of = _PREDICTION_OF[loaded.answer]
    predictions = []
    for name, (user_id, as_of, row) in zip(ids, questions, strict=True):
        basis, own_fields, explanation = unknown if row is None else known[row]
        predictions.append(
            prediction_of(
                prediction_id=name,
                user_id=user_id,
                is_known=row is not None,
                as_of=as_of,
                known_until=known_until,
                feature_age_days=None if as_of is None else max(0, (today - as_of).days),
                basis=basis,
                model_version=loaded.version,
                # As the model gives them: they have the fields of ReasonOut, and thousands would be copied.
                reasons=explanation.reasons,
                advice=explanation.advice,
                **own_fields,
            )
        )
    return predictions


def risk_of(probability: float, base_rate: float) -> Risk:
    """`probability` in words: its odds beside those of an ordinary user, which is the base rate within bounds."""
    ratio = _odds(probability) / _odds(min(max(base_rate, _LEAST_ORDINARY), _MOST_ORDINARY))
    if ratio < 1 / _UNUSUAL_ODDS:
        return "low"
    return "high" if ratio > _UNUSUAL_ODDS else "medium"


def _odds(probability: float) -> float:
    if probability <= _RAREST:
        return _RAREST
    return probability / (1 - min(probability, 1 - _RAREST))


class _Said(NamedTuple):
    """What is said of one row: on what basis, in the fields of the model's own kind of prediction, and why."""

    basis: Basis
    own_fields: Mapping[str, Any]
    explanation: Explanation


def _known(loaded: LoadedModel, values: Values, reasons: int) -> list[_Said]:
    if not len(values):
        return []
    answers = loaded.model.answer(values, reasons)
    names = answers.columns.keys()
    records = zip(*(column.tolist() for column in answers.columns.values()), strict=True)
    explanations = answers.explanations or (_UNEXPLAINED,) * len(values)
    said = []
    for record, explanation in zip(records, explanations, strict=True):
        columns = dict(zip(names, record, strict=True))
        said.append(_Said(columns["basis"], _own_fields(loaded, columns), explanation))
    return said


def _of_unknown(loaded: LoadedModel, reasons: int) -> Explanation:
    """Nothing explains a prior; what can be done about a user nobody has seen, some models know."""
    return Explanation((), tuple(loaded.prior.get("advice", ()))) if reasons else _UNEXPLAINED


def _own_fields(loaded: LoadedModel, columns: Mapping[str, Any]) -> Mapping[str, Any]:
    if loaded.answer is Answer.SEGMENT:
        return {"segment_id": columns["segment_id"], "segment": columns["segment"]}
    probability = columns["score"]
    if not 0 <= probability <= 1:
        raise ServingError(f"The {loaded.kind} model answered {probability}, which is no probability.")
    fields = {
        "probability": probability,
        "probability_low": columns.get("score_low"),
        "probability_high": columns.get("score_high"),
        "risk": risk_of(probability, loaded.prior["score"]),
    }
    if loaded.answer is Answer.PROBABILITY:
        return fields
    return fields | {name: _finite(columns.get(name)) for name in _MONEY}


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
