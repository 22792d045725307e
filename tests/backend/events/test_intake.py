"""Which requests share a transaction, without a database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from backend.database import DatabasePool
from backend.errors import Unavailable
from backend.events import intake as intake_module
from backend.events.intake import Intake
from backend.metrics import Metrics
from backend.settings import BackendSettings
from ingestion.accepting import Outcome, Status

SETTINGS = BackendSettings.model_validate({"WAREHOUSE_URL": "postgresql://nowhere", "waiting_events": 100})


class FakePool:
    """A pool whose connections are nothing."""

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[None]:
        yield None


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> list[list[object]]:
    """The events of each transaction; one that holds the event `bad` fails."""
    seen: list[list[object]] = []

    async def accept(_connection: object, events: Sequence[object], **_options: object) -> list[Outcome]:
        seen.append(list(events))
        await asyncio.sleep(0.01)
        if "bad" in events:
            raise ValueError("bad")
        return [Outcome(Status.STORED) for _ in events]

    monkeypatch.setattr(intake_module, "accept_async", accept)
    return seen


async def sent(requests: Sequence[Sequence[object]]) -> list[Any]:
    intake = Intake(cast("DatabasePool", FakePool()), Metrics(CollectorRegistry()), SETTINGS)
    async with intake:
        return await asyncio.gather(*(intake.store(events) for events in requests), return_exceptions=True)


def test_requests_that_arrive_together_share_a_transaction(transactions: list[list[object]]) -> None:
    answers = asyncio.run(sent([["a"], ["b", "c"], ["d"]]))
    assert transactions == [["a", "b", "c", "d"]]
    assert [len(outcomes) for outcomes in answers] == [1, 2, 1]


def test_a_request_that_takes_two_more_turns_to_arrive_still_joins(transactions: list[list[object]]) -> None:
    async def arriving() -> None:
        intake = Intake(cast("DatabasePool", FakePool()), Metrics(CollectorRegistry()), SETTINGS)

        async def later() -> None:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await intake.store(["later"])

        async with intake:
            await asyncio.sleep(0)
            await asyncio.gather(intake.store(["first"]), later())

    asyncio.run(arriving())
    assert transactions == [["first", "later"]]


def test_one_request_at_fault_costs_the_others_nothing(transactions: list[list[object]]) -> None:
    good, bad, other = asyncio.run(sent([["a"], ["bad"], ["b"]]))
    assert transactions == [["a", "bad", "b"], ["a"], ["bad"], ["b"]]
    assert isinstance(bad, ValueError)
    assert [len(good), len(other)] == [1, 1]


def test_more_than_may_wait_is_refused_at_once(transactions: list[list[object]]) -> None:
    answers = asyncio.run(sent([["a"] * 90, ["b"] * 20]))
    assert len(answers[0]) == 90
    assert isinstance(answers[1], Unavailable)
    assert transactions == [["a"] * 90]
