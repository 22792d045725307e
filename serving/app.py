"""The HTTP application of a service: two routes of its own and their description.

Belongs here: reading a request within its limits, calling `answers`, and writing the answer or the problem. Mounted
inside a BentoML service, which adds health, metrics, workers and life cycle. Does not belong here: any of those, or
what a model answers.
"""

import asyncio
import datetime
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from serving.errors import FeaturesUnavailable, SnapshotMissing
from serving.logs import request_id_in_use
from serving.openapi import describe
from serving.problems import FieldError, ProblemError, problem_response
from serving.requests import feature_values, read_request, request_id
from serving.schemas import (
    FeatureInfo,
    ModelInfo,
    ModelKind,
    Prediction,
    PredictionRequest,
    PredictionResponse,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from serving.answers import Question
    from serving.model_slot import LoadedModel
    from serving.runtime import Runtime

logger = logging.getLogger("serving.requests")

Handler = Callable[[Request], Awaitable[Response]]
# Below this a hand-over to a thread costs more than the model; above, it would keep other requests waiting.
_ROWS_IN_LOOP = 16


def create_app(
    kind: ModelKind, open_runtime: "Callable[[ModelKind], AbstractAsyncContextManager[Runtime]]"
) -> Starlette:
    """The application of one service; `open_runtime` is entered when it starts and left when it stops."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> "AsyncIterator[None]":
        async with open_runtime(kind) as runtime:
            app.state.runtime = runtime
            yield

    async def describe_api(_: Request) -> Response:
        return _json(describe(kind))

    return Starlette(
        routes=[
            Route("/predict", _observed("/predict", _predict), methods=["POST"]),
            Route("/model", _observed("/model", _model), methods=["GET"]),
            # BentoML's own docs.json does not see mounted routes; its page at / reads this one instead.
            Route("/docs.json", describe_api, methods=["GET"]),
            Route("/openapi.json", describe_api, methods=["GET"]),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _refuse_method},
    )


def _observed(route: str, handler: Handler) -> Handler:
    """Give each request an id, a log line and its metrics, and turn failures into problems."""

    async def observed(request: Request) -> Response:
        started = time.perf_counter()
        identity = request_id(request)
        token = request_id_in_use.set(identity)
        try:
            response = await _answered(handler, request, identity)
            seconds = time.perf_counter() - started
            response.headers["x-request-id"] = identity
            _runtime(request).metrics.request_seconds.labels(route, response.status_code).observe(seconds)
            logger.info(
                "%s %s %d",
                request.method,
                route,
                response.status_code,
                extra={"fields": {"status": response.status_code, "milliseconds": round(seconds * 1000, 3)}},
            )
        finally:
            request_id_in_use.reset(token)
        return response

    return observed


async def _answered(handler: Handler, request: Request, request_id: str) -> Response:
    try:
        return await handler(request)
    except ProblemError as problem:
        return problem_response(problem, request_id)
    except ClientDisconnect:
        return problem_response(ProblemError(HTTPStatus.BAD_REQUEST, "The body ended early."), request_id)
    except Exception:
        # Whatever it is, the caller learns nothing of our inside; the log has it, under the same request id.
        logger.exception("unexpected failure")
        failure = ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "The service failed to answer; its log says why.")
        return problem_response(failure, request_id)


async def _refuse_method(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    status = HTTPStatus(error.status_code)
    detail = f"{request.method} is not possible here; see /openapi.json."
    problem = ProblemError(status, detail, headers=error.headers)
    identity = request_id(request)
    response = problem_response(problem, identity)
    response.headers["x-request-id"] = identity
    return response


def _json(value: object) -> Response:
    # JSON has no NaN: whatever is undefined is null.
    return Response(to_json(value, inf_nan_mode="null"), media_type="application/json")


def _runtime(request: Request) -> "Runtime":
    runtime: Runtime = request.app.state.runtime
    return runtime


async def _predict(request: Request) -> Response:
    from serving.answers import answer  # brings polars, which the supervising process never needs

    runtime = _runtime(request)
    asked = await read_request(request)
    # Taken once: every answer of a request is by one model, whatever is swapped in meanwhile.
    loaded = runtime.slot.current
    questions = _given(loaded, asked) if asked.features else await _looked_up(runtime, loaded, asked)
    today = datetime.datetime.now(datetime.UTC).date()
    if len(questions) <= _ROWS_IN_LOOP:
        predictions = answer(loaded, questions, reasons=asked.reasons, today=today)
    else:
        predictions = await asyncio.to_thread(answer, loaded, questions, reasons=asked.reasons, today=today)
    _count(runtime, loaded, predictions)
    body: PredictionResponse[Any] = PredictionResponse(
        model=runtime.kind,
        model_version=loaded.version,
        horizon_days=loaded.model.horizon_days or None,
        predictions=predictions,
    )
    return _json(body)


def _count(runtime: "Runtime", loaded: "LoadedModel", predictions: Sequence[Prediction]) -> None:
    for basis in {prediction.basis for prediction in predictions}:
        number = sum(prediction.basis == basis for prediction in predictions)
        runtime.metrics.predictions.labels(basis, loaded.version).inc(number)
    if (age := predictions[0].feature_age_days) is not None:
        runtime.metrics.feature_age_days.observe(age)


async def _looked_up(runtime: "Runtime", loaded: "LoadedModel", asked: PredictionRequest) -> "list[Question]":
    from serving.answers import Question  # see `_predict`

    try:
        snapshot = await runtime.store.fetch(asked.user_ids, loaded.model.feature_names, asked.as_of)
    except SnapshotMissing as error:
        if asked.as_of is None:
            raise _unavailable(runtime, str(error)) from error
        raise ProblemError(HTTPStatus.NOT_FOUND, str(error), [FieldError("as_of", "has no snapshot")]) from error
    except FeaturesUnavailable as error:
        logger.warning("features unavailable: %s (%s)", error, type(error.__cause__).__name__)
        raise _unavailable(runtime, f"{error} Requests with `features` still work.") from error
    return [Question(user_id, snapshot.as_of, snapshot.values.get(user_id)) for user_id in asked.user_ids]


def _unavailable(runtime: "Runtime", detail: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"retry-after": str(runtime.retry_after_seconds)}
    )


def _given(loaded: "LoadedModel", asked: PredictionRequest) -> "list[Question]":
    from serving.answers import Question  # see `_predict`

    values = feature_values(asked.features, loaded.model.feature_names)
    return [
        Question(row.user_id, row.as_of, row_values) for row, row_values in zip(asked.features, values, strict=True)
    ]


async def _model(request: Request) -> Response:
    runtime = _runtime(request)
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
