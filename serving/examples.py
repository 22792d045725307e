"""Examples of answers for the OpenAPI description, checked by a test against the contract.

Belongs here: one answer a route. Does not belong here: examples of requests, which stand beside their fields.
"""

from typing import Any

from ml.kinds import Answer, ModelKind, model_kind

PROBLEM: dict[str, Any] = {
    "status": 422,
    "title": "Unprocessable Entity",
    "detail": "The request is not valid at `user_ids[0]`.",
    "request_id": "5f1d7a0c93b24e86",
    "errors": [{"field": "user_ids[0]", "message": "Input should be a valid string"}],
}
_COMMON = {
    "prediction_id": "0190163d-8694-7d2a-8c1f-2b6f3c1d9e10",
    "user_id": "1024",
    "is_known": True,
    "as_of": "1998-06-01",
    "known_until": "1998-06-01T00:00:00+00:00",
    "feature_age_days": 1,
    "basis": "model",
    "model_version": 3,
}
_RECENCY = "days_since_last_activity"
_REASON = {"feature": _RECENCY, "label": "days since last activity", "value": 4.0}


_MONEY = {
    "expected_value": 12.4,
    "expected_amount": 40.0,
    "expected_amount_low": 15.2,
    "expected_amount_high": 80.1,
}


def _prediction(kind: ModelKind) -> dict[str, Any]:
    if kind.outcome is None:
        text = "days since last activity: 4 days (this segment 9 days, all users 210 days)"
        segment = {"segment_id": 2, "segment": "Active big spenders"}
        return _answered(2.5, text, "Offer early access to what is new.") | segment
    # Who was active lately is likelier to do what the shop wants.
    if kind.outcome.is_wanted:
        text = f"days since last activity: 4 days (typically 210 days); raises {kind.outcome.words}"
        answer = _answered(1.2, text) | {"probability": 0.31, "risk": "high"}
        answer |= {"probability_low": 0.21, "probability_high": 0.43}
    else:
        text = f"days since last activity: 4 days (typically 12 days); lowers {kind.outcome.words}"
        answer = _answered(-0.6, text) | {"probability": 0.42, "risk": "low"}
        answer |= {"probability_low": 0.3, "probability_high": 0.55}
    return answer | _MONEY if kind.answer is Answer.PROBABILITY_AND_VALUE else answer


def _answered(contribution: float, text: str, *advice: str) -> dict[str, Any]:
    reasons = [{**_REASON, "contribution": contribution, "text": text}]
    return {**_COMMON, "reasons": reasons, "advice": list(advice)}


def predictions(kind: str) -> dict[str, Any]:
    """An answer of `POST /predict`."""
    return {**_envelope(kind), "predictions": [_prediction(model_kind(kind))], **_notes(kind)}


def explanations(kind: str) -> dict[str, Any]:
    """An answer of `POST /explain`; its numbers add up."""
    is_distance = _is_segment(kind)
    prediction = _prediction(model_kind(kind))
    contribution = prediction["reasons"][0]["contribution"]
    bias = 0.0 if is_distance else -2.0
    return {
        **_envelope(kind),
        "unit": "squared_distance" if is_distance else "log_odds",
        "explanations": [
            {
                "prediction": prediction,
                "total": bias + contribution,
                "bias": bias,
                "families": [
                    {
                        "family": "recency",
                        "contribution": contribution,
                        "features": [{**_REASON, "unit": "days", "contribution": contribution}],
                    }
                ],
            }
        ],
        **_notes(kind),
    }


def targets(kind: str) -> dict[str, Any]:
    """An answer of `POST /targets` or `POST /early-warnings`."""
    return {
        "model": kind,
        "model_version": 3,
        "as_of": "1998-06-01",
        "users": [{"user_id": "1024", "probability": 0.31, "expected_value": 12.4, "basis": "model"}],
        "expected_value": 12.4,
        "cost": 0.4,
    }


def model(kind: str) -> dict[str, Any]:
    """An answer of `GET /model`."""
    return {
        **_envelope(kind),
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "deployment_id": 7,
        "loaded_at": "1998-06-02T03:04:05Z",
        "features": [
            {
                "name": _RECENCY,
                "label": "days since last activity",
                "unit": "days",
                "description": "Days from the user's last activity to the beginning of `as_of`.",
            }
        ],
        "metrics": {"stability": 0.94} if _is_segment(kind) else {"auc": 0.852},
        "cutoffs": {"as_of": "1998-06-01"},
        "refused": None,
        "warning": None,
    }


def _notes(kind: str) -> dict[str, Any]:
    note = "80% interval of the level: past levels missed by 0.40 log-odds"
    return {"warning": None, "interval_note": None if _is_segment(kind) else note}


def _envelope(kind: str) -> dict[str, Any]:
    return {"model": kind, "model_version": 3, "horizon_days": None if _is_segment(kind) else 30}


def _is_segment(kind: str) -> bool:
    return model_kind(kind).answer is Answer.SEGMENT
