"""Asks the services of all models at once. A service that is away leaves its place empty, and the others answer."""

import asyncio
from collections.abc import Mapping, Sequence

from backend.predictions.schemas import ModelAnswer
from serving.client import AsyncPredictionClient
from serving.errors import ServingError
from serving.schemas import Freshness


async def ask(
    models: Mapping[str, AsyncPredictionClient], user_ids: Sequence[str], freshness: Freshness, reasons: int
) -> list[list[ModelAnswer]]:
    """For each user, in the order given, what each model says."""
    by_model = await asyncio.gather(
        *(_answers(model, client, user_ids, freshness, reasons) for model, client in models.items())
    )
    return [list(answers) for answers in zip(*by_model, strict=True)] or [[] for _ in user_ids]


async def _answers(
    model: str, client: AsyncPredictionClient, user_ids: Sequence[str], freshness: Freshness, reasons: int
) -> list[ModelAnswer]:
    try:
        response = await client.predict(user_ids, freshness=freshness, reasons=reasons)
    except ServingError:
        # The service's own words may name its address, which is no caller's business.
        return [ModelAnswer(model=model, unavailable="The service of this model does not answer.")] * len(user_ids)
    return [
        ModelAnswer(model=model, horizon_days=response.horizon_days, prediction=prediction)
        for prediction in response.predictions
    ]
