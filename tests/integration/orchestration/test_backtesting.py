"""What a backtest leaves behind: on the run, in Dagster, in the terminal."""

import json
from datetime import date

import dagster as dg
import pytest
from mlflow import MlflowClient

from core.errors import UserError
from core.home import Home
from ml.backtest_report import POOLED, BacktestReport
from ml.kinds import PURCHASE
from orchestration.backtesting import backtest_challenger, read_backtest
from registry.mlflow_registry import Registry
from tests.integration.conftest import RanPlatform, command
from warehouse.database import Database
from warehouse.marts import Marts

DAYS = ["1998-03-03", "1998-04-02", "1998-05-02", "1998-06-01"]


@pytest.fixture
def registry(ran_platform: RanPlatform) -> Registry:
    environment = ran_platform.platform.environment
    return Registry(
        environment["MLFLOW_TRACKING_URI"], environment["MLFLOW_ARTIFACT_ROOT"], Home(ran_platform.home).storage
    )


@pytest.mark.parametrize("kind", ["purchase", "churn"])
def test_the_run_of_the_challenger_shows_it(kind: str, registry: Registry) -> None:
    version = registry.champion(kind)
    client = MlflowClient(registry.tracking_uri)
    plots = {file.path for file in client.list_artifacts(version.run_id, "plots")}
    assert {f"plots/backtest_{name}.png" for name in ("auc", "reliability", "gain")} <= plots

    report = read_backtest(registry, version)
    assert isinstance(report, BacktestReport)
    of_model = report.figures.filter(figure="auc", contender="model")
    assert of_model.filter(scope="cutoff")["group"].to_list() == DAYS
    curve = client.get_metric_history(version.run_id, "backtest_cutoff/auc model")
    assert [metric.step for metric in curve] == [1, 2, 3, 4]
    assert [metric.value for metric in curve] == of_model.filter(scope="cutoff")["estimate"].to_list()
    assert curve[0].timestamp == 888883200000  # 1998-03-03
    # The newest fold is the challenger itself, on the rows it was tested on.
    assert curve[-1].value == pytest.approx(version.metrics["auc"], abs=1e-12)
    baseline = report.figures.filter(figure="auc", contender="rfm_logistic", group=DAYS[-1])["estimate"].item()
    assert baseline == pytest.approx(version.metrics["rfm_logistic_auc"], abs=1e-12)
    pooled = of_model.filter(scope=POOLED).row(0, named=True)
    assert pooled["low"] < pooled["estimate"] < pooled["high"]
    assert pooled["rows"] == of_model.filter(scope="cutoff")["rows"].sum()
    assert not any(name.startswith("backtest") for name in version.metrics)


@pytest.mark.usefixtures("ran_platform")
def test_dagster_shows_the_tables() -> None:
    with dg.DagsterInstance.get() as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("purchase_backtest"))
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert str(metadata["cutoffs"].value).startswith("| test cutoff | contender | rows | positives | AUC |")
    assert "| rfm_logistic |" in str(metadata["differences"].value)
    assert "| value | high spender |" in str(metadata["slices"].value)


def test_compare_prints_it(ran_platform: RanPlatform) -> None:
    printed = command(ran_platform.platform, "models", "compare", "purchase")
    assert "Backtest of v1, 95 % intervals: test cutoffs, ranking" in printed
    assert all(day in printed for day in (*DAYS, "pooled", "rfm_logistic", "high spender", "long known"))
    told = json.loads(command(ran_platform.platform, "models", "compare", "churn", "--json"))
    figures = told["champion"]["backtest"]["figures"]
    assert {row["group"] for row in figures if row["scope"] == "cutoff"} == set(DAYS)
    assert told["challenger"]["backtest"] == told["champion"]["backtest"]


def test_segments_promise_nothing_that_could_be_backtested(registry: Registry) -> None:
    assert read_backtest(registry, registry.champion("segmentation")) is None


def test_the_challenger_of_another_day_is_not_backtested(ran_platform: RanPlatform, registry: Registry) -> None:
    marts = Marts(Database(ran_platform.warehouse_url))
    with pytest.raises(UserError, match="no purchase challenger as of 1998-05-01"):
        backtest_challenger(PURCHASE, marts, registry, date(1998, 5, 1), ran_platform.horizon_days)
