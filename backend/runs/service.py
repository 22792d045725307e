"""What is decided about runs, and what is recorded of them.

Does not belong here: Dagster's words (`dagster`).
"""

from datetime import UTC, date, datetime

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.recording import entry
from backend.errors import Conflict, Invalid, NotFound
from backend.resources import Resources
from backend.runs.dagster import DagsterRun
from backend.runs.schemas import NewRun, Run, Runs
from core.problems import FieldError

_FIRST = date(1970, 1, 1)


async def runs(resources: Resources, most: int) -> Runs:
    """The newest runs. Raises Unavailable while Dagster does not answer."""
    pages, now = _pages(resources), datetime.now(UTC)
    found = await resources.dagster.runs(most)
    return Runs(runs=[shown(run, pages, now) for run in found], dagster_url=pages or None)


async def run(resources: Resources, run_id: str) -> Run:
    """One run. Raises NotFound, and Unavailable."""
    found = await resources.dagster.runs(1, run_id)
    if not found:
        raise NotFound("There is no such run.", [FieldError("run_id", "is not the id of a run")])
    return shown(found[0], _pages(resources), datetime.now(UTC))


async def start(resources: Resources, principal: Principal, origin: Origin, given: NewRun) -> Run:
    """Starts a run; it waits while another one runs. Raises Invalid, Conflict and Unavailable.

    What is asked for is recorded before Dagster is told, so that no run begins without a name to it.
    """
    last = given.last_day or given.first_day
    if not _FIRST <= given.first_day <= last <= datetime.now(UTC).date():
        raise Invalid(
            "A run is about days that have begun.", [FieldError("first_day", f"must lie from {_FIRST} to today (UTC)")]
        )
    days = {"first_day": given.first_day.isoformat(), "last_day": last.isoformat()}
    await resources.database.run(entry(principal, origin, "run:start", given.job, after=days))
    started = await resources.dagster.start(
        given.job, days["first_day"], days["last_day"], {"started_by": principal.name}
    )
    return shown(started, _pages(resources), datetime.now(UTC))


async def cancel(resources: Resources, principal: Principal, origin: Origin, run_id: str) -> Run:
    """Asks a run to end; it is `canceled` some seconds later. Raises NotFound, Conflict and Unavailable."""
    before = await run(resources, run_id)
    if before.ended_at is not None or not before.can_cancel:
        raise Conflict(f"This run is {before.state} and cannot be cancelled.")
    recorded = entry(principal, origin, "run:cancel", run_id, before={"job": before.job, "state": before.state})
    await resources.database.run(recorded)
    await resources.dagster.cancel(run_id)
    return await run(resources, run_id)


def shown(found: DagsterRun, pages: str, now: datetime) -> Run:
    """A run as people see it."""
    lasted = None if found.started_at is None else ((found.ended_at or now) - found.started_at).total_seconds()
    return Run(
        run_id=found.run_id,
        job=found.job,
        state=found.state,
        first_day=found.first_day,
        last_day=found.last_day,
        asked_at=found.asked_at,
        started_at=found.started_at,
        ended_at=found.ended_at,
        duration_seconds=None if lasted is None else max(lasted, 0.0),
        can_cancel=found.can_cancel,
        dagster_url=f"{pages}/runs/{found.run_id}" if pages else None,
    )


def _pages(resources: Resources) -> str:
    return resources.settings.dagster_pages.rstrip("/")
