"""The nightly job on a shop whose models were never trained."""

import polars as pl
import pytest

from orchestration.events.importing import import_frames
from orchestration.pipeline import plan_run, run_job
from orchestration.simulator import simulate
from orchestration.warehouse import Warehouse


@pytest.mark.usefixtures("capfd")
def test_refresh_builds_marts_and_skips_what_has_no_champion(warehouse_url: str) -> None:
    import_frames(warehouse_url, simulate(300, 60, 7), "a made-up shop")
    warehouse = Warehouse(warehouse_url)
    plan = plan_run(warehouse, None, 7)
    ended: dict[str, bool] = {}

    outcome = run_job("refresh", plan, started_by="a test", steps=lambda _: None, on_step=ended.__setitem__)

    assert outcome.is_success
    kinds = ("segmentation", "purchase", "churn")
    assert set(outcome.skipped) == {f"{kind}_drift" for kind in kinds}
    assert {f"{kind}_scores" for kind in kinds} <= ended.keys()
    check = outcome.check("raw/events", "contract")
    assert check is not None
    assert check.passed
    features = warehouse.snapshot(plan.as_of)
    assert features["user_id"].n_unique() == features.height > 200
    labels = warehouse.read("select as_of, count(*) as users from marts.user_labels group by as_of order by as_of")
    assert labels["as_of"].to_list() == list(plan.all)
    assert labels.filter(pl.col("users") == 0).is_empty()
