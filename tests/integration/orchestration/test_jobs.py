"""The nightly job on a shop whose models were never trained."""

import socket

import dagster as dg
import polars as pl
import pytest

from ingestion.importing import import_frames
from ml.cutoffs import cutoff_days, plan_backtest
from orchestration.lost_runs import PROCESS_TAG, end_lost_runs, this_process
from orchestration.pipeline import run_job
from orchestration.planning import plan_run
from simulator import simulate
from warehouse.database import Database
from warehouse.events import event_range
from warehouse.marts import Marts


@pytest.mark.usefixtures("capfd")
def test_refresh_builds_marts_and_skips_what_has_no_champion(warehouse_url: str) -> None:
    import_frames(warehouse_url, simulate(300, 60, 7), "a made-up shop")
    warehouse = Database(warehouse_url)
    plan = plan_run(warehouse, None, 7)
    ended: dict[str, bool] = {}

    outcome = run_job("refresh", plan, started_by="a test", steps=lambda _: None, on_step=ended.__setitem__)

    assert outcome.is_success
    kinds = ("segmentation", "purchase", "churn")
    without_model = ("after_models", "recommendation_promise", *(f"{kind}_drift" for kind in kinds))
    assert set(outcome.skipped) == {*without_model}
    assert {f"{kind}_scores" for kind in kinds} <= ended.keys()
    checked = {"raw/events": "contract"} | dict.fromkeys(
        ("marts/user_features", "marts/user_labels"), "knows_only_the_past"
    )
    for asset, name in checked.items():
        check = outcome.check(asset, name)
        assert check is not None
        assert check.passed, check.description
        assert name == "contract" or "users rebuilt from their events on" in check.description
    features = Marts(warehouse).snapshot(plan.as_of)
    assert features["user_id"].n_unique() == features.height > 200
    labels = warehouse.frame("select as_of, count(*) as users from marts.user_labels group by as_of order by as_of")
    known = event_range(warehouse)
    assert labels["as_of"].to_list() == list(cutoff_days(plan_backtest(plan.as_of, 7, known.first, known.last)))
    assert labels.filter(pl.col("users") == 0).is_empty()


@pytest.mark.usefixtures("warehouse_url")
def test_a_run_whose_process_was_killed_is_ended_and_others_are_left_alone() -> None:
    with dg.DagsterInstance.get() as instance:
        tags = {
            "killed": {PROCESS_TAG: f"{socket.gethostname()}:999999999:1.0"},
            "alive": {PROCESS_TAG: this_process()},
            "elsewhere": {PROCESS_TAG: "another machine:999999999:1.0"},
            "other": {},
        }
        runs = {
            name: instance.create_run_for_job(a_job, tags=each, status=dg.DagsterRunStatus.STARTED)
            for name, each in tags.items()
        }
        assert end_lost_runs(instance) == [runs["killed"].run_id]
        found = {name: instance.get_run_by_id(run.run_id) for name, run in runs.items()}
        assert {name for name, run in found.items() if run and run.is_failure} == {"killed"}
        for run in runs.values():
            instance.delete_run(run.run_id)


@dg.job
def a_job() -> None:
    """A job of no steps."""
