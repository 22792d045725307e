"""A hand-written service that inserts one event and asks the model of its user with ready-made features.

FastAPI, psycopg and httpx as their documentation recommends. The features of every user are in memory, as of the start,
so no event ever changes an answer. It has none of the rest: keys, the contract, ids that are taken, live features.

WAREHOUSE_URL=... SERVICE_URL=... SERVICE_KEY=... uvicorn benchmarks.event_answer_app:app
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI, Request
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from benchmarks.minimal_events_app import INSERT, Event, row_of

_FEATURES = "select * from marts.user_features where as_of = (select max(as_of) from marts.user_features)"


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Connects, and reads the features."""
    async with (
        AsyncConnectionPool(os.environ["WAREHOUSE_URL"], min_size=4, max_size=8) as pool,
        httpx.AsyncClient(
            base_url=os.environ["SERVICE_URL"], headers={"authorization": f"Bearer {os.environ['SERVICE_KEY']}"}
        ) as service,
    ):
        names = {feature["name"] for feature in (await service.get("/model")).raise_for_status().json()["features"]}
        async with pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            rows = await (await cursor.execute(_FEATURES)).fetchall()
        features = {
            row["user_id"]: {name: None if row[name] is None else float(row[name]) for name in names} for row in rows
        }
        yield {"pool": pool, "service": service, "features": features}


app = FastAPI(lifespan=lifespan)


@app.post("/events")
async def post_event(event: Event, request: Request) -> dict[str, Any]:
    """Inserts one event, and says what the model says."""
    async with request.state.pool.connection() as connection:
        await connection.execute(INSERT, row_of(event))
    asked = {"features": [request.state.features[event.user_id]], "reasons": 3}
    answer = await request.state.service.post("/predict", json=asked)
    return {"status": "stored", "prediction": answer.raise_for_status().json()["predictions"][0]}
