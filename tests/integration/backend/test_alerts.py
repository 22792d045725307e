"""Alerts: what Alertmanager posts is shown once, and by whom."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.integration.backend.conftest import Api
from warehouse.notices import run_ended

BEGAN = datetime(2025, 3, 1, 4, 30, tzinfo=UTC)


def posted(status: str, fingerprint: str, began: datetime = BEGAN) -> dict[str, Any]:
    """One alert as Alertmanager posts it: one that fires has a year 1 as its end."""
    ended = began + timedelta(minutes=9) if status == "resolved" else datetime(1, 1, 1, tzinfo=UTC)
    return {
        "status": status,
        "labels": {"alertname": "ServiceDown", "severity": "page", "model": "churn"},
        "annotations": {"summary": "The churn service does not answer.", "runbook": "docs/runbooks/ServiceDown.md"},
        "startsAt": began.isoformat(),
        "endsAt": ended.isoformat(),
        "generatorURL": "http://127.0.0.1:9090/graph",
        "fingerprint": fingerprint,
    }


def group(*alerts: dict[str, Any]) -> dict[str, Any]:
    return {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "dashboard", "alerts": alerts}


def test_an_alert_is_recorded_when_it_begins_and_when_it_ends(caller: httpx.Client) -> None:
    def post(*alerts: dict[str, Any]) -> int:
        answer = caller.post("/alerts", json=group(*alerts))
        assert answer.status_code == 200, answer.text
        return int(answer.json()["changed"])

    later = posted("firing", "b2", BEGAN + timedelta(hours=1))
    assert post(posted("firing", "a1"), later) == 2
    assert post(posted("firing", "a1"), later) == 0
    assert post(posted("resolved", "a1")) == 1
    # A message that was late changes nothing.
    assert post(posted("firing", "a1")) == 0
    assert post() == 0
    shown = caller.get("/alerts").json()["alerts"]
    assert [(each["began_at"][:16], each["ended_at"] and each["ended_at"][:16]) for each in shown] == [
        ("2025-03-01T05:30", None),
        ("2025-03-01T04:30", "2025-03-01T04:39"),
    ]
    assert shown[0]["name"] == "ServiceDown"
    assert shown[0]["runbook"] == "docs/runbooks/ServiceDown.md"
    assert len(caller.get("/alerts", params={"limit": 1}).json()["alerts"]) == 1
    # The overview has those that fire among what needs attention.
    assert caller.get("/analytics/attention").json()["alerts"] == shown[:1]


def test_who_watches_may_tell_and_who_reads_metrics_may_see(api: Api, make_key: Callable[..., str]) -> None:
    with api.caller(make_key("analytics:read")) as viewer:
        assert viewer.get("/analytics/attention").json()["alerts"] == []
    with api.caller(make_key("metrics:read")) as reader, api.caller(make_key("alerts:write")) as alertmanager:
        assert reader.post("/alerts", json=group()).status_code == 403
        assert reader.get("/alerts").status_code == 200
        assert alertmanager.get("/alerts").status_code == 403
        assert alertmanager.post("/alerts", json={**group(), "version": "3"}).status_code == 422


def test_moments_of_any_offset_are_kept_and_impossible_ones_refused(caller: httpx.Client) -> None:
    far, early = posted("firing", "c3"), posted("firing", "d4")
    far["startsAt"] = "2000-01-01T00:00:00+23:59"
    assert caller.post("/alerts", json=group(far)).status_code == 200
    for impossible in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2000-01-01T00:00:00"):
        assert caller.post("/alerts", json=group({**early, "startsAt": impossible})).status_code == 422
    assert caller.post("/alerts", json=group({**early, "endsAt": 0})).status_code == 422
    began = [each["began_at"] for each in caller.get("/alerts").json()["alerts"]]
    assert any(moment.startswith("1999-12-31T00:01:00") for moment in began)


def test_a_job_needs_attention_until_a_run_of_it_does_not_fail(api: Api, make_key: Callable[..., str]) -> None:
    def failed() -> list[str]:
        answer = viewer.get("/analytics/attention")
        assert answer.status_code == 200, answer.text
        return [each["subject"] for each in answer.json()["items"] if each["kind"] == "run_failed"]

    with api.caller(make_key("analytics:read")) as viewer:
        assert failed() == []
        api.warehouse.run(run_ended("a1", "train", "failed", None))
        api.warehouse.run(run_ended("b1", "refresh", "failed", None))
        assert failed() == ["refresh", "train"]
        api.warehouse.run(run_ended("a2", "train", "done", None))
        assert failed() == ["refresh"]
