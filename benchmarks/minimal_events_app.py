"""A hand-written service that takes one event a request: validates it, inserts the row, answers after the commit.

FastAPI, pydantic and psycopg as their documentation recommends, with the durability of the same Postgres. It has none
of the rest: keys, the contract, quarantine, ids that are taken, limits, metrics, logs.

WAREHOUSE_URL=... uvicorn benchmarks.minimal_events_app:app
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from fastapi import FastAPI, Request
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, Field

INSERT = """
insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, item_id, amount, currency, source)
values (%s, %s, %s, %s, now(), %s, %s, %s, %s)
"""


class Event(BaseModel):
    """An event with the fields that the benchmark sends."""

    event_id: UUID
    user_id: str = Field(min_length=1, max_length=256)
    event_type: str
    occurred_at: datetime
    item_id: str | None = None
    amount: Decimal | None = None
    currency: str | None = Field(None, min_length=3, max_length=3)
    source: str


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, AsyncConnectionPool]]:
    """Connects."""
    async with AsyncConnectionPool(os.environ["WAREHOUSE_URL"], min_size=4, max_size=8) as pool:
        yield {"pool": pool}


app = FastAPI(lifespan=lifespan)


@app.post("/events")
async def post_event(event: Event, request: Request) -> dict[str, str]:
    """Inserts one event."""
    async with request.state.pool.connection() as connection:
        await connection.execute(INSERT, row_of(event))
    return {"status": "stored"}


def row_of(event: Event) -> tuple[object, ...]:
    """The parameters of INSERT."""
    return (
        event.event_id,
        event.user_id,
        event.event_type,
        event.occurred_at,
        event.item_id,
        event.amount,
        event.currency,
        event.source,
    )
