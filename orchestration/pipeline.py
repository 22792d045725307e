"""Running the pipeline from the command line: the same job Dagster schedules, in this process, with progress.

Belongs here: starting a job for a day and telling what became of its steps. Not: which day (`orchestration.planning`),
what the steps do (`orchestration.assets`), or how progress looks (`cli`).
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import dagster as dg

from core.errors import DISK_FULL, NO_SPACE
from ml.cutoffs import CutoffPlan
from orchestration.definitions import build_definitions
from orchestration.lost_runs import PROCESS_TAG, end_lost_runs, this_process
from orchestration.resources import Choices


@dataclass(frozen=True)
class FailedStep:
    """A step that did not succeed, and the innermost error as one line."""

    step: str
    error: str


@dataclass(frozen=True)
class Check:
    """What an asset check found."""

    asset: str
    name: str
    passed: bool
    description: str


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended."""

    run_id: str
    as_of: date
    horizon_days: int
    failed: tuple[FailedStep, ...]
    skipped: tuple[str, ...]
    checks: tuple[Check, ...]

    @property
    def is_success(self) -> bool:
        """Every step that could run did."""
        return not self.failed

    def check(self, asset: str, name: str) -> Check | None:
        """The result of one check, if it was evaluated."""
        return next((check for check in self.checks if (check.asset, check.name) == (asset, name)), None)


def run_job(
    job: str,
    plan: CutoffPlan,
    *,
    started_by: str,
    on_step: Callable[[str, bool], None],
    steps: Callable[[int], None],
) -> RunOutcome:
    """Runs a job for a day. `steps` is told how many there are, `on_step` the name and end of each.

    Errors of steps are reported, not raised; runs and logs are kept by the Dagster instance of the home.
    """
    definition = build_definitions().resolve_job_def(job)
    steps(len(definition.nodes))
    run_id = str(uuid.uuid4())
    failed: list[FailedStep] = []
    skipped: list[str] = []
    checks: list[Check] = []
    refusals: dict[str, str] = {}

    def listen(event: dg.EventLogEntry) -> None:
        happened = event.dagster_event
        if happened is None or happened.step_key is None:
            return
        if happened.is_step_failure:
            reason = refusals.get(happened.step_key) or one_line(happened.step_failure_data.error)
            failed.append(FailedStep(happened.step_key, reason))
        elif happened.is_step_skipped:
            skipped.append(happened.step_key)
        elif happened.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            found = happened.asset_check_evaluation_data
            checks.append(
                Check("/".join(found.asset_key.path), found.check_name, found.passed, found.description or "")
            )
            if found.blocking and not found.passed and found.description:
                refusals[happened.step_key] = found.description
        if happened.is_step_failure or happened.is_step_skipped or happened.is_step_success:
            on_step(happened.step_key, happened.is_step_success)

    with dg.DagsterInstance.get() as instance:
        end_lost_runs(instance)
        instance.add_event_listener(run_id, listen)
        result = definition.execute_in_process(
            instance=instance,
            run_id=run_id,
            partition_key=plan.as_of.isoformat(),
            run_config=dg.RunConfig(
                resources={"choices": Choices(horizon_days=plan.horizon_days, started_by=started_by)}
            ),
            tags={PROCESS_TAG: this_process()},
            raise_on_error=False,
        )
    if not result.success and not failed:
        failed.append(FailedStep("the run itself", "it ended before its first step"))
    return RunOutcome(run_id, plan.as_of, plan.horizon_days, tuple(failed), tuple(skipped), tuple(checks))


def one_line(error: object) -> str:
    """The error that caused all others, for who reads about a failed step. `error` is as Dagster keeps errors."""
    while getattr(error, "cause", None) is not None:
        error = error.cause  # type: ignore[attr-defined]
    message = str(getattr(error, "message", error)).strip()
    if NO_SPACE in message and "could not" in message:
        return DISK_FULL
    # Of a dbt that failed, dagster-dbt tells the command first, and what dbt objected to last.
    _, is_dbts, objections = message.partition("Errors parsed from dbt logs:")
    if is_dbts:
        return next((" ".join(each.split()) for each in objections.split("\n\n") if " Error in " in each), "dbt failed")
    return message.splitlines()[0] if message else "no message"
