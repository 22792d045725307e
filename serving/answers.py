"""From features to answers: the one place where a service calls a model.

Belongs here: turning rows of features into predictions, with reasons, and the prior for who is unknown. Does not
belong here: HTTP, or where features come from.
"""

import datetime
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ml.answers import Values
from ml.explanation import Explanation
from serving.errors import ServingError
from serving.model_slot import LoadedModel
from serving.schemas import (
    ChurnPrediction,
    Prediction,
    PurchasePrediction,
    ReasonOut,
    Risk,
    SegmentPrediction,
)

# A user whose odds are within a factor of two of the base rate's is ordinary.
_UNUSUAL_ODDS = 2.0
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
) -> list[Prediction]:
    """One prediction a question, in their order, all by `loaded`; `values` has the features of its model."""
    known = _rows(loaded, values, reasons)
    unknown = _Row(loaded.prior, _UNEXPLAINED)
    return [
        _prediction(loaded, name, question, unknown if question.row is None else known[question.row], today)
        for name, question in zip(ids, questions, strict=True)
    ]


def risk_of(probability: float, base_rate: float) -> Risk:
    """`probability` in words: its odds beside those of the base rate."""
    ratio = _odds(probability) / _odds(base_rate)
    if ratio < 1 / _UNUSUAL_ODDS:
        return "low"
    return "high" if ratio > _UNUSUAL_ODDS else "medium"


def _odds(probability: float) -> float:
    clipped = min(max(probability, 1e-9), 1 - 1e-9)
    return clipped / (1 - clipped)


class _Row(NamedTuple):
    """What the model says of one row: its columns by name, and why."""

    columns: Mapping[str, Any]
    explanation: Explanation


def _rows(loaded: LoadedModel, values: Values, reasons: int) -> list[_Row]:
    if not len(values):
        return []
    answers = loaded.model.answer(values, reasons)
    names = answers.columns.keys()
    records = zip(*(column.tolist() for column in answers.columns.values()), strict=True)
    explanations = answers.explanations or (_UNEXPLAINED,) * len(values)
    return [
        _Row(dict(zip(names, record, strict=True)), explanation)
        for record, explanation in zip(records, explanations, strict=True)
    ]


def _prediction(loaded: LoadedModel, name: str, question: Question, row: _Row, today: datetime.date) -> Prediction:
    columns, explanation = row.columns, row.explanation
    common: dict[str, Any] = {
        "prediction_id": name,
        "user_id": question.user_id,
        "is_known": question.row is not None,
        "as_of": question.as_of,
        "feature_age_days": None if question.as_of is None else (today - question.as_of).days,
        "basis": columns["basis"],
        "model_version": loaded.version,
        "reasons": [
            ReasonOut(reason.feature, reason.label, reason.value, reason.contribution, reason.text)
            for reason in explanation.reasons
        ],
        "advice": list(explanation.advice),
    }
    if loaded.kind == "segmentation":
        return SegmentPrediction(**common, segment_id=columns["segment_id"], segment=columns["segment"])
    probability = columns["score"]
    if not 0 <= probability <= 1:
        raise ServingError(f"The {loaded.kind} model answered {probability}, which is no probability.")
    risk = risk_of(probability, loaded.prior["score"])
    if loaded.kind == "churn":
        return ChurnPrediction(**common, probability=probability, risk=risk)
    return PurchasePrediction(
        **common, probability=probability, risk=risk, expected_value=_finite(columns.get("expected_value"))
    )


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
