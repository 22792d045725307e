"""What a service can be asked: for each route the request, and how its answer is read.

Belongs here: one function a route, named and documented as the clients' method that it becomes. Does not belong here:
sending (`client.py`), the shape of answers (`schemas.py`, `targeting.py`).

The first parameter of each is the client, so that `help` shows the signature of the client's method.
"""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from ml.kinds import Answer, model_kind
from serving.model_info import ModelInfo
from serving.schemas import (
    EXPLANATION_OF,
    RESPONSE_OF,
    AnyPrediction,
    ExplanationResponse,
    Freshness,
    PredictionResponse,
)
from serving.targeting import RESPONSE, TargetingResponse

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and how its answer is read. It may be sent twice."""

    method: str
    path: str
    read: Callable[[bytes], T]
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def predict(
    _client: object,
    user_ids: Sequence[str] = (),
    *,
    features: Sequence[Mapping[str, Any]] = (),
    as_of: datetime.date | None = None,
    freshness: Freshness | None = None,
    reasons: int | None = None,
    idempotency_key: str | None = None,
) -> Call[PredictionResponse[AnyPrediction]]:
    """One prediction for each of `user_ids`, or for each row of `features`, in the order given.

    With `freshness` live, everything counts that has happened until now.

    With an `idempotency_key` the first answer is stored: however often the same call is made, by whomever has the same
    API key, it gets that answer within a day. Such a call needs the warehouse, also with `features`.
    """
    body = _rows(user_ids, features, as_of, freshness, reasons)
    return Call("POST", "/predict", _predictions, body, _keyed(idempotency_key))


def explain(
    _client: object,
    user_ids: Sequence[str] = (),
    *,
    features: Sequence[Mapping[str, Any]] = (),
    as_of: datetime.date | None = None,
    freshness: Freshness | None = None,
    reasons: int | None = None,
    idempotency_key: str | None = None,
) -> Call[ExplanationResponse[AnyPrediction]]:
    """The same predictions, and what each feature adds to them; for fewer at a time."""
    body = _rows(user_ids, features, as_of, freshness, reasons)
    return Call("POST", "/explain", _explanations, body, _keyed(idempotency_key))


def targets(
    _client: object,
    *,
    max_users: int | None = None,
    cost_per_contact: float | None = None,
    budget: float | None = None,
    as_of: datetime.date | None = None,
) -> Call[TargetingResponse]:
    """The users from whom a contact may expect most, for a budget; of the purchase service."""
    body = _given(max_users=max_users, cost_per_contact=cost_per_contact, budget=budget, as_of=as_of)
    return Call("POST", "/targets", RESPONSE.validate_json, body)


def early_warnings(
    _client: object,
    *,
    max_users: int | None = None,
    cost_per_contact: float | None = None,
    budget: float | None = None,
    value_of_user: float | None = None,
    as_of: datetime.date | None = None,
) -> Call[TargetingResponse]:
    """The active users most likely to leave, for a budget; of the churn service."""
    body = _given(
        max_users=max_users,
        cost_per_contact=cost_per_contact,
        budget=budget,
        value_of_user=value_of_user,
        as_of=as_of,
    )
    return Call("POST", "/early-warnings", RESPONSE.validate_json, body)


def model(_client: object) -> Call[ModelInfo]:
    """The model in use: version, digest, features, cutoffs, metrics."""
    return Call("GET", "/model", _MODEL_INFO.validate_json)


@dataclass(frozen=True, slots=True)
class _Sender:
    """The part of a response that says how to read the rest."""

    model: str


_SENDER = TypeAdapter(_Sender)
_MODEL_INFO = TypeAdapter(ModelInfo)


def _answer_in(content: bytes) -> Answer:
    return model_kind(_SENDER.validate_json(content).model).answer


def _predictions(content: bytes) -> PredictionResponse[AnyPrediction]:
    adapter: TypeAdapter[PredictionResponse[AnyPrediction]] = RESPONSE_OF[_answer_in(content)]
    return adapter.validate_json(content)


def _explanations(content: bytes) -> ExplanationResponse[AnyPrediction]:
    adapter: TypeAdapter[ExplanationResponse[AnyPrediction]] = EXPLANATION_OF[_answer_in(content)]
    return adapter.validate_json(content)


def _rows(
    user_ids: Sequence[str],
    features: Sequence[Mapping[str, Any]],
    as_of: datetime.date | None,
    freshness: Freshness | None,
    reasons: int | None,
) -> dict[str, Any]:
    rows = [dict(row) for row in features]
    asked = _given(user_ids=list(user_ids) or None, features=rows or None, as_of=as_of)
    return asked | _given(freshness=freshness, reasons=reasons)


def _keyed(idempotency_key: str | None) -> dict[str, str]:
    return {} if idempotency_key is None else {"idempotency-key": idempotency_key}


def _given(**fields: Any) -> dict[str, Any]:
    """A body of what was said; for what was not, the service knows its own default."""
    dated = {name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in fields.items()}
    return {name: value for name, value in dated.items() if value is not None}
