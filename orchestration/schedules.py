"""When jobs start by themselves. All times are UTC."""

import dagster as dg

from orchestration.jobs import REFRESH, RETRAIN


def _today(context: dg.ScheduleEvaluationContext) -> str:
    """As of today: everything known when this day began."""
    return context.scheduled_execution_time.strftime("%Y-%m-%d")


@dg.schedule(
    job=REFRESH, cron_schedule="15 1 * * *", execution_timezone="UTC", default_status=dg.DefaultScheduleStatus.RUNNING
)
def daily_refresh(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Every night: marts, scores and drift as of today."""
    return dg.RunRequest(run_key=f"refresh {_today(context)}", partition_key=_today(context))


@dg.schedule(
    job=RETRAIN, cron_schedule="15 3 * * 1", execution_timezone="UTC", default_status=dg.DefaultScheduleStatus.RUNNING
)
def weekly_retrain(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Every Monday: train challengers, let the gate decide, score and deploy."""
    return dg.RunRequest(run_key=f"retrain {_today(context)}", partition_key=_today(context))
