"""What starts a job because of what was found, not because of the hour."""

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
    """The sensor that starts one retrain when drift is confirmed, and another no sooner than `cooldown_days` later.

    Days are those drift was seen as of. The cursor is the day of the last request, so a restart forgets nothing.
    """

    @dg.sensor(
        name="retrain_on_drift",
        job=RETRAIN,
        minimum_interval_seconds=_SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Confirmed drift of any model starts a retrain of all, once; the gate decides as ever.",
    )
    def sensor(context: dg.SensorEvaluationContext, warehouse: WarehouseResource) -> dg.SensorResult | dg.SkipReason:
        found = warehouse.open().run(confirmed_drift())
        if not found:
            return dg.SkipReason("No drift is confirmed.")
        as_of = found[0].as_of
        if context.cursor and as_of < date.fromisoformat(context.cursor) + timedelta(days=cooldown_days):
            return dg.SkipReason(f"Drift asked for a retrain as of {context.cursor}; the next in {cooldown_days} days.")
        if context.instance.get_runs(dg.RunsFilter(job_name=RETRAIN.name, statuses=_UNFINISHED), limit=1):
            return dg.SkipReason("A retrain is running already.")
        day = as_of.isoformat()
        reasons = {f"drift/{drift.model}": drift.reason for drift in found}
        request = dg.RunRequest(run_key=f"retrain on drift {day}", partition_key=day, tags=reasons)
        return dg.SensorResult(run_requests=[request], cursor=day)

    return sensor
