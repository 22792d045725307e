"""The code location: every asset, job and schedule, put together when Dagster asks for it."""

import os
import warnings

import dagster as dg
from dagster_dbt import DbtCliResource

from core.settings import read_settings
from orchestration.assets.backtests import backtest_assets
from orchestration.assets.drift import drift_assets
from orchestration.assets.early_warning import early_warning
from orchestration.assets.events import events
from orchestration.assets.marts import FolderGroups, dbt_assets_of, prepared_project
from orchestration.assets.models import model_assets
from orchestration.assets.policies import policy, user_effects
from orchestration.assets.recommendations import recommendation_assets
from orchestration.assets.scorecard import scorecard
from orchestration.assets.scores import score_assets
from orchestration.assets.serving import deployment_assets
from orchestration.assets.time_rule import time_rule_checks
from orchestration.jobs import BACKFILL, QUICK_RETRAIN, REFRESH, RETRAIN
from orchestration.lake_upkeep import lake_upkeep
from orchestration.resources import Choices, HomeResource, RegistryResource, WarehouseResource
from orchestration.retention import retention
from orchestration.schedules import daily_refresh, monthly_retention, nightly_lake_upkeep, weekly_retrain
from orchestration.sensors import retrain_on_drift, tell_of_runs
from standalone import dbt
from standalone.stack import join_platform


def build_definitions() -> dg.Definitions:
    """Everything there is. One process a run: on two cores a process a step costs more than it wins."""
    project = prepared_project()
    settings = read_settings()
    # Marts take a range of days in one run (the job `backfill`), whatever learns or scores takes a day a run. In a job
    # of both Dagster takes a day a run, as it should, and says so each time.
    warnings.filterwarnings("ignore", message="Asset job .* materializes assets with varying BackfillPolicies")
    return dg.Definitions(
        assets=[
            events,
            *dbt_assets_of(project),
            *model_assets(),
            *backtest_assets(),
            *score_assets(),
            *recommendation_assets(),
            *drift_assets(),
            scorecard,
            early_warning,
            policy,
            user_effects,
            *deployment_assets(),
        ],
        asset_checks=time_rule_checks(),
        jobs=[REFRESH, RETRAIN, QUICK_RETRAIN, BACKFILL, retention, lake_upkeep],
        schedules=[daily_refresh, weekly_retrain, monthly_retention, nightly_lake_upkeep],
        sensors=[retrain_on_drift(settings.drift_cooldown_days), *tell_of_runs()],
        resources={
            "dbt": DbtCliResource(project, dagster_dbt_translator=FolderGroups(), dbt_executable=dbt.__file__),
            "warehouse": WarehouseResource(url=dg.EnvVar("WAREHOUSE_URL"), training_rows=settings.training_rows),
            "registry": RegistryResource(
                tracking_uri=dg.EnvVar("MLFLOW_TRACKING_URI"),
                artifacts=dg.EnvVar("MLFLOW_ARTIFACT_ROOT"),
                home=dg.EnvVar("CUSTOMER_ANALYZER_HOME"),
            ),
            "home": HomeResource(root=dg.EnvVar("CUSTOMER_ANALYZER_HOME")),
            "choices": Choices(horizon_days=settings.horizon_days),
        },
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster finds when it loads this module; plain `dagster dev` brings no platform, so it is started here."""
    if "WAREHOUSE_URL" not in os.environ:
        join_platform(read_settings())
    return build_definitions()
