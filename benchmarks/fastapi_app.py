"""A hand-written service with FastAPI and psycopg, each used as its documentation recommends.

It makes the same look-up of the newest snapshot and the same model call as our services, and its answers have the same
reasons. It has none of the rest: limits, metrics, logs, hot swap, ledger, keys.

MODEL_DIRECTORY=... WAREHOUSE_URL=... uvicorn benchmarks.fastapi_app:app
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI, Request
from psycopg import sql
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, Field

from ml import artifact


class PredictRequest(BaseModel):
    """The users to predict."""

    user_ids: list[str] = Field(default=[], max_length=1000)
    features: list[dict[str, float | None]] = Field(default=[], max_length=1000)
    reasons: int = 3


class Reason(BaseModel):
    """One reason for a prediction."""

    feature: str
    label: str
    value: float | None
    contribution: float
    text: str


class Prediction(BaseModel):
    """The prediction for one user."""

    user_id: str | None
    as_of: date | None
    probability: float
    expected_value: float | None
    basis: str
    reasons: list[Reason]
    advice: list[str]


class PredictResponse(BaseModel):
    """One prediction for each row, in the order of the request."""

    predictions: list[Prediction]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Loads the model and opens the pool for the lifetime of the application."""
    model = artifact.load(Path(os.environ["MODEL_DIRECTORY"]))
    columns = sql.SQL(", ").join(map(sql.Identifier, model.feature_names))
    query = sql.SQL(
        "select user_id, as_of, {} from marts.user_features "
        "where user_id = any(%s) and as_of = (select max(as_of) from marts.user_features)"
    )
    async with AsyncConnectionPool(os.environ["WAREHOUSE_URL"], min_size=4, max_size=4) as pool:
        yield {"model": model, "pool": pool, "query": query.format(columns).as_string()}


app = FastAPI(lifespan=lifespan)


@app.post("/predict")
async def predict(asked: PredictRequest, request: Request) -> PredictResponse:
    """Predict from the given features, or look them up."""
    model = request.state.model
    if asked.features:
        rows: list[tuple[Any, ...]] = [
            (None, None, *(row[name] for name in model.feature_names)) for row in asked.features
        ]
    else:
        async with request.state.pool.connection() as connection:
            cursor = await connection.execute(request.state.query, [asked.user_ids])
            rows = await cursor.fetchall()
    answers = model.answer(np.array([row[2:] for row in rows], np.float64), asked.reasons)
    explanations = answers.explanations or [None] * len(rows)
    return PredictResponse(
        predictions=[
            Prediction(
                user_id=row[0],
                as_of=row[1],
                probability=score,
                expected_value=value,
                basis=basis,
                reasons=[Reason(**vars(reason)) for reason in explanation.reasons] if explanation else [],
                advice=list(explanation.advice) if explanation else [],
            )
            for row, score, value, basis, explanation in zip(
                rows,
                answers.columns["score"],
                answers.columns["expected_value"],
                answers.columns["basis"],
                explanations,
                strict=True,
            )
        ]
    )
