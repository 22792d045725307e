"""From features to answers: the one place where a service calls a model.

Belongs here: turning rows of features into predictions, with reasons, and the prior for who is unknown. Does not
belong here: HTTP, or where features come from.
"""

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import polars as pl

from ml.explanation import Explanation
from serving.errors import ServingError
from serving.model_slot import LoadedModel
from serving.schemas import (
    Basis,
    ChurnPrediction,
    Prediction,
    PurchasePrediction,
    ReasonOut,
    Risk,
    SegmentPrediction,
)

Values = Sequence[float | None]

# A user whose odds are within a factor of two of the base rate's is ordinary.
_UNUSUAL_ODDS = 2.0
_UNEXPLAINED = Explanation(user_id="", reasons=())


@dataclass(frozen=True, slots=True)
class Question:
    """One row to answer: `values` in the order of the model's features, None for a user nobody has seen."""

    user_id: str | None
    as_of: datetime.date | None
    values: Values | None


def answer(
    loaded: LoadedModel, questions: Sequence[Question], *, reasons: int, today: datetime.date
) -> list[Prediction]:
    """One prediction a question, in their order, all by `loaded`."""
    known = [question for question in questions if question.values is not None]
    answered = iter(_answer_known(loaded, known, reasons, today) if known else ())
    return [_prior(loaded, question, today) if question.values is None else next(answered) for question in questions]


def risk_of(probability: float, base_rate: float) -> Risk:
    """`probability` in words: its odds beside those of the base rate."""
    ratio = _odds(probability) / _odds(base_rate)
    if ratio < 1 / _UNUSUAL_ODDS:
        return "low"
    return "high" if ratio > _UNUSUAL_ODDS else "medium"


def _odds(probability: float) -> float:
    clipped = min(max(probability, 1e-9), 1 - 1e-9)
    return clipped / (1 - clipped)


def _answer_known(
    loaded: LoadedModel, questions: Sequence[Question], reasons: int, today: datetime.date
) -> list[Prediction]:
    names = loaded.model.feature_names
    # Row numbers stand in for ids: a request may ask for one user twice, or not name users at all.
    frame = pl.DataFrame(
        [(str(position), *cast(Values, question.values)) for position, question in enumerate(questions)],
        schema={"user_id": pl.String, **dict.fromkeys(names, pl.Float64)},
        orient="row",
    )
    rows = loaded.model.predict(frame).to_dicts()
    explanations = loaded.model.explain(frame, top=reasons) if reasons else [_UNEXPLAINED] * len(rows)
    return [
        _prediction(loaded, question, row, explanation, today)
        for question, row, explanation in zip(questions, rows, explanations, strict=True)
    ]


def _prior(loaded: LoadedModel, question: Question, today: datetime.date) -> Prediction:
    return _prediction(loaded, question, loaded.prior, _UNEXPLAINED, today)


def _prediction(
    loaded: LoadedModel,
    question: Question,
    row: Mapping[str, Any],
    explanation: Explanation,
    today: datetime.date,
) -> Prediction:
    is_known = question.values is not None
    basis: Basis = row["basis"] if is_known else "prior"
    common: dict[str, Any] = {
        "user_id": question.user_id,
        "is_known": is_known,
        "as_of": question.as_of,
        "feature_age_days": None if question.as_of is None else (today - question.as_of).days,
        "basis": basis,
        "model_version": loaded.version,
        "reasons": [
            ReasonOut(reason.feature, reason.label, reason.value, reason.contribution, reason.text)
            for reason in explanation.reasons
        ],
        "advice": list(explanation.advice),
    }
    if loaded.kind == "segmentation":
        return SegmentPrediction(**common, segment_id=row["segment_id"], segment=row["segment"])
    probability = row["score"]
    if not 0 <= probability <= 1:
        raise ServingError(f"The {loaded.kind} model answered {probability}, which is no probability.")
    risk = risk_of(probability, loaded.prior["score"])
    if loaded.kind == "churn":
        return ChurnPrediction(**common, probability=probability, risk=risk)
    return PurchasePrediction(
        **common, probability=probability, risk=risk, expected_value=_finite(row.get("expected_value"))
    )


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
