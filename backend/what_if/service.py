"""What can be tried on a user's features, and what a model says to it.

Belongs here: which features are levers, their bounds, and asking the service. Does not belong here: what a feature
means (the catalogue), or predicting (`serving`).

The bounds are those of all users of the day: beyond them the model has never seen anybody, and its answer would be made
up. The question names no user to the service, so the ledger keeps nothing of it about one.
"""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson

from backend.analytics.service import state_of_data
from backend.errors import Invalid, NotFound, Unavailable
from backend.resources import Resources
from backend.users.service import features_on_day, person
from backend.what_if.schemas import Lever, Levers, WhatIf
from backend.what_if.store import Ranges, ranges_of
from core.problems import FieldError
from ml.catalogue import Feature
from serving.client import AsyncPredictionClient
from serving.errors import ServingError
from serving.schemas import PredictionResponse, ProbabilityPrediction

_REASONS = 10


async def levers(resources: Resources, user_id: str, model: str) -> Levers:
    """What can be tried. Raises NotFound, and Unavailable where the service does not answer."""
    values, as_of = await _features(resources, user_id)
    response, (now,) = await _ask(resources, model, [values], as_of, _REASONS)
    ranges = await _ranges(resources, model, as_of)
    reasons = [reason.feature for reason in now.reasons]
    found = [
        Lever(
            feature=feature.name,
            label=feature.label,
            unit=feature.unit,
            lever=feature.lever or "",
            value=values.get(feature.name),
            least=ranges[feature.name][0],
            most=ranges[feature.name][1],
            is_reason=feature.name in reasons,
        )
        for feature in _levers_of(resources, model)
        if feature.name in ranges
    ]
    places = {name: place for place, name in enumerate(reasons)}
    return Levers(
        model=model,
        model_version=response.model_version,
        as_of=as_of,
        horizon_days=response.horizon_days,
        probability=now.probability,
        levers=sorted(found, key=lambda lever: places.get(lever.feature, len(places))),
    )


async def what_if(resources: Resources, user_id: str, model: str, changes: Mapping[str, float]) -> WhatIf:
    """What the model says with other values. Raises NotFound, Invalid beyond the bounds, and Unavailable."""
    values, as_of = await _features(resources, user_id)
    _demand_within(await _ranges(resources, model, as_of), changes)
    response, (before, after) = await _ask(resources, model, [values, {**values, **changes}], as_of, 0)
    return WhatIf(
        model=model,
        model_version=response.model_version,
        horizon_days=response.horizon_days,
        before=before.probability,
        after=after.probability,
    )


def _demand_within(ranges: Ranges, changes: Mapping[str, float]) -> None:
    wrong = [
        FieldError(f"changes.{name}", f"must be from {ranges[name][0]:g} to {ranges[name][1]:g}")
        if name in ranges
        else FieldError(f"changes.{name}", "is no feature of this model that someone can act on")
        for name, value in changes.items()
        if name not in ranges or not ranges[name][0] <= value <= ranges[name][1]
    ]
    if wrong:
        raise Invalid("A model can be asked only about values that it could have seen.", wrong)


async def _features(resources: Resources, user_id: str) -> tuple[Mapping[str, Any], date]:
    known = await person(resources.database, user_id)
    values = None if known.as_of is None else await features_on_day(resources.database, known.user_id, known.as_of)
    if not values or known.as_of is None:
        raise NotFound("This user is newer than the last run.", [FieldError("user_id", "has no features yet")])
    return values, known.as_of


async def _ask(
    resources: Resources, model: str, rows: list[Mapping[str, Any]], as_of: date, reasons: int
) -> tuple[PredictionResponse[Any], list[ProbabilityPrediction]]:
    client = _client(resources, model)
    try:
        names = [feature.name for feature in (await client.model()).features]
        asked = [{"as_of": f"{as_of}", **{name: row.get(name) for name in names}} for row in rows]
        response = await client.predict(features=asked, reasons=reasons)
    except ServingError:
        raise Unavailable(
            "The service of this model does not answer.", resources.settings.retry_after_seconds
        ) from None
    answers = [each for each in response.predictions if isinstance(each, ProbabilityPrediction)]
    if len(answers) < len(rows):
        raise NotFound("This model says no probability.", [FieldError("model", "is not `purchase` or `churn`")])
    return response, answers


def _client(resources: Resources, model: str) -> AsyncPredictionClient:
    if model not in resources.models:
        raise NotFound("There is no such model.", [FieldError("model", "is not the name of a model")])
    return resources.models[model]


def _levers_of(resources: Resources, model: str) -> list[Feature]:
    return [feature for feature in resources.catalogue.for_model(model) if feature.lever is not None]


async def _ranges(resources: Resources, model: str, as_of: date) -> Ranges:
    """The bounds of a model's levers. All users of the day are looked at, so once for each state of the data."""
    names = [feature.name for feature in _levers_of(resources, model)]
    state = await state_of_data(resources.database)
    key = hashlib.sha256(orjson.dumps(("what-if", names, f"{as_of}", state))).hexdigest()[:32]

    async def compute() -> bytes:
        return orjson.dumps(await resources.database.run_long(ranges_of(names, as_of)))

    return {
        name: (least, most) for name, (least, most) in orjson.loads(await resources.cache.answer(key, compute)).items()
    }
