"""Sensors, which act on a finding and not at a fixed time: they start a job, or tell people that one has ended."""

from datetime import date, timedelta

import dagster as dg

from orchestration.jobs import RETRAIN
from orchestration.resources import WarehouseResource
from warehouse.drift_reports import confirmed_drift
from warehouse.notices import RunState, run_ended

_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
_SECONDS_BETWEEN_LOOKS = 300
_ENDS: dict[dg.DagsterRunStatus, RunState] = {
    dg.DagsterRunStatus.SUCCESS: "done",
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.CANCELED: "canceled",
}
_SECONDS_BETWEEN_NOTICES = 10


def retrain_on_drift(cooldown_days: int) -> dg.SensorDefinition:
    """The sensor that starts one retrain when drift is confirmed, and the next one at least `cooldown_days` later.

    Days are the `as_of` of the drift. The cursor is the day of the last request, so it survives a restart.
    """

    @dg.sensor(
        name="retrain_on_drift",
        job=RETRAIN,
        minimum_interval_seconds=_SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Confirmed drift of any model starts one retrain of all models. The gate decides as always.",
    )
    def sensor(context: dg.SensorEvaluationContext, warehouse: WarehouseResource) -> dg.SensorResult | dg.SkipReason:
        found = warehouse.open().run(confirmed_drift())
        if not found:
            return dg.SkipReason("No drift is confirmed.")
        as_of = found[0].as_of
        if context.cursor and as_of < date.fromisoformat(context.cursor) + timedelta(days=cooldown_days):
            return dg.SkipReason(
                f"Drift started a retrain as of {context.cursor}; it starts the next one {cooldown_days} days later."
            )
        if context.instance.get_runs(dg.RunsFilter(job_name=RETRAIN.name, statuses=_UNFINISHED), limit=1):
            return dg.SkipReason("A retrain is running already.")
        day = as_of.isoformat()
        reasons = {f"drift/{drift.model}": drift.reason for drift in found}
        request = dg.RunRequest(run_key=f"retrain on drift {day}", partition_key=day, tags=reasons)
        return dg.SensorResult(run_requests=[request], cursor=day)

    return sensor


def tell_of_runs() -> list[dg.SensorDefinition]:
    """The sensors that tell people of every run that has ended, also of those that the command line started."""
    return [_tell_of_runs(status, state) for status, state in _ENDS.items()]


def _tell_of_runs(status: dg.DagsterRunStatus, state: RunState) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        run_status=status,
        name=f"tell_of_runs_{state}",
        minimum_interval_seconds=_SECONDS_BETWEEN_NOTICES,
        # A run of the command line belongs to no code location.
        monitor_all_code_locations=True,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Tells people at the dashboard of runs that are {state}.",
    )
    def sensor(context: dg.RunStatusSensorContext, warehouse: WarehouseResource) -> None:
        run = context.dagster_run
        warehouse.open().run(run_ended(run.run_id, run.job_name, state, run.tags.get("dagster/partition")))

    return sensor
