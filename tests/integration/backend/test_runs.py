"""Runs over HTTP where Dagster does not answer; a Dagster that does is asked from the dashboard (tests of `web`)."""

from collections.abc import Callable

import httpx
import pytest

from backend.access.permissions import Role

DAY = {"job": "refresh", "first_day": "2025-03-01"}


def test_people_are_told_that_dagster_does_not_answer(caller: httpx.Client) -> None:
    asked = [
        caller.get("/runs"),
        caller.post("/runs", json=DAY),
        caller.get("/runs/00000000-0000-0000-0000-000000000001"),
        caller.post("/runs/00000000-0000-0000-0000-000000000001/cancel"),
    ]
    for response in asked:
        assert response.status_code == 503
        assert "Dagster does not answer" in response.json()["detail"]
        assert int(response.headers["retry-after"]) > 0
    # Whoever asked is on record all the same.
    assert "2025-03-01" in str(caller.get("/audit", params={"action": "run:start"}).json())


@pytest.mark.parametrize(
    "wrong",
    [
        {"last_day": "2025-03-02"},
        {"job": "backfill", "last_day": "2025-02-28"},
        {"job": "backfill", "last_day": "2026-06-01"},
        {"job": "retention"},
        {"first_day": "2999-01-01"},
        {"first_day": "1969-12-31"},
    ],
)
def test_a_run_is_about_days_that_have_begun(wrong: dict[str, str], caller: httpx.Client) -> None:
    assert caller.post("/runs", json=DAY | wrong).status_code == 422


def test_only_some_start_runs(signed_in: Callable[[Role], httpx.Client]) -> None:
    for role, status in ((Role.VIEWER, 403), (Role.MARKETER, 403), (Role.ANALYST, 503)):
        with signed_in(role) as person:
            assert person.post("/runs", json=DAY).status_code == status
            assert person.get("/runs").status_code == 503
