"""Sensors, which start a job because of a finding and not at a fixed time."""

from datetime import date, timedelta

import dagster as dg

from orchestration.jobs import RETRAIN
from orchestration.resources import WarehouseResource
from warehouse.drift_reports import confirmed_drift

_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
_SECONDS_BETWEEN_LOOKS = 300


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
