"""From the rows of a request to predictions as JSON: features looked up or taken as given, the model asked.

Belongs here: what `POST /predict` and `POST /explain` share. Does not belong here: reading requests (`requests.py`),
what a model answers (`answers.py`, `explanations.py`), or whether an answer was given before (`first_answers.py`).
"""

import asyncio
import datetime
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from core.logs import request_id_in_use
from core.problems import FieldError, ProblemError
from serving.answers import Question, answer
from serving.errors import SnapshotMissing, WarehouseUnavailable
from serving.explanations import UNIT_OF, explanations_of
from serving.recorder import Entry, entry_of, log_live, prediction_ids
from serving.requests import feature_values
from serving.schemas import Basis, ExplanationResponse, Prediction, PredictionRequest, PredictionResponse

if TYPE_CHECKING:
    from ml.answers import Values
    from serving.model_slot import LoadedModel
    from serving.runtime import Runtime

logger = logging.getLogger("serving.requests")

T = TypeVar("T")
_FEATURES_STILL_WORK = "Requests with `features` still work."


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request asked, and what the model it was put to answered."""

    loaded: "LoadedModel"
    questions: "list[Question]"
    values: "Values"
    predictions: list[Prediction]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The questions of a request, the features of whom it asks about, and what these come from."""

    questions: "list[Question]"
    values: "Values"
    known_until: datetime.datetime | None = None
    live_snapshot: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as JSON, and what is counted and recorded of it."""

    content: bytes
    model_version: int
    bases: Mapping[Basis, int]
    feature_age_days: int | None
    entry: Entry


Encode = Callable[["Runtime", Answered], bytes]
"""Makes JSON of what was answered."""


async def say(
    runtime: "Runtime", asked: PredictionRequest, encode: Encode, rows_in_loop: int, idempotency_key: str | None
) -> Said:
    """Answer what is asked. More than `rows_in_loop` rows are answered in a thread, so that others need not wait.

    Raises ProblemError where features are wrong or cannot be looked up.
    """
    # Taken once: every answer of a request is by one model, whatever is swapped in meanwhile.
    loaded = runtime.slot.current
    runtime.tracing.note(users=len(asked.user_ids) or len(asked.features), model_version=loaded.version)
    found = _given(loaded, asked) if asked.features else await _looked_up(runtime, loaded, asked)
    questions, values = found.questions, found.values

    def work() -> Said:
        today = datetime.datetime.now(datetime.UTC).date()
        with runtime.tracing.step("model"):
            ids = prediction_ids(len(questions))
            predictions = answer(
                loaded, questions, values, ids, reasons=asked.reasons, today=today, known_until=found.known_until
            )
        entry = entry_of(loaded, predictions, request_id=request_id_in_use.get(), idempotency_key=idempotency_key)
        if found.live_snapshot is not None:
            log_live(entry, loaded.model.feature_names, questions, values, found.live_snapshot, runtime.live_share)
        return Said(
            encode(runtime, Answered(loaded, questions, values, predictions)),
            loaded.version,
            Counter(prediction.basis for prediction in predictions),
            predictions[0].feature_age_days,
            entry,
        )

    return work() if len(questions) <= rows_in_loop else await asyncio.to_thread(work)


def predictions_json(runtime: "Runtime", answered: Answered) -> bytes:
    """The body of an answer of `POST /predict`."""
    response: PredictionResponse[Any] = PredictionResponse(
        model=runtime.kind,
        model_version=answered.loaded.version,
        horizon_days=answered.loaded.model.horizon_days or None,
        predictions=answered.predictions,
        warning=answered.loaded.warning,
        interval_note=answered.loaded.interval_note,
    )
    return orjson.dumps(response)


def explanations_json(runtime: "Runtime", answered: Answered) -> bytes:
    """The body of an answer of `POST /explain`."""
    with runtime.tracing.step("explanations"):
        explanations = explanations_of(answered.loaded, answered.questions, answered.values, answered.predictions)
    response: ExplanationResponse[Any] = ExplanationResponse(
        model=runtime.kind,
        model_version=answered.loaded.version,
        horizon_days=answered.loaded.model.horizon_days or None,
        unit=UNIT_OF[answered.loaded.answer],
        explanations=explanations,
        warning=answered.loaded.warning,
        interval_note=answered.loaded.interval_note,
    )
    return orjson.dumps(response)


async def from_store(runtime: "Runtime", question: Awaitable[T], as_of: datetime.date | None) -> T:
    """What the warehouse answers; raises the ProblemError that says why it does not."""
    try:
        return await question
    except SnapshotMissing as error:
        if as_of is None:
            raise unavailable(runtime, error) from error
        raise ProblemError(HTTPStatus.NOT_FOUND, str(error), [FieldError("as_of", "has no snapshot")]) from error
    except WarehouseUnavailable as error:
        raise unavailable(runtime, error, _FEATURES_STILL_WORK) from error


def unavailable(runtime: "Runtime", error: Exception, way_out: str = "") -> ProblemError:
    """The problem of a warehouse that cannot answer now, with what still works without it."""
    if error.__cause__ is not None:
        logger.warning("warehouse unavailable: %s (%s)", error, type(error.__cause__).__name__)
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{error} {way_out}".rstrip(),
        headers={"retry-after": str(runtime.retry_after_seconds)},
    )


async def _looked_up(runtime: "Runtime", loaded: "LoadedModel", asked: PredictionRequest) -> _Asked:
    names = loaded.model.feature_names
    if asked.freshness == "live":
        fetched = runtime.store.fetch_live(asked.user_ids, names)
    else:
        fetched = runtime.store.fetch(asked.user_ids, names, asked.as_of)
    with runtime.tracing.step("features"):
        snapshot = await from_store(runtime, fetched, asked.as_of)
    place_of = snapshot.places.get
    questions = [Question(user_id, snapshot.as_of, place_of(user_id)) for user_id in asked.user_ids]
    return _Asked(questions, snapshot.values, snapshot.known_until, snapshot.live_snapshot)


def _given(loaded: "LoadedModel", asked: PredictionRequest) -> _Asked:
    values = feature_values(asked.features, loaded.model.feature_names)
    return _Asked([Question(row.user_id, row.as_of, place) for place, row in enumerate(asked.features)], values)
