"""Examples of answers for the OpenAPI description, checked by a test against the contract.

Belongs here: one answer a route. Does not belong here: examples of requests, which stand beside their fields.
"""

from typing import Any

from serving.schemas import ModelKind

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
    "feature_age_days": 1,
    "basis": "model",
    "model_version": 3,
}
_RECENCY = "days_since_last_activity"
_REASON = {"feature": _RECENCY, "label": "days since last activity", "value": 4.0}
_PREDICTIONS: dict[ModelKind, dict[str, Any]] = {
    "purchase": {
        **_COMMON,
        "reasons": [
            {
                **_REASON,
                "contribution": 1.2,
                "text": "days since last activity: 4 days (typically 210 days); raises the chance of a purchase",
            }
        ],
        "advice": [],
        "probability": 0.31,
        "risk": "high",
        "expected_value": 12.4,
    },
    "churn": {
        **_COMMON,
        "reasons": [
            {
                **_REASON,
                "contribution": -0.6,
                "text": "days since last activity: 4 days (typically 12 days); lowers the risk of leaving",
            }
        ],
        "advice": [],
        "probability": 0.42,
        "risk": "low",
    },
    "segmentation": {
        **_COMMON,
        "reasons": [
            {
                **_REASON,
                "contribution": 2.5,
                "text": "days since last activity: 4 days (this segment 9 days, all users 210 days)",
            }
        ],
        "advice": ["Offer early access to what is new."],
        "segment_id": 2,
        "segment": "Active big spenders",
    },
}


def predictions(kind: ModelKind) -> dict[str, Any]:
    """An answer of `POST /predict`."""
    return {**_envelope(kind), "predictions": [_PREDICTIONS[kind]]}


def explanations(kind: ModelKind) -> dict[str, Any]:
    """An answer of `POST /explain`; its numbers add up."""
    is_distance = kind == "segmentation"
    contribution = _PREDICTIONS[kind]["reasons"][0]["contribution"]
    bias = 0.0 if is_distance else -2.0
    return {
        **_envelope(kind),
        "unit": "squared_distance" if is_distance else "log_odds",
        "explanations": [
            {
                "prediction": _PREDICTIONS[kind],
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
    }


def targets(kind: ModelKind) -> dict[str, Any]:
    """An answer of `POST /targets` or `POST /early-warnings`."""
    return {
        "model": kind,
        "model_version": 3,
        "as_of": "1998-06-01",
        "users": [{"user_id": "1024", "probability": 0.31, "expected_value": 12.4, "basis": "model"}],
        "expected_value": 12.4,
        "cost": 0.4,
    }


def model(kind: ModelKind) -> dict[str, Any]:
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
        "metrics": {"auc": 0.852} if kind != "segmentation" else {"stability": 0.94},
        "cutoffs": {"as_of": "1998-06-01"},
        "refused": None,
    }


def _envelope(kind: ModelKind) -> dict[str, Any]:
    return {"model": kind, "model_version": 3, "horizon_days": None if kind == "segmentation" else 30}
