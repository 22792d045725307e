"""A kind of model that another package adds: trained, gated, scored, deployed and asked, with nothing else changed."""

from datetime import date
from pathlib import Path

import dagster as dg
import httpx
import pytest

from ingestion.importing import import_frames
from ml.kinds import model_kind
from orchestration.definitions import build_definitions
from orchestration.planning import plan_run
from orchestration.resources import Choices
from serving.schemas import RESPONSE_OF
from simulator import simulate
from standalone.fleet import running_servers
from standalone.local_key import ensure_local_key
from standalone.servers import model_servers
from standalone.stack import Platform
from standalone.up import announce, exclusive_up
from tests.integration.conftest import command
from tests.returning import install_returning
from warehouse.database import Database
from warehouse.promotions import promotion_history
from warehouse.scores import read_scores

STEPS = ("candidate", "champion", "backtest", "scores", "drift", "deployment")


@pytest.mark.usefixtures("capfd")
def test_an_added_kind_goes_all_the_way_to_an_answer(
    site: Path, empty_platform: Platform, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_returning(site)
    import_frames(warehouse_url, simulate(400, 150, 7), "a made-up shop")
    warehouse = Database(warehouse_url)
    plan = plan_run(warehouse, None, 14)

    materialize(plan.as_of, plan.horizon_days)

    (promotion,) = promotion_history(warehouse, "returning").to_dicts()
    assert promotion["to_version"] == 1
    assert promotion["reason"].startswith("promoted")
    scores = read_scores(warehouse, "returning", plan.as_of)
    assert scores["score"].is_between(0, 1).all()
    (model,) = model_servers(empty_platform)
    key = ensure_local_key(empty_platform)
    # The services find the package in their Bento; commands find it where it is installed.
    with exclusive_up(empty_platform.home), running_servers([model]) as services:
        announce(empty_platform.home, services)
        user = scores.row(0, named=True)
        answer = httpx.post(
            f"{services[0].command.address}/predict",
            json={"user_ids": [user["user_id"]]},
            headers={"authorization": f"Bearer {key}"},
            trust_env=False,
        )
        assert answer.status_code == 200
        body = answer.json()
        assert RESPONSE_OF[model_kind("returning").answer].validate_json(answer.content, strict=True)
        assert (body["model"], body["horizon_days"]) == ("returning", 14)
        (prediction,) = body["predictions"]
        assert prediction["probability"] == pytest.approx(user["score"], abs=1e-6)
        assert prediction["as_of"] == plan.as_of.isoformat()
        assert "the chance of a return" in prediction["reasons"][0]["text"]
        monkeypatch.setenv("PYTHONPATH", str(site))
        assert user["user_id"] in command(empty_platform, "predict", "returning", user["user_id"])
        assert "returning service" in command(empty_platform, "status")
    monkeypatch.delenv("PYTHONPATH")
    refused = command(empty_platform, "predict", "returning", user["user_id"], exit_code=2)
    assert "'returning' is not one of segmentation, purchase, churn" in " ".join(refused.split())


def materialize(as_of: date, horizon_days: int) -> None:
    """What the job `retrain` does, for this kind and all it is made from."""
    definitions = build_definitions()
    made_from = dg.AssetSelection.assets(*(f"returning_{step}" for step in STEPS)).upstream()
    chosen = made_from & dg.AssetSelection.all()
    result = definitions.resolve_job_def("retrain").execute_in_process(
        asset_selection=list(chosen.resolve(definitions.resolve_asset_graph())),
        partition_key=as_of.isoformat(),
        run_config=dg.RunConfig(resources={"choices": Choices(horizon_days=horizon_days, started_by="a test")}),
    )
    assert result.success
