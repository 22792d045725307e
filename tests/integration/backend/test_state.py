"""Reports on models and data over HTTP: what the pipeline recorded, and that nothing was recorded yet."""

import httpx

from tests.integration.backend.conftest import Api
from warehouse.database import command

MODELS = ["segmentation", "purchase", "churn"]


def test_a_new_shop_has_nothing_to_say(caller: httpx.Client) -> None:
    models = caller.get("/analytics/models").raise_for_status().json()["models"]
    assert [each["model"] for each in models] == MODELS
    assert all(each["deployment"] is None and each["scorecard"] == [] for each in models)
    health = caller.get("/analytics/data-health").raise_for_status().json()
    assert health["freshness"]["events_read_at"] is None
    assert health["freshness"]["features_as_of"] is None
    assert [(each["model"], each["as_of"]) for each in health["freshness"]["scores"]] == [
        (name, None) for name in MODELS
    ]
    for path in ("dashboard", "revenue", "funnel", "retention", "segments", "rfm"):
        assert caller.get(f"/analytics/{path}").raise_for_status().json()["as_of"] is None
    assert caller.get("/users").json() == {"as_of": None, "users": [], "next_cursor": None, "facets": None}


def test_models_say_what_runs_and_why(api: Api, caller: httpx.Client) -> None:
    for statement in (
        "insert into ml.deployments (model, model_version, digest, artifact_uri, bento_tag, deployed_by)"
        " values ('churn', 3, 'old', '/old', 'old', 'a test'), ('churn', 4, 'new', '/new', 'new', 'a test')",
        "insert into ml.promotions (model, from_version, to_version, kind, reason, promoted_by)"
        " values ('churn', 3, 4, 'promote', 'not worse', 'a test')",
        "insert into ml.drift (model, as_of, model_version, is_drifted, is_confirmed, alarms, share_drifted, reason)"
        " values ('churn', '2024-03-01', 4, true, false, '{recency}', 0.25, 'recency moved')",
    ):
        api.warehouse.run(command(statement))
    churn = caller.get("/analytics/models").json()["models"][2]
    assert (churn["deployment"]["model_version"], churn["deployment"]["digest"]) == (4, "new")
    assert [(each["from_version"], each["to_version"], each["reason"]) for each in churn["changes"]] == [
        (3, 4, "not worse")
    ]
    assert churn["drift"][0]["alarms"] == ["recency"]
    assert churn["scorecard"] == []


def test_health_counts_what_was_held_back_and_shows_none_of_it(api: Api, caller: httpx.Client) -> None:
    bad = {
        "event_id": "no id",
        "user_id": "someone private",
        "event_type": "view",
        "occurred_at": "2024-01-01T00:00:00Z",
    }
    assert caller.post("/events", json=bad).status_code == 422
    answer = caller.get("/analytics/data-health")
    assert sum(each["rows"] for each in answer.json()["quarantine"]) == 1
    assert "event_id" in answer.json()["quarantine"][0]["reason"]
    assert "someone private" not in answer.text
