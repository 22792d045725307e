"""What each route does: read what is asked, have it answered, write the answer.

Belongs here: one function a route, and what they share. Does not belong here: what goes for every request alike
(`app.py`), how rows become predictions (`predicting.py`), or what a model answers (`answers.py`, `explanations.py`).
"""

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

import orjson
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from core.problems import FieldError, ProblemError
from serving.errors import KeyReused, WarehouseUnavailable
from serving.first_answers import request_hash
from serving.model_info import FeatureInfo, ModelInfo
from serving.openapi import describe
from serving.predicting import Encode, Said, explanations_json, from_store, predictions_json, say, unavailable
from serving.requests import idempotency_key, parsed, read_body, read_request
from serving.schemas import EXPLANATION_REQUEST, REQUEST, PredictionRequest
from serving.targeting import REQUEST_OF, TargetingRequest, listed
from warehouse.first_answers import KeyedRequest

if TYPE_CHECKING:
    from serving.runtime import Runtime

Asked = TypeVar("Asked", bound=PredictionRequest)
# Below this a hand-over to a thread costs more than the model; above, it would keep other requests waiting.
_PREDICTED_IN_LOOP = 16
_EXPLAINED_IN_LOOP = 1


async def predict(request: Request) -> Response:
    """`POST /predict`."""
    return await _rows_answered(request, REQUEST, predictions_json, _PREDICTED_IN_LOOP)


async def explain(request: Request) -> Response:
    """`POST /explain`."""
    return await _rows_answered(request, EXPLANATION_REQUEST, explanations_json, _EXPLAINED_IN_LOOP)


async def targets(request: Request) -> Response:
    """`POST /targets` and `POST /early-warnings`."""
    runtime = runtime_of(request)
    adapter: TypeAdapter[TargetingRequest] = REQUEST_OF[runtime.kind]
    asked = await read_request(request, adapter)
    with runtime.tracing.step("scores"):
        ranked = await from_store(runtime, runtime.store.ranked(runtime.kind, asked), asked.as_of)
    return _json(orjson.dumps(listed(runtime.kind, asked, ranked)))


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
        warning=loaded.warning,
    )
    return _json(orjson.dumps(info))


async def metrics(request: Request) -> Response:
    """`GET /metrics`."""
    content = await asyncio.to_thread(runtime_of(request).metrics.exposition)
    return Response(content, media_type="text/plain; version=0.0.4")


async def describe_api(request: Request) -> Response:
    """`GET /openapi.json`, with the features of the model in use."""
    runtime = runtime_of(request)
    return _json(orjson.dumps(describe(runtime.kind, runtime.slot.current.model.catalogue)))


def runtime_of(request: Request) -> "Runtime":
    """What the service that got this request holds."""
    runtime: Runtime = request.app.state.runtime
    return runtime


async def _rows_answered(request: Request, adapter: TypeAdapter[Asked], encode: Encode, rows_in_loop: int) -> Response:
    """Answer the rows that a request asks about, once for each Idempotency-Key, and record what is said."""
    runtime = runtime_of(request)
    key = idempotency_key(request)
    body = await read_body(request)
    asked = parsed(body, adapter)
    if key is None:
        said = await say(runtime, asked, encode, rows_in_loop, None)
        _record(runtime, said)
        return _json(said.content)
    keyed = KeyedRequest(request.state.key_id, runtime.kind, key, request_hash(request.scope["path"], body))
    try:
        content = await runtime.first_answers.recall(keyed)
        if content is not None:
            return _json(content, is_replayed=True)
        said = await say(runtime, asked, encode, rows_in_loop, key)
        content = await runtime.first_answers.keep(keyed, said.content)
    except KeyReused as error:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "This Idempotency-Key was used for another request; send a new key.",
            [FieldError("Idempotency-Key", "was used for another request")],
        ) from error
    except WarehouseUnavailable as error:
        raise unavailable(
            runtime, error, "Requests with `features` and without an Idempotency-Key still work."
        ) from error
    # Prediction ids are random, so an equal answer is this one, and only what callers are told is recorded.
    is_first = content == said.content
    if is_first:
        _record(runtime, said)
    return _json(content, is_replayed=not is_first)


def _record(runtime: "Runtime", said: Said) -> None:
    """Count what was said, and have it entered into the ledger."""
    for basis, number in said.bases.items():
        runtime.metrics.predictions(basis, said.model_version).inc(number)
    if said.feature_age_days is not None:
        runtime.metrics.feature_age_days.observe(said.feature_age_days)
    if runtime.ledger is not None:
        runtime.ledger.record(said.entry)


def _json(content: bytes, *, is_replayed: bool = False) -> Response:
    headers = {"idempotent-replayed": "true"} if is_replayed else None
    return Response(content, headers=headers, media_type="application/json")
