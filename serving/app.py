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
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from serving.answers import Question, answer
from serving.errors import FeaturesUnavailable, SnapshotMissing
from serving.ledger import entry_of, prediction_ids
from serving.logs import request_id_in_use
from serving.openapi import describe
from serving.problems import FieldError, ProblemError, problem_response
from serving.requests import feature_values, idempotency_key, read_request, request_id
from serving.schemas import (
    REQUEST,
    FeatureInfo,
    ModelInfo,
    ModelKind,
    Prediction,
    PredictionRequest,
    PredictionResponse,
)
from serving.targeting import REQUEST_OF, TARGETING, TargetingRequest, targets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ml.answers import Values
    from serving.model_slot import LoadedModel
    from serving.runtime import Runtime

logger = logging.getLogger("serving.requests")

T = TypeVar("T")
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

    targeting = [
        Route(path, _observed(path, _targets), methods=["POST"]) for model, path in TARGETING.items() if model == kind
    ]

    app = Starlette(
        routes=[
            Route("/predict", _observed("/predict", _predict), methods=["POST"]),
            *targeting,
            Route("/model", _observed("/model", _model), methods=["GET"]),
            Route("/metrics", _observed("/metrics", _metrics), methods=["GET"]),
            # BentoML's own docs.json does not see mounted routes; its page at / reads this one instead.
            Route("/docs.json", _observed("/docs.json", describe_api), methods=["GET"]),
            Route("/openapi.json", _observed("/openapi.json", describe_api), methods=["GET"]),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _refuse},
    )
    app.router.redirect_slashes = False
    return app


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
        _runtime(request).keys.check(request)
        with _runtime(request).admission.admitted():
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


async def _refuse(request: Request, error: Exception) -> Response:
    """No such path, or not by this method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    status = HTTPStatus(error.status_code)
    what = f"{request.method} is not possible here" if status == HTTPStatus.METHOD_NOT_ALLOWED else "Nothing is here"
    identity = request_id(request)
    response = problem_response(ProblemError(status, f"{what}; see /openapi.json.", headers=error.headers), identity)
    response.headers["x-request-id"] = identity
    # One label for all: whoever tries paths must not fill the memory of those who watch.
    _runtime(request).metrics.request_seconds.labels("other", status.value).observe(0.0)
    return response


async def _metrics(request: Request) -> Response:
    content = await asyncio.to_thread(_runtime(request).metrics.exposition)
    return Response(content, media_type="text/plain; version=0.0.4")


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


def _runtime(request: Request) -> "Runtime":
    runtime: Runtime = request.app.state.runtime
    return runtime


async def _predict(request: Request) -> Response:
    runtime = _runtime(request)
    key = idempotency_key(request)
    asked = await read_request(request, REQUEST)
    # Taken once: every answer of a request is by one model, whatever is swapped in meanwhile.
    loaded = runtime.slot.current
    questions, values = _given(loaded, asked) if asked.features else await _looked_up(runtime, loaded, asked)
    answered = partial(_answered_body, runtime, loaded, questions, values, asked.reasons, key)
    return Response(
        answered() if len(questions) <= _ROWS_IN_LOOP else await asyncio.to_thread(answered),
        media_type="application/json",
    )


def _answered_body(
    runtime: "Runtime",
    loaded: "LoadedModel",
    questions: "list[Question]",
    values: "Values",
    reasons: int,
    key: str | None,
) -> bytes:
    today = datetime.datetime.now(datetime.UTC).date()
    ids = prediction_ids(runtime.kind, [question.user_id for question in questions], key)
    predictions = answer(loaded, questions, values, ids, reasons=reasons, today=today)
    _count(runtime, loaded, predictions)
    if runtime.ledger is not None:
        runtime.ledger.record(entry_of(loaded, predictions, request_id=request_id_in_use.get(), idempotency_key=key))
    response: PredictionResponse[Any] = PredictionResponse(
        model=runtime.kind,
        model_version=loaded.version,
        horizon_days=loaded.model.horizon_days or None,
        predictions=predictions,
    )
    return orjson.dumps(response)


def _count(runtime: "Runtime", loaded: "LoadedModel", predictions: Sequence[Prediction]) -> None:
    for basis in {prediction.basis for prediction in predictions}:
        number = sum(prediction.basis == basis for prediction in predictions)
        runtime.metrics.predictions.labels(basis, loaded.version).inc(number)
    if (age := predictions[0].feature_age_days) is not None:
        runtime.metrics.feature_age_days.observe(age)


async def _looked_up(
    runtime: "Runtime", loaded: "LoadedModel", asked: PredictionRequest
) -> "tuple[list[Question], Values]":
    fetched = runtime.store.fetch(asked.user_ids, loaded.model.feature_names, asked.as_of)
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


async def _targets(request: Request) -> Response:
    runtime = _runtime(request)
    adapter: TypeAdapter[TargetingRequest] = REQUEST_OF[runtime.kind]
    asked = await read_request(request, adapter)
    ranked = await _from_store(runtime, runtime.store.ranked(runtime.kind, asked), asked.as_of)
    return _json(targets(runtime.kind, asked, ranked))


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
