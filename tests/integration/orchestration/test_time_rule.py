"""Marts that know their future stop a run before anything is built on them."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from ingestion.importing import import_frames
from orchestration.assets import marts
from orchestration.pipeline import run_job
from orchestration.planning import plan_run
from orchestration.time_rule import compare_features, compare_labels, draw_users
from simulator import Faults, simulate
from tests.integration.conftest import RanPlatform
from warehouse.database import Database

PROJECT = marts.PROJECT
HONEST = "greatest(first_known.occurred_day, first_known.received_day) as known_day"
LEAKING = "first_known.occurred_day as known_day"


@pytest.fixture
def leaking_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The dbt project with features that know an event before it arrives, which no test of dbt's notices.

    Its manifest lies in a home of its own, where no other test finds it.
    """
    copy = tmp_path / "dbt_project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("target", "logs"))
    model = copy / "models" / "intermediate" / "int_user_daily.sql"
    text = model.read_text(encoding="utf-8")
    assert text.count(HONEST) == 1, "the plant no longer fits the SQL; plant it anew"
    model.write_text(text.replace(HONEST, LEAKING), encoding="utf-8")
    monkeypatch.setattr(marts, "PROJECT", copy)
    monkeypatch.setenv("CUSTOMER_ANALYZER_HOME", str(tmp_path / "home"))
    return copy


@pytest.mark.usefixtures("capfd", "leaking_project")
def test_a_leak_in_the_sql_stops_the_run_before_any_model_is_trained(warehouse_url: str) -> None:
    import_frames(warehouse_url, simulate(150, 45, 7, faults=Faults(late=0.3)), "a made-up shop")
    warehouse = Database(warehouse_url)
    plan = plan_run(warehouse, None, 7)

    ended: dict[str, bool] = {}

    outcome = run_job("retrain", plan, started_by="a test", steps=lambda _: None, on_step=ended.__setitem__)

    (failed,) = outcome.failed
    assert "marts.user_features does not say what was known on its days" in failed.error
    assert " differs for " in failed.error
    assert "more columns differ" in failed.error
    check = outcome.check("marts/user_features", "knows_only_the_past")
    assert check is not None
    assert not check.passed
    assert {step for step, is_success in ended.items() if is_success} >= {"raw__events", "marts"}
    assert not [
        step for step in ended if step.endswith(("_candidate", "_champion", "_scores", "_drift", "_deployment"))
    ]
    labels = outcome.check("marts/user_labels", "knows_only_the_past")
    assert labels is not None
    assert labels.passed


def test_other_users_are_drawn_every_day(warehouse_url: str) -> None:
    import_frames(warehouse_url, simulate(400, 10, 7), "a made-up shop")
    warehouse = Database(warehouse_url)
    first, again, later = (draw_users(warehouse, day) for day in (date(2025, 1, 5), date(2025, 1, 5), date(2025, 1, 6)))
    assert first == again
    assert len(set(first)) == len(first) == 200
    assert 50 < len(set(first) & set(later)) < 150


def test_users_of_a_finished_run_are_what_their_events_say(ran_platform: RanPlatform) -> None:
    warehouse = Database(ran_platform.warehouse_url)
    for compare, columns in ((compare_features, 80), (compare_labels, 4)):
        found = compare(warehouse, ran_platform.as_of, ran_platform.horizon_days)
        assert found.agrees, found.sentence
        assert found.users == 200
        assert len(found.compared) >= columns
