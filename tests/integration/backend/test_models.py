"""Versions of models over HTTP, and changes of champions that people ask for."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from backend.access.permissions import Role
from tests.integration.backend.conftest import Api
from warehouse.database import command, rows
from warehouse.locks import promotion_lock
from warehouse.model_versions import ModelVersion, note_checks, publish
from warehouse.promotions import record_promotion


@pytest.fixture(autouse=True)
def two_versions(api: Api) -> Iterator[None]:
    """A champion, and a challenger that the gate refused."""
    for version, verdict in ((1, "promoted: the first"), (2, "not promoted: AUC 0.7 is below the 0.8 of recency")):
        api.warehouse.run(publish(churn(version, verdict)))
    api.warehouse.run(note_checks("churn", 2, {"challenger_auc": 0.7, "champion_auc": 0.8}))
    promote(api, None, 1)
    yield
    for emptied in (
        "delete from ml.promotions",
        "delete from ml.model_versions",
        "delete from jobs.model_changes",
    ):
        api.warehouse.run(command(emptied))


def churn(version: int, verdict: str) -> ModelVersion:
    return ModelVersion(
        model="churn",
        version=version,
        as_of=date(2025, version, 1),
        horizon_days=30,
        test_cutoff=date(2025, version, 1),
        created_at=datetime(2025, version, 1, tzinfo=UTC),
        digest="d",
        experiment_id="3",
        run_id=f"run{version}",
        verdict=verdict,
        metrics={"auc": 0.7},
        report={"reliability": [{"bin": 1, "predicted": 0.2, "observed": 0.3, "low": 0.1, "high": 0.4, "rows": 9}]},
    )


def promote(api: Api, before: int | None, version: int) -> None:
    record = record_promotion(
        "churn", kind="promote", from_version=before, to_version=version, reason="a test", promoted_by="me"
    )
    api.warehouse.run(record)


def shown(caller: httpx.Client) -> dict[str, Any]:
    models = caller.get("/models").raise_for_status().json()["models"]
    return next(model for model in models if model["model"] == "churn")


def ask(caller: httpx.Client, version: int = 2, seen: int | None = 1, **more: object) -> httpx.Response:
    body = {"version": version, "champion_version": seen, "reason": "we want it", **more}
    return caller.post("/models/churn/promotions", json=body)


def test_the_champion_stands_beside_the_challenger(caller: httpx.Client) -> None:
    model = shown(caller)
    assert (model["champion_version"], model["rollback_version"]) == (1, None)
    challenger, champion = model["versions"]
    assert [challenger["role"], champion["role"]] == ["challenger", "champion"]
    assert [challenger["is_refused"], champion["is_refused"]] == [True, False]
    assert challenger["checks"]["champion_auc"] == 0.8
    assert champion["mlflow_url"].endswith("/#/experiments/3/runs/run1")
    assert model["reports"]["2"]["reliability"][0]["observed"] == 0.3
    assert model["reports"]["2"]["backtest"] == []


def test_what_the_gate_refused_is_promoted_only_by_saying_so(api: Api, caller: httpx.Client) -> None:
    refused = ask(caller)
    assert refused.status_code == 409
    assert "below the 0.8 of recency" in refused.json()["detail"]
    asked = ask(caller, overrules_gate=True)
    assert asked.status_code == 202, asked.text
    change = asked.json()
    assert (change["state"], change["from_version"], change["to_version"]) == ("waiting", 1, 2)
    assert caller.get(f"/models/changes/{change['change_id']}").json() == change == shown(caller)["change"]
    queued = rows(
        str,
        "select task_name from jobs.procrastinate_jobs where args->>'change_id' = %(id)s",
        **{"id": change["change_id"]},
    )
    assert api.warehouse.run(queued) == ["change_champion"]
    logged = caller.get("/audit", params={"action": "model:promote"}).json()
    assert "we want it" in str(logged)
    # Another one waits until this one is over.
    assert "not over yet" in ask(caller, overrules_gate=True).json()["detail"]


def test_whoever_saw_another_champion_decides_again(api: Api, caller: httpx.Client) -> None:
    for seen in (None, 2, 7):
        assert ask(caller, seen=seen).status_code == 409
    body = {"champion_version": 2, "reason": "complaints"}
    assert "has the champion 1" in caller.post("/models/churn/rollbacks", json=body).json()["detail"]


def test_there_is_something_to_roll_back_to_or_not(api: Api, caller: httpx.Client) -> None:
    body = {"champion_version": 1, "reason": "complaints"}
    assert "no champion before it" in caller.post("/models/churn/rollbacks", json=body).json()["detail"]
    promote(api, 1, 2)
    assert shown(caller)["rollback_version"] == 1
    asked = caller.post("/models/churn/rollbacks", json=body | {"champion_version": 2})
    assert asked.status_code == 202
    assert (asked.json()["from_version"], asked.json()["to_version"]) == (2, 1)


def test_nobody_promotes_while_somebody_else_does(api: Api, caller: httpx.Client) -> None:
    with promotion_lock(api.warehouse, "churn"):
        refused = ask(caller, overrules_gate=True)
    assert refused.status_code == 409
    assert "Somebody else is promoting churn" in refused.json()["detail"]
    with promotion_lock(api.warehouse, "purchase"):
        assert ask(caller, overrules_gate=True).status_code == 202


def test_what_is_not_there_cannot_be_promoted(caller: httpx.Client) -> None:
    assert ask(caller, version=9).status_code == 404
    assert ask(caller, version=1).status_code == 409
    assert caller.post("/models/nothing/rollbacks", json={"champion_version": 1, "reason": "why"}).status_code == 404
    assert ask(caller, reason="").status_code == 422


def test_only_managers_of_models_change_a_champion(signed_in: Callable[[Role], httpx.Client]) -> None:
    for role, status in ((Role.VIEWER, 403), (Role.MARKETER, 403), (Role.ANALYST, 202)):
        with signed_in(role) as person:
            assert ask(person, overrules_gate=True).status_code == status
