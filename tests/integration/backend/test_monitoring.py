"""The exporter's figures on a warehouse that has little in it, and on one that is away."""

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from backend.monitoring.figures import warehouse_figures
from backend.monitoring.home import HomeCollector
from backend.monitoring.warehouse import WarehouseCollector
from core.home import LOOPBACK, prepare_home
from ml.kinds import model_kinds
from standalone.stack import Platform
from warehouse.database import Database
from warehouse.databases import WAREHOUSE
from warehouse.notices import run_ended
from warehouse.roles import prepare_databases

Samples = dict[tuple[str, tuple[str, ...]], float]


def samples(collector: WarehouseCollector | HomeCollector) -> Samples:
    """What Prometheus would read: by name and values of labels."""
    registry = CollectorRegistry()
    registry.register(collector)
    text = generate_latest(registry).decode()
    return {
        (sample.name.removeprefix("customer_analyzer_"), tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def asked(platform: Platform) -> Samples:
    """The warehouse's figures, asked with monitoring's own login."""
    url = platform.access.monitoring.url(WAREHOUSE)
    return samples(WarehouseCollector(url, warehouse_figures([kind.name for kind in model_kinds()])))


@pytest.fixture
def platform(warehouse_url: str, empty_platform: Platform) -> Platform:
    """A platform whose fresh warehouse has its grants, which a copy of a database lacks."""
    prepare_databases(empty_platform.server)
    return empty_platform


def test_an_empty_warehouse_has_no_ages_and_no_failures(platform: Platform) -> None:
    told = asked(platform)
    assert told["warehouse_up", ()] == 1
    assert told["messages_due", ()] == 0
    assert told["user_job_age_seconds", ()] == 0
    assert not [name for name, _ in told if name in ("figure_failed", "events_newest_received_timestamp_seconds")]
    assert not [name for name, _ in told if name.startswith(("run_ended", "mart_as_of", "scores_as_of", "campaign"))]


def test_the_newest_event_is_the_last_received_whatever_its_month(platform: Platform) -> None:
    received = datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)
    with psycopg.connect(platform.warehouse_url) as connection:
        connection.execute("select raw.ensure_event_partitions('2025-01-01', '2025-04-01')")
        connection.cursor().executemany(
            "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, source)"
            " values (gen_random_uuid(), 'u', 'view', %s, %s, 'web')",
            [
                (datetime(2025, 2, 27, tzinfo=UTC), received),
                (datetime(2025, 3, 1, tzinfo=UTC), received - timedelta(hours=1)),
            ],
        )
    assert asked(platform)["events_newest_received_timestamp_seconds", ()] == received.timestamp()


def test_the_last_end_of_a_run_outlives_its_notice(platform: Platform) -> None:
    warehouse = Database(platform.warehouse_url)
    warehouse.run(run_ended("r1", "refresh", "failed", "2025-03-01"))
    warehouse.run(run_ended("r2", "refresh", "done", "2025-03-01"))
    with platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute("delete from app.notices")
        ((done,),) = connection.execute("select ended_at from app.run_ends where state = 'done'").fetchall()
    told = asked(platform)
    assert told["run_ended_timestamp_seconds", ("refresh", "done")] == pytest.approx(done.timestamp())  # type: ignore[attr-defined]
    assert (
        told["run_ended_timestamp_seconds", ("refresh", "done")]
        > told["run_ended_timestamp_seconds", ("refresh", "failed")]
    )


def test_what_marts_drift_and_imports_say_is_told(platform: Platform) -> None:
    with platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute(
            "insert into raw.snapshots (mart, as_of, horizon_days, change_id, definition)"
            " values ('user_features', '2025-03-01', 0, 1, 'd'), ('user_features', '2025-03-02', 0, 1, 'd')"
        )
        connection.execute(
            "insert into ml.drift"
            " (model, as_of, model_version, is_drifted, is_confirmed, alarms, share_drifted, reason) values"
            " ('churn', '2025-03-01', 1, true, true, '{}', 0.5, ''),"
            " ('churn', '2025-03-02', 1, false, false, '{}', 0.25, '')"
        )
        connection.execute(
            "insert into raw.imports (file_name, finished_at, rows_read, rows_stored, rows_quarantined)"
            " values ('a', now(), 10, 8, 2), ('b', now(), 5, 5, 0), ('c', null, 9, 9, 0)"
        )
        connection.execute(
            "create table analytics.daily_activity as select date '2025-03-01' as activity_day,"
            " 7 as active_users, 3 as new_users, 2 as buyers, 4 as orders, 9.5::numeric as revenue"
        )
        connection.execute("alter table analytics.daily_activity owner to customer_analyzer_pipeline")
    told = asked(platform)
    day = (date(2025, 3, 2) - date(1970, 1, 1)).days * 86_400
    assert told["mart_as_of_timestamp_seconds", ("user_features",)] == day
    assert told["drift_confirmed", ("churn",)] == 0
    assert told["drifted_share", ("churn",)] == 0.25
    assert told["imported_rows_total", ("stored",)] == 13
    assert told["imported_rows_total", ("quarantined",)] == 2
    assert told["newest_day", ("revenue",)] == 9.5
    assert told["newest_day", ("active_users",)] == 7


def test_a_figure_that_cannot_be_read_is_named_and_the_others_are_told(platform: Platform) -> None:
    with platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute("revoke all on app.run_ends from customer_analyzer_monitoring")
    told = asked(platform)
    assert told["figure_failed", ("customer_analyzer_run_ended_timestamp_seconds",)] == 1
    assert told["messages_due", ()] == 0


def test_a_warehouse_that_is_away_is_told_as_such() -> None:
    assert samples(WarehouseCollector(f"postgresql://nobody@{LOOPBACK}:1/none", [])) == {("warehouse_up", ()): 0}


def test_processes_backups_and_the_spool_of_a_home_are_told(tmp_path: Path) -> None:
    home = prepare_home(tmp_path / "home")
    ended = 2**22 + 1  # Larger than any process id.
    servers = {"api": {"pid": os.getpid(), "address": "x"}, "bot": {"pid": ended, "address": None}}
    home.up.write_text(json.dumps({"servers": servers}))
    (home.root / "backups").mkdir()
    state = {"backup_at": "2025-03-01T00:00:00+00:00", "verified_at": None, "problem": "full", "size_bytes": 7}
    (home.root / "backups" / "state.json").write_text(json.dumps(state))
    (home.ledger / "one").mkdir(parents=True)
    (home.ledger / "one" / "a.jsonl").write_text("12345")
    told = samples(HomeCollector(home))
    assert told["process_up", ("api",)] == 1
    assert told["process_up", ("bot",)] == 0
    assert told["process_resident_bytes", ("api",)] > 1_000_000
    assert ("process_resident_bytes", ("bot",)) not in told
    assert told["backup_timestamp_seconds", ("backup",)] == datetime(2025, 3, 1, tzinfo=UTC).timestamp()
    assert ("backup_timestamp_seconds", ("verified",)) not in told
    assert told["backup_troubled", ()] == 1
    assert told["ledger_waiting_bytes", ()] == 5
    assert not [name for name, _ in samples(HomeCollector(prepare_home(tmp_path / "other"))) if "backup" in name]
