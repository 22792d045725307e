"""What each route does: read what is asked, have it answered, write the answer.

Belongs here: one function a route, and what they share. Does not belong here: what goes for every request alike
(`app.py`), or what a model answers (`answers.py`, `explanations.py`).
"""

import asyncio
import datetime
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from core.logs import request_id_in_use
from core.problems import FieldError, ProblemError
from serving.answers import Question, answer
from serving.errors import FeaturesUnavailable, SnapshotMissing
from serving.explanations import UNIT_OF, explanations_of
from serving.openapi import describe
from serving.recorder import entry_of, prediction_ids
from serving.requests import feature_values, idempotency_key, read_request
from serving.schemas import (
    EXPLANATION_REQUEST,
    REQUEST,
    ExplanationResponse,
    FeatureInfo,
    ModelInfo,
    Prediction,
    PredictionRequest,
    PredictionResponse,
)
from serving.targeting import REQUEST_OF, TargetingRequest, listed

if TYPE_CHECKING:
    from ml.answers import Values
    from serving.model_slot import LoadedModel
    from serving.runtime import Runtime

logger = logging.getLogger("serving.requests")

T = TypeVar("T")
Asked = TypeVar("Asked", bound=PredictionRequest)
# Below this a hand-over to a thread costs more than the model; above, it would keep other requests waiting.
_PREDICTED_IN_LOOP = 16
_EXPLAINED_IN_LOOP = 1


async def predict(request: Request) -> Response:
    """`POST /predict`."""
    return await _rows_answered(request, REQUEST, _predicted_body, _PREDICTED_IN_LOOP)


async def explain(request: Request) -> Response:
    """`POST /explain`."""
    return await _rows_answered(request, EXPLANATION_REQUEST, _explained_body, _EXPLAINED_IN_LOOP)


async def targets(request: Request) -> Response:
    """`POST /targets` and `POST /early-warnings`."""
    runtime = runtime_of(request)
    adapter: TypeAdapter[TargetingRequest] = REQUEST_OF[runtime.kind]
    asked = await read_request(request, adapter)
    with runtime.tracing.step("scores"):
        ranked = await _from_store(runtime, runtime.store.ranked(runtime.kind, asked), asked.as_of)
    return _json(listed(runtime.kind, asked, ranked))


async def describe_model(request: Request) -> Response:
    """`GET /model`."""
    runtime = runtime_of(request)
    loaded = runtime.slot.current
    info = ModelInfo(
        model=runtime.kind,
        model_version=loaded.version,
        digest=loaded.digest,
        deployment_id=loaded.deployment_id,
        horizon_days=loaded.model.horizon_days or None,
        loaded_at=loaded.loaded_at,
        features=[
            FeatureInfo(name=each.name, label=each.label, unit=each.unit, description=each.description)
            for each in map(loaded.model.catalogue.__getitem__, loaded.model.feature_names)
        ],
        metrics=dict(loaded.provenance.metrics),
        cutoffs=dict(loaded.provenance.cutoffs),
        refused=runtime.slot.refusal,
    )
    return _json(info)


async def metrics(request: Request) -> Response:
    """`GET /metrics`."""
    content = await asyncio.to_thread(runtime_of(request).metrics.exposition)
    return Response(content, media_type="text/plain; version=0.0.4")


async def describe_api(request: Request) -> Response:
    """`GET /openapi.json`, with the features of the model in use."""
    runtime = runtime_of(request)
    return _json(describe(runtime.kind, runtime.slot.current.model.catalogue))


def runtime_of(request: Request) -> "Runtime":
    """What the service that got this request holds."""
    runtime: Runtime = request.app.state.runtime
    return runtime


async def _rows_answered(
    request: Request, adapter: TypeAdapter[Asked], body: "Callable[[Runtime, _Answered], bytes]", rows_in_loop: int
) -> Response:
    """Answer and record the rows that a request asks about; `body` makes JSON of the predictions."""
    runtime = runtime_of(request)
    key = idempotency_key(request)
    asked = await read_request(request, adapter)
    # Taken once: every answer of a request is by one model, whatever is swapped in meanwhile.
    loaded = runtime.slot.current
    runtime.tracing.asked(len(asked.user_ids) or len(asked.features), loaded.version)
    questions, values = _given(loaded, asked) if asked.features else await _looked_up(runtime, loaded, asked)

    def answered() -> bytes:
        return body(runtime, _answer_and_record(runtime, loaded, questions, values, asked.reasons, key))

    return Response(
        answered() if len(questions) <= rows_in_loop else await asyncio.to_thread(answered),
        media_type="application/json",
    )


@dataclass(frozen=True, slots=True)
class _Answered:
    """What a request asked, and what the model it was put to said."""

    loaded: "LoadedModel"
    questions: "list[Question]"
    values: "Values"
    predictions: list[Prediction]


def _answer_and_record(
    runtime: "Runtime",
    loaded: "LoadedModel",
    questions: "list[Question]",
    values: "Values",
    reasons: int,
    key: str | None,
) -> _Answered:
    today = datetime.datetime.now(datetime.UTC).date()
    ids = prediction_ids(runtime.kind, [question.user_id for question in questions], key)
    with runtime.tracing.step("model"):
        predictions = answer(loaded, questions, values, ids, reasons=reasons, today=today)
    _count(runtime, loaded, predictions)
    if runtime.ledger is not None:
        runtime.ledger.record(entry_of(loaded, predictions, request_id=request_id_in_use.get(), idempotency_key=key))
    return _Answered(loaded, questions, values, predictions)


def _predicted_body(runtime: "Runtime", said: _Answered) -> bytes:
    response: PredictionResponse[Any] = PredictionResponse(
        model=runtime.kind,
        model_version=said.loaded.version,
        horizon_days=said.loaded.model.horizon_days or None,
        predictions=said.predictions,
    )
    return orjson.dumps(response)


def _explained_body(runtime: "Runtime", said: _Answered) -> bytes:
    with runtime.tracing.step("explanations"):
        explanations = explanations_of(said.loaded, said.questions, said.values, said.predictions)
    response: ExplanationResponse[Any] = ExplanationResponse(
        model=runtime.kind,
        model_version=said.loaded.version,
        horizon_days=said.loaded.model.horizon_days or None,
        unit=UNIT_OF[runtime.kind],
        explanations=explanations,
    )
    return orjson.dumps(response)


def _count(runtime: "Runtime", loaded: "LoadedModel", predictions: Sequence[Prediction]) -> None:
    for basis in {prediction.basis for prediction in predictions}:
        number = sum(prediction.basis == basis for prediction in predictions)
        runtime.metrics.predictions(basis, loaded.version).inc(number)
    if (age := predictions[0].feature_age_days) is not None:
        runtime.metrics.feature_age_days.observe(age)


async def _looked_up(
    runtime: "Runtime", loaded: "LoadedModel", asked: PredictionRequest
) -> "tuple[list[Question], Values]":
    fetched = runtime.store.fetch(asked.user_ids, loaded.model.feature_names, asked.as_of)
    with runtime.tracing.step("features"):
        snapshot = await _from_store(runtime, fetched, asked.as_of)
    place_of = snapshot.places.get
    return [Question(user_id, snapshot.as_of, place_of(user_id)) for user_id in asked.user_ids], snapshot.values


def _unavailable(runtime: "Runtime", detail: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"retry-after": str(runtime.retry_after_seconds)}
    )


def _given(loaded: "LoadedModel", asked: PredictionRequest) -> "tuple[list[Question], Values]":
    values = feature_values(asked.features, loaded.model.feature_names)
    return [Question(row.user_id, row.as_of, place) for place, row in enumerate(asked.features)], values


async def _from_store(runtime: "Runtime", question: Awaitable[T], as_of: datetime.date | None) -> T:
    """What the warehouse answers, or the problem that says why it does not."""
    try:
        return await question
    except SnapshotMissing as error:
        if as_of is None:
            raise _unavailable(runtime, str(error)) from error
        raise ProblemError(HTTPStatus.NOT_FOUND, str(error), [FieldError("as_of", "has no snapshot")]) from error
    except FeaturesUnavailable as error:
        logger.warning("features unavailable: %s (%s)", error, type(error.__cause__).__name__)
        raise _unavailable(runtime, f"{error} Requests with `features` still work.") from error


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
