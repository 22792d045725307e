"""Schedules of the jobs. All times are UTC."""

import dagster as dg

from orchestration.jobs import REFRESH, RETRAIN
from orchestration.lake_upkeep import lake_upkeep
from orchestration.retention import retention


def _today(context: dg.ScheduleEvaluationContext) -> str:
    """Today as a partition key: what was known when this day began."""
    return context.scheduled_execution_time.strftime("%Y-%m-%d")


@dg.schedule(
    job=REFRESH, cron_schedule="15 1 * * *", execution_timezone="UTC", default_status=dg.DefaultScheduleStatus.RUNNING
)
def daily_refresh(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Builds marts and scores and checks drift as of today, every night."""
    return dg.RunRequest(run_key=f"refresh {_today(context)}", partition_key=_today(context))


@dg.schedule(
    job=RETRAIN, cron_schedule="15 3 * * 1", execution_timezone="UTC", default_status=dg.DefaultScheduleStatus.RUNNING
)
def weekly_retrain(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Trains challengers, lets the gate decide, scores and deploys, every Monday."""
    return dg.RunRequest(run_key=f"retrain {_today(context)}", partition_key=_today(context))


monthly_retention = dg.ScheduleDefinition(
    name="monthly_retention",
    job=retention,
    cron_schedule="45 4 1 * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Drops old records on the first of every month.",
)

nightly_lake_upkeep = dg.ScheduleDefinition(
    name="nightly_lake_upkeep",
    job=lake_upkeep,
    cron_schedule="45 5 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Compacts and expires the lake's tables every night, where there is a lake.",
)
