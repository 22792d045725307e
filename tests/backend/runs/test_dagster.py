"""What Dagster is asked, and what its answers mean; a real one is asked in the integration tests."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import pytest

from backend.errors import Conflict, NotFound, Unavailable
from backend.runs.dagster import Dagster
from backend.runs.service import shown

T = TypeVar("T")

RUN = {
    "runId": "one",
    "jobName": "refresh",
    "status": "STARTED",
    "creationTime": 1_735_689_600.0,
    "startTime": 1_735_689_660.5,
    "endTime": None,
    "canTerminate": True,
    "tags": [{"key": "dagster/partition", "value": "2025-01-01"}, {"key": "other", "value": "x"}],
}
RANGE = [
    {"key": "dagster/asset_partition_range_start", "value": "2025-01-01"},
    {"key": "dagster/asset_partition_range_end", "value": "2025-01-03"},
]


def asked(answer: object, question: Callable[[Dagster], Coroutine[Any, Any, T]]) -> tuple[T, dict[str, Any]]:
    """What a question comes to where Dagster answers like this, and what it was sent."""
    sent: list[dict[str, Any]] = []

    def answers(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, json={"data": {"answer": answer}})

    async def ask() -> T:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answers)) as client:
            return await question(Dagster(client, "http://dagster"))

    return asyncio.run(ask()), sent[0]["variables"]


def test_a_run_is_read() -> None:
    ended = {**RUN, "status": "SUCCESS", "endTime": 1_735_689_720.5, "tags": RANGE, "canTerminate": False}
    waiting = {**RUN, "status": "QUEUED", "startTime": None, "tags": []}
    answer = {"__typename": "Runs", "results": [RUN, ended, waiting]}
    (running, done, queued), sent = asked(answer, lambda dagster: dagster.runs(20))
    assert sent == {"limit": 20, "filter": None}
    assert [each.state for each in (running, done, queued)] == ["running", "done", "queued"]
    assert (running.first_day, running.last_day) == ("2025-01-01", "2025-01-01")
    assert (done.first_day, done.last_day) == ("2025-01-01", "2025-01-03")
    assert (queued.first_day, queued.last_day) == (None, None)
    now = datetime(2025, 1, 1, 0, 3, 0, 500_000, UTC)
    lasted = [shown(each, "http://pages", now).duration_seconds for each in (running, done, queued)]
    assert lasted == [120.0, 60.0, None]
    assert shown(running, "http://pages", now).dagster_url == "http://pages/runs/one"
    assert shown(running, "", now).dagster_url is None


@pytest.mark.parametrize("status", ["CANCELING", "STARTED"])
def test_a_run_that_is_being_cancelled_runs(status: str) -> None:
    found, _ = asked({"__typename": "Runs", "results": [{**RUN, "status": status}]}, lambda dagster: dagster.runs(1))
    assert found[0].state == "running"


def test_a_day_is_a_partition_and_days_are_a_range() -> None:
    answer = {"__typename": "LaunchRunSuccess", "run": RUN}
    _, sent = asked(answer, lambda dagster: dagster.start("refresh", "2025-01-01", "2025-01-01", {"started_by": "a"}))
    assert sent["asked"]["executionMetadata"]["tags"] == RUN["tags"][:1]  # type: ignore[index]
    assert sent["asked"]["runConfigData"] == {"resources": {"choices": {"config": {"started_by": "a"}}}}
    _, sent = asked(answer, lambda dagster: dagster.start("backfill", "2025-01-01", "2025-01-03", {}))
    assert sent["asked"]["executionMetadata"]["tags"] == RANGE
    assert sent["asked"]["selector"]["jobName"] == "backfill"


def test_what_dagster_refuses_is_said() -> None:
    faulty = {"__typename": "RunConfigValidationInvalid", "errors": [{"message": "Undefined field\nand more"}]}
    with pytest.raises(Conflict, match=r"Dagster refused: Undefined field$"):
        asked(faulty, lambda dagster: dagster.start("refresh", "2025-01-01", "2025-01-01", {}))
    with pytest.raises(NotFound):
        asked({"__typename": "RunNotFoundError", "message": "none"}, lambda dagster: dagster.cancel("one"))
    with pytest.raises(Conflict, match="Dagster refused: it has ended"):
        asked({"__typename": "TerminateRunFailure", "message": "it has ended"}, lambda dagster: dagster.cancel("one"))


@pytest.mark.parametrize(
    "answer", [httpx.Response(500), httpx.Response(200, text="<html>"), httpx.Response(200, json={})]
)
def test_a_dagster_that_does_not_answer_is_away(answer: httpx.Response) -> None:
    with pytest.raises(Unavailable, match="Dagster does not answer"):
        asked(answer, lambda dagster: dagster.runs(1))


def test_without_an_address_nobody_is_asked() -> None:
    async def ask() -> None:
        async with httpx.AsyncClient() as client:
            await Dagster(client, "").runs(1)

    with pytest.raises(Unavailable):
        asyncio.run(ask())
