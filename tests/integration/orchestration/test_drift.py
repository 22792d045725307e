"""From drift that lasts to one retrain: the record of every look, and the sensor that reads it."""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
import polars as pl
import pytest

from ml.drift import DriftReport
from orchestration.jobs import RETRAIN
from orchestration.resources import WarehouseResource
from orchestration.sensors import retrain_on_drift
from warehouse.database import Database
from warehouse.drift_reports import ConfirmedDrift, confirmed_drift, record_drift
from warehouse.notices import notices_after
from warehouse.scores import matured_scores, write_scores

MONDAY = date(2025, 3, 3)
COOLDOWN = 14


def look(warehouse: Database, day: int, *, is_drifted: bool, model: str = "churn") -> bool:
    """Records what was found `day` days after a Monday; returns whether that confirmed drift."""
    alarms = ("mean score",) if is_drifted else ()
    report = DriftReport(is_drifted, True, 0.1, pl.DataFrame(), alarms, f"day {day}", pl.DataFrame(), pl.DataFrame())
    return record_drift(warehouse, model, 1, MONDAY + timedelta(days=day), report)


@pytest.fixture
def warehouse(warehouse_url: str) -> Database:
    return Database(warehouse_url)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def ask(warehouse: Database, instance: dg.DagsterInstance, cursor: str | None) -> dg.SensorResult | dg.SkipReason:
    """One look of the sensor, with the cursor it left behind."""
    context = dg.build_sensor_context(
        instance=instance, cursor=cursor, resources={"warehouse": WarehouseResource(url=warehouse.url)}
    )
    found = retrain_on_drift(COOLDOWN)(context)
    assert isinstance(found, dg.SensorResult | dg.SkipReason)
    return found


def requested(found: dg.SensorResult | dg.SkipReason) -> tuple[dg.RunRequest, str | None]:
    """The one run asked for, and the cursor left behind."""
    assert isinstance(found, dg.SensorResult), found
    assert found.run_requests is not None
    (request,) = found.run_requests
    return request, found.cursor


def test_drift_is_confirmed_when_every_look_of_a_week_saw_it(warehouse: Database) -> None:
    assert [look(warehouse, day, is_drifted=True) for day in (0, 1, 5, 6, 7, 8)] == [False] * 4 + [True] * 2
    assert not look(warehouse, 9, is_drifted=False)
    assert not look(warehouse, 10, is_drifted=True)
    assert not look(warehouse, 16, is_drifted=True)
    assert look(warehouse, 17, is_drifted=True)


def test_people_are_told_once_of_drift_that_lasts(warehouse: Database) -> None:
    for day in (0, 6, 7, 8, 9):
        look(warehouse, day, is_drifted=True)
    told = warehouse.run(notices_after(0, ["drift"], 10))
    assert [notice.body for notice in told] == [
        {"model": "churn", "as_of": "2025-03-10", "since": "2025-03-03", "reason": "day 7"}
    ]


def test_a_look_repeated_counts_once_and_a_later_one_does_not_confirm_an_earlier(warehouse: Database) -> None:
    assert not look(warehouse, 7, is_drifted=True)
    assert not look(warehouse, 7, is_drifted=True)
    assert not look(warehouse, 0, is_drifted=True)
    assert look(warehouse, 7, is_drifted=True)


def test_only_the_newest_look_of_each_model_asks_for_something(warehouse: Database) -> None:
    for day in (0, 7):
        look(warehouse, day, is_drifted=True)
        look(warehouse, day, is_drifted=True, model="purchase")
    assert {drift.model for drift in warehouse.run(confirmed_drift())} == {"churn", "purchase"}
    look(warehouse, 8, is_drifted=False)
    assert warehouse.run(confirmed_drift()) == [ConfirmedDrift("purchase", MONDAY + timedelta(days=7), "day 7")]


def test_confirmed_drift_asks_for_one_retrain_and_after_the_cool_down_for_another(
    warehouse: Database, instance: dg.DagsterInstance
) -> None:
    look(warehouse, 0, is_drifted=True)
    assert ask(warehouse, instance, None) == dg.SkipReason("No drift is confirmed.")
    look(warehouse, 7, is_drifted=True)
    request, cursor = requested(ask(warehouse, instance, None))
    assert (request.run_key, request.partition_key) == ("retrain on drift 2025-03-10", "2025-03-10")
    assert request.tags["drift/churn"] == "day 7"

    for day in (8, 14, 20):
        look(warehouse, day, is_drifted=True)
        assert isinstance(ask(warehouse, instance, cursor), dg.SkipReason)

    look(warehouse, 21, is_drifted=True)
    request, _ = requested(ask(warehouse, instance, cursor))
    assert request.partition_key == "2025-03-24"


def test_no_retrain_is_asked_for_while_one_is_running(warehouse: Database, instance: dg.DagsterInstance) -> None:
    for day in (0, 7):
        look(warehouse, day, is_drifted=True)
    running = dg.DagsterRun(job_name=RETRAIN.name, status=dg.DagsterRunStatus.STARTED)
    instance.add_run(running)
    assert ask(warehouse, instance, None) == dg.SkipReason("A retrain is running already.")
    instance.report_run_failed(running)
    requested(ask(warehouse, instance, None))


def test_scores_are_judged_when_their_horizon_has_closed_and_not_a_day_before(warehouse: Database) -> None:
    """Scores of three days, of which all have labels: what matured last is what counts, and only those asked about."""
    with warehouse.transaction() as connection:
        connection.execute(
            "create table marts.user_labels"
            " (user_id text, as_of date, horizon_days integer, is_churned boolean, purchase_amount numeric)"
        )
        for day in (0, 2, 9):
            connection.execute(
                "insert into marts.user_labels select unnest(array['a', 'b', 'c']), %s, 30,"
                " unnest(array[true, false, null]), 12.5",
                (MONDAY + timedelta(days=day),),
            )
    users = pl.DataFrame({"user_id": ["a", "b", "c"], "score": [0.8, 0.3, 0.5], "basis": ["model"] * 3})
    for day in (0, 2, 9):
        write_scores(warehouse, "churn", MONDAY + timedelta(days=day), 30, day + 1, users, feature_hash="f" * 64)

    def matured(day: int) -> pl.DataFrame:
        return matured_scores(warehouse, "churn", "is_churned", 30, MONDAY + timedelta(days=30 + day))

    found = matured(5)
    assert found.select("user_id", "score", "model_version", "label").rows() == [
        ("a", 0.8, 3, True),
        ("b", 0.3, 3, False),
    ]
    assert found.select("expected_value", "purchase_amount").rows() == [(None, 12.5)] * 2
    assert matured(1)["model_version"].to_list() == [1, 1]
    assert matured(9)["model_version"].to_list() == [10, 10]
    assert matured(-1).is_empty()
    # A week later they are old news.
    assert matured(16).is_empty()
