"""Each alert fires when it should and is silent when it should be, by promtool; and each has its page."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from standalone.monitoring import SOURCES
from standalone.system_programs import find_program

CHECKOUT = Path(__file__).parents[3]
RULES = sorted((SOURCES / "rules").glob("*.yml"))

API = "customer_analyzer_api_request_seconds"
SERVICE = "customer_analyzer_request_seconds"
NEWEST_EVENT = "customer_analyzer_events_newest_received_timestamp_seconds"
DAY = 86_400


@dataclass(frozen=True)
class Case:
    """Series, as promtool writes them (a value a minute), with which an alert fires at a minute, or is silent."""

    alert: str
    fires: dict[str, str]
    silent: dict[str, str]
    minute: int = 20


def ended(state: str, when: str) -> dict[str, str]:
    return {f'customer_analyzer_run_ended_timestamp_seconds{{pipeline_job="refresh", state="{state}"}}': when}


def steady(series: str, value: float, minutes: int = 60) -> dict[str, str]:
    return {series: f"{value:.0f}x{minutes}"}


def answered(ok: str, failed: str) -> dict[str, str]:
    """How many requests of the churn service went well and not, as counters."""
    return {
        f'{SERVICE}_count{{model="churn", route="/predict", status="200"}}': ok,
        f'{SERVICE}_count{{model="churn", route="/predict", status="500"}}': failed,
    }


CASES = [
    Case(
        "ApiDown",
        {'up{job="api", instance="a"}': "0x30"},
        {'up{job="api", instance="a"}': "0x30", 'up{job="api", instance="b"}': "1x30"},
    ),
    Case("ServiceDown", {'up{job="services", model="churn"}': "0x30"}, {'up{job="services", model="churn"}': "1x30"}),
    Case("WarehouseDown", {"customer_analyzer_warehouse_up": "0x30"}, {"customer_analyzer_warehouse_up": "1x30"}),
    Case(
        "ProcessDown",
        {'customer_analyzer_process_up{process="bot"}': "0x30"},
        {'customer_analyzer_process_up{process="bot"}': "1x18 0 1x20"},
    ),
    Case("ExporterDown", {'up{job="node", instance="n"}': "0x30"}, {'up{job="node", instance="n"}': "1x30"}),
    Case(
        "FigureFailed",
        {'customer_analyzer_figure_failed{figure="a"}': "1x30"},
        {'customer_analyzer_figure_failed{figure="a"}': "_x18 1 _x20"},
    ),
    Case(
        "AlertsNotDelivered",
        {'alertmanager_notifications_failed_total{integration="webhook"}': "0+1x30"},
        {'alertmanager_notifications_failed_total{integration="webhook"}': "3x30"},
    ),
    # 5 of 100 requests fail: 50 times the pace that the budget allows.
    Case("ErrorBudgetBurnsFast", answered("0+95x80", "0+5x80"), answered("0+9999x80", "0+1x80"), 10),
    # The trouble is over: long windows still see it, short ones do not.
    Case("ErrorBudgetBurnsFast", answered("0+95x80", "0+5x80"), answered("0+95x20 1900+95x40", "0+5x20 100x40"), 52),
    # Slow answers use up a budget of their own.
    Case(
        "ErrorBudgetBurnsFast",
        {
            f'{API}_bucket{{route="/users/{{user_id}}", le="0.25"}}': "0+50x80",
            f'{API}_count{{route="/users/{{user_id}}"}}': "0+100x80",
        },
        {
            f'{API}_bucket{{route="/users/{{user_id}}", le="0.25"}}': "0+100x80",
            f'{API}_count{{route="/users/{{user_id}}"}}': "0+100x80",
        },
        10,
    ),
    # 4 of 1000: four times the pace, too slow for a page. Before a window is full, it is as long as what is known.
    Case("ErrorBudgetBurnsSlowly", answered("0+996x40", "0+4x40"), answered("0+9999x40", "0+1x40"), 30),
    # Few requests: one that fails of ten is no trend.
    Case("ErrorBudgetBurnsSlowly", answered("0+996x40", "0+4x40"), answered("0+1x40", "0x20 1x20"), 30),
    Case(
        "RunFailed",
        {**ended("failed", "600x30"), **ended("done", "60x30")},
        {**ended("failed", "60x30"), **ended("done", "600x30")},
    ),
    Case("RunFailed", ended("failed", "60x30"), ended("done", "60x30")),
    Case("RunOverdue", ended("done", f"{-27 * 3600}x30"), ended("done", f"{-25 * 3600}x30")),
    Case("EventsStopped", {NEWEST_EVENT: f"{-7 * 3600}x30"}, {NEWEST_EVENT: f"{-8 * DAY}x30"}),
    Case("EventsStopped", {NEWEST_EVENT: f"{-7 * 3600}x30"}, {NEWEST_EVENT: f"{-3 * 3600}x30"}),
    Case(
        "MartsStale",
        {
            'customer_analyzer_mart_as_of_timestamp_seconds{mart="user_features"}': f"{-3 * DAY}x30",
            NEWEST_EVENT: "0x30",
        },
        {
            'customer_analyzer_mart_as_of_timestamp_seconds{mart="user_features"}': f"{-3 * DAY}x30",
            NEWEST_EVENT: f"{-2 * DAY}x30",
        },
    ),
    Case(
        "ScoresStale",
        {'customer_analyzer_scores_as_of_timestamp_seconds{model="churn"}': f"{-3 * DAY}x30", NEWEST_EVENT: "0x30"},
        {'customer_analyzer_scores_as_of_timestamp_seconds{model="churn"}': f"{-DAY}x30", NEWEST_EVENT: "0x30"},
    ),
    Case(
        "QuarantineHigh",
        {
            f'{API[:-16]}_events_total{{status="stored"}}': "0+90x90",
            f'{API[:-16]}_events_total{{status="refused"}}': "0+10x90",
        },
        {
            f'{API[:-16]}_events_total{{status="stored"}}': "0+99x90",
            f'{API[:-16]}_events_total{{status="refused"}}': "0+1x90",
        },
        15,
    ),
    Case(
        "QuarantineHigh",
        {
            'customer_analyzer_imported_rows_total{outcome="stored"}': "0+9x90",
            'customer_analyzer_imported_rows_total{outcome="quarantined"}': "0+9x90",
        },
        {
            'customer_analyzer_imported_rows_total{outcome="stored"}': "500x90",
            'customer_analyzer_imported_rows_total{outcome="quarantined"}': "500x90",
        },
        15,
    ),
    Case(
        "LedgerBacklog",
        steady("customer_analyzer_ledger_waiting_bytes", 60e6),
        steady("customer_analyzer_ledger_waiting_bytes", 1e6),
    ),
    Case(
        "LedgerDropped",
        {'customer_analyzer_ledger_rows_dropped_total{model="churn"}': "0+1x30"},
        {'customer_analyzer_ledger_rows_dropped_total{model="churn"}': "7x30"},
    ),
    Case(
        "DriftConfirmed",
        {'customer_analyzer_drift_confirmed{model="churn"}': "1x30"},
        {'customer_analyzer_drift_confirmed{model="churn"}': "0x30"},
    ),
    Case(
        "ModelRefused",
        {'customer_analyzer_service_workers{model="churn", refused="yes"}': "1x30"},
        {'customer_analyzer_service_workers{model="churn", refused="no"}': "1x30"},
    ),
    Case(
        "BackupOld",
        {'customer_analyzer_backup_timestamp_seconds{what="backup"}': f"{-2 * DAY}x30"},
        {'customer_analyzer_backup_timestamp_seconds{what="backup"}': f"{-DAY}x30"},
    ),
    Case(
        "ArchiveBehind",
        {'customer_analyzer_backup_timestamp_seconds{what="archived"}': "0x30"},
        {'customer_analyzer_backup_timestamp_seconds{what="archived"}': "0+60x30"},
    ),
    Case(
        "LogShippingBehind",
        {'customer_analyzer_log_shipping_lag_seconds{shipper="log_shipper"}': "0+60x30"},
        {'customer_analyzer_log_shipping_lag_seconds{shipper="log_shipper"}': "0x17 400x2 0x20"},
    ),
    Case(
        "CampaignUnattended",
        steady("customer_analyzer_campaign_unattended_seconds", 400),
        steady("customer_analyzer_campaign_unattended_seconds", 2),
    ),
    Case(
        "MessagesWithoutOutcome",
        steady("customer_analyzer_message_in_flight_age_seconds", 700),
        steady("customer_analyzer_message_in_flight_age_seconds", 10),
    ),
    Case(
        "UserJobStuck",
        steady("customer_analyzer_user_job_age_seconds", 2000),
        steady("customer_analyzer_user_job_age_seconds", 300),
    ),
    Case(
        "UserJobFailed",
        {'customer_analyzer_user_jobs{kind="erasure", state="failed"}': "1x30"},
        {'customer_analyzer_user_jobs{kind="erasure", state="running"}': "1x30"},
    ),
    Case(
        "WorkerSilent",
        steady("customer_analyzer_worker_heartbeat_timestamp_seconds", 0),
        {"customer_analyzer_worker_heartbeat_timestamp_seconds": "0+60x30"},
    ),
    Case(
        "DiskNearlyFull",
        {
            'node_filesystem_avail_bytes{device="d", fstype="ext4"}': "5x30",
            'node_filesystem_size_bytes{device="d", fstype="ext4"}': "100x30",
        },
        {
            'node_filesystem_avail_bytes{device="d", fstype="tmpfs"}': "5x30",
            'node_filesystem_size_bytes{device="d", fstype="tmpfs"}': "100x30",
        },
    ),
    Case(
        "MemoryShort",
        {"node_memory_MemAvailable_bytes": "4x30", "node_memory_MemTotal_bytes": "100x30"},
        {"node_memory_MemAvailable_bytes": "40x30", "node_memory_MemTotal_bytes": "100x30"},
    ),
    Case(
        "PostgresConnectionsShort",
        {
            'pg_stat_activity_count{server="s", datname="a"}': "50x30",
            'pg_stat_activity_count{server="s", datname="b"}': "40x30",
            'pg_settings_max_connections{server="s"}': "100x30",
        },
        {
            'pg_stat_activity_count{server="s", datname="a"}': "50x30",
            'pg_settings_max_connections{server="s"}': "100x30",
        },
    ),
    Case(
        "ReplicaAway",
        {'customer_analyzer_replica_connected{slot="customer_analyzer_replica"}': "0x30"},
        {
            'customer_analyzer_replica_connected{slot="customer_analyzer_replica"}': "1x18 0 1x20",
            'customer_analyzer_replica_connected{slot="customer_analyzer_backup"}': "0x30",
        },
    ),
    Case(
        "ReplicaBehind",
        {'customer_analyzer_replica_lag_seconds{replica="replica"}': "40x30"},
        {'customer_analyzer_replica_lag_seconds{replica="replica"}': "2x17 40x2 2x20"},
    ),
    Case("PoolerDown", {"customer_analyzer_pooler_up": "0x30"}, {"customer_analyzer_pooler_up": "1x30"}),
    Case(
        "PoolerQueued",
        {'customer_analyzer_pooler_wait_seconds{login="backend"}': "3x30"},
        {'customer_analyzer_pooler_wait_seconds{login="backend"}': "0x17 3x2 0x20"},
    ),
    Case("RedisDown", {"redis_up": "0x30"}, {"redis_up": "1x30"}),
    Case("NginxDown", {"nginx_up": "0x30"}, {"nginx_up": "1x30"}),
]


def alerts() -> dict[str, dict[str, dict[str, str]]]:
    """Every alert by its name."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def promtool_test(case: Case) -> list[dict[str, object]]:
    """How often the alert is among those that fire: at least once, or not at all."""
    firing = f'clamp_max(count(ALERTS{{alertname="{case.alert}", alertstate="firing"}}), 1) or vector(0)'
    return [
        {
            "name": f"{case.alert} {'fires' if expected else 'is silent'}",
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [
                {"expr": firing, "eval_time": f"{case.minute}m", "exp_samples": [{"labels": "{}", "value": expected}]}
            ],
        }
        for series, expected in ((case.fires, 1), (case.silent, 0))
    ]


def test_every_alert_has_a_case() -> None:
    assert {case.alert for case in CASES} == set(alerts())


@pytest.mark.system("promtool")
@pytest.mark.parametrize("is_recorded", [True, False], ids=["recorded", "plain"])
def test_every_alert_fires_and_is_silent(tmp_path: Path, is_recorded: bool) -> None:
    """Rules that record ratios are slow, and so left out for alerts that ask for none of them."""
    cases = [case for case in CASES if (":" in alerts()[case.alert]["expr"]) == is_recorded]
    files = RULES if is_recorded else [path for path in RULES if path.stem != "recording"]
    tests = {
        "rule_files": [str(path) for path in files],
        "evaluation_interval": "1m",
        "tests": [test for case in cases for test in promtool_test(case)],
    }
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(tests), encoding="utf-8")
    promtool = str(find_program("promtool"))
    done = subprocess.run(
        [promtool, "test", "rules", "tests.yml"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    folder = CHECKOUT / "docs" / "runbooks"
    pages = {path.stem for path in folder.glob("*.md")} - {"README"}
    assert pages == set(alerts())
    for name, rule in alerts().items():
        assert rule["annotations"]["runbook"] == f"docs/runbooks/{name}.md"
        assert rule["labels"]["severity"] in {"page", "ticket"}
        text = (folder / f"{name}.md").read_text(encoding="utf-8")
        wanted = [f"# {name}", "## What users notice", "## Look first", "## Do", "## It is over when"]
        assert [line for line in text.splitlines() if line.startswith("#")] == wanted, name
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"[{name}]({name}.md)" in index for name in pages)
