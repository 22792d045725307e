"""Dagster's GraphQL API, as much of it as people at the dashboard need.

Belongs here: the questions, and what an answer means. Does not belong here: who may ask, and what is recorded
(`service`). The client of `dagster-graphql` is not used: it waits for answers without letting other requests go on, and
can neither list runs nor say why one was refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import httpx

from backend.errors import Conflict, NotFound, Unavailable
from core.problems import FieldError

RunState = Literal["queued", "running", "done", "failed", "canceled"]

# Where the workspace file of `up` says that the jobs are.
_LOCATION, _REPOSITORY = "customer_analyzer", "__repository__"
_STATES: dict[str, RunState] = {"SUCCESS": "done", "FAILURE": "failed", "CANCELED": "canceled"}
_WAITING = {"NOT_STARTED", "QUEUED", "MANAGED", "STARTING"}
_DAY, _FIRST_DAY, _LAST_DAY = (
    "dagster/partition",
    "dagster/asset_partition_range_start",
    "dagster/asset_partition_range_end",
)
_RETRY_SECONDS = 5
# A daemon that starts loads the code location, and its webserver answers after that.
_SECONDS = 20.0

_RUN = "runId jobName status creationTime startTime endTime canTerminate tags { key value }"
_RUNS = f"""
query Runs($limit: Int!, $filter: RunsFilter) {{
  answer: runsOrError(limit: $limit, filter: $filter) {{
    __typename
    ... on Runs {{ results {{ {_RUN} }} }}
    ... on Error {{ message }}
  }}
}}
"""
_LAUNCH = f"""
mutation Launch($asked: ExecutionParams!) {{
  answer: launchRun(executionParams: $asked) {{
    __typename
    ... on LaunchRunSuccess {{ run {{ {_RUN} }} }}
    ... on RunConfigValidationInvalid {{ errors {{ message }} }}
    ... on Error {{ message }}
  }}
}}
"""
_TERMINATE = """
mutation Terminate($run: String!) {
  answer: terminateRun(runId: $run, terminatePolicy: SAFE_TERMINATE) {
    __typename
    ... on TerminateRunFailure { message }
    ... on Error { message }
  }
}
"""


@dataclass(frozen=True, slots=True)
class DagsterRun:
    """One run. Days are those it is about: one, or a range."""

    run_id: str
    job: str
    state: RunState
    first_day: str | None
    last_day: str | None
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    can_cancel: bool


@dataclass(frozen=True, slots=True)
class Dagster:
    """Dagster's webserver at an address; an empty address is one that never answers."""

    client: httpx.AsyncClient
    address: str

    async def runs(self, most: int, run_id: str | None = None) -> list[DagsterRun]:
        """The newest runs, or one. Raises Unavailable."""
        answer = await self._ask(_RUNS, {"limit": most, "filter": {"runIds": [run_id]} if run_id else None})
        return [_run(each) for each in _demand(answer, "Runs")["results"]]

    async def start(self, job: str, first_day: str, last_day: str, choices: Mapping[str, Any]) -> DagsterRun:
        """Starts a job for a day, or for a range of days in one run. Raises Unavailable, and Conflict."""
        days = {_DAY: first_day} if first_day == last_day else {_FIRST_DAY: first_day, _LAST_DAY: last_day}
        asked = {
            "selector": {"repositoryLocationName": _LOCATION, "repositoryName": _REPOSITORY, "jobName": job},
            "runConfigData": {"resources": {"choices": {"config": dict(choices)}}},
            "executionMetadata": {"tags": [{"key": key, "value": day} for key, day in days.items()]},
        }
        return _run(_demand(await self._ask(_LAUNCH, {"asked": asked}), "LaunchRunSuccess")["run"])

    async def cancel(self, run_id: str) -> None:
        """Asks a run to end. Raises Unavailable, NotFound, and Conflict where it has ended."""
        answer = await self._ask(_TERMINATE, {"run": run_id})
        if answer["__typename"] == "RunNotFoundError":
            raise NotFound("There is no such run.", [FieldError("run_id", "is not the id of a run")])
        _demand(answer, "TerminateRunSuccess")

    async def _ask(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        away = Unavailable("Dagster does not answer; see whether its webserver runs, and try again.", _RETRY_SECONDS)
        if not self.address:
            raise away
        try:
            response = await self.client.post(
                f"{self.address.rstrip('/')}/graphql", json={"query": query, "variables": variables}, timeout=_SECONDS
            )
            answer = response.raise_for_status().json()["data"]["answer"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise away from error
        return dict(answer)


def _demand(answer: dict[str, Any], kind: str) -> dict[str, Any]:
    if answer["__typename"] == kind:
        return answer
    faults = answer.get("errors") or [answer]
    said = str(faults[0].get("message") or answer["__typename"]).strip().splitlines()[0][:300]
    raise Conflict(f"Dagster refused: {said}")


def _run(told: Mapping[str, Any]) -> DagsterRun:
    tags = {tag["key"]: tag["value"] for tag in told["tags"]}
    status = told["status"]
    return DagsterRun(
        run_id=told["runId"],
        job=told["jobName"],
        state=_STATES.get(status) or ("queued" if status in _WAITING else "running"),
        first_day=tags.get(_FIRST_DAY, tags.get(_DAY)),
        last_day=tags.get(_LAST_DAY, tags.get(_DAY)),
        asked_at=datetime.fromtimestamp(told["creationTime"], UTC),
        started_at=_moment(told["startTime"]),
        ended_at=_moment(told["endTime"]),
        can_cancel=bool(told["canTerminate"]),
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
