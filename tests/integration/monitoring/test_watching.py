"""A real Prometheus and Alertmanager beside a real stack: configurations, queries of dashboards, an alert."""

import os
import re
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import promql_parser
import psutil
import pytest
import yaml

from cli import main
from core.home import LOOPBACK, read_json
from deploy.grafana import dashboards
from standalone.monitoring import SOURCES
from standalone.system_programs import find_program
from tests.integration.monitoring.conftest import Watched, until

pytestmark = pytest.mark.system("prometheus", "promtool", "prometheus-alertmanager", "amtool")

CHECKOUT = Path(__file__).parents[3]

WITHOUT_DATA = {
    r"nginx_": "the gateway is not part of this stack",
    r"redis_": "Redis is not part of this stack",
    r"customer_analyzer_(replica|pooler)_": "neither a replica nor PgBouncer is part of this stack",
    r"customer_analyzer_backup_": "this home does not back up",
    r"customer_analyzer_run_ended": "Dagster's daemon, which tells of ends, is not part of this stack",
    r"customer_analyzer_quarantined_rows": "no row is in quarantine",
    r"customer_analyzer_campaigns|campaign_unattended": "there is no campaign",
    r"customer_analyzer_user_jobs": "nobody has asked for an export or erasure",
    r"customer_analyzer:quarantined": "nothing arrived within the hour that Prometheus has seen",
    r"customer_analyzer_scorecard": "no score has matured",
    r"swap_failures": "no deployment was refused",
    r"kept_answers": "no report was asked for",
    r"worker_heartbeat": "depends on whether the worker is connected already",
    r"api_events_total": "see above: events of a test that has just begun",
}
"""Queries that have no data here, by what they ask for, and why."""


def everything_asked() -> list[tuple[str, str]]:
    """Queries of dashboards and rules, with where they stand."""
    rules = [
        (rule.get("alert") or rule["record"], rule["expr"])
        for path in sorted((SOURCES / "rules").glob("*.yml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]
    return [*dashboards.queries(), *rules]


def test_every_query_can_be_read() -> None:
    for where, query in everything_asked():
        assert promql_parser.parse(query), where


def test_dashboards_are_those_of_their_source() -> None:
    folder = CHECKOUT / "deploy" / "grafana"
    assert {path.stem for path in folder.glob("*.json")} == set(dashboards.DASHBOARDS)
    for name in dashboards.DASHBOARDS:
        assert (folder / f"{name}.json").read_text(encoding="utf-8") == dashboards.built(name), "run: make dashboards"


def test_the_configurations_are_valid_and_show_no_secret(watched: Watched) -> None:
    folder = watched.platform.home.monitoring
    for program, *arguments in (
        ("promtool", "check", "config", "prometheus.yml"),
        ("amtool", "check-config", "alertmanager.yml"),
    ):
        done = subprocess.run(
            [str(find_program(program)), *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    keys = {path.name: path.read_text(encoding="utf-8").strip() for path in (folder / "keys").iterdir()}
    assert set(keys) == {"prometheus", "alertmanager"}
    for path in folder.glob("*.yml"):
        assert not any(key in path.read_text(encoding="utf-8") for key in keys.values())
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*.yml"))


def test_everything_listens_on_loopback(watched: Watched) -> None:
    assert all(address.startswith(f"http://{LOOPBACK}:") for address in watched.addresses.values() if address != "None")


def test_every_query_of_the_dashboards_has_data_or_a_reason(watched: Watched) -> None:
    now = datetime.now(UTC).isoformat()
    event = {"user_id": "watched", "event_type": "view", "occurred_at": now, "source": "telegram"}
    for number in range(2):
        sent = watched.api.post("/events", json=[event], headers={"idempotency-key": f"watched-{number}"})
        assert sent.status_code == 200, sent.text
        assert watched.api.post("/predictions", json={"user_ids": ["watched"]}).status_code == 200
        time.sleep(3)
    wanted = [each for each in dashboards.queries() if not _reason(each[1])]
    assert len(wanted) > 40

    def without_data() -> list[str]:
        return [f"{title}: {query}" for title, query in wanted if not watched.ask(query)]

    try:
        until(lambda: not without_data(), 25)
    except AssertionError:
        raise AssertionError(without_data()) from None
    assert watched.ask("customer_analyzer_figure_failed") == []


def test_an_alert_fires_reaches_the_api_and_ends(watched: Watched) -> None:
    pid = int(read_json(watched.platform.home.up)["servers"]["churn"]["pid"])
    until(lambda: watched.ask('up{job="services", model="churn"} == 1'))

    def told() -> list[str | None]:
        alerts = watched.api.get("/alerts").json()["alerts"]
        return [each["ended_at"] for each in alerts if each["name"] == "ServiceDown" and "churn" in each["summary"]]

    # It hangs: its port takes connections, and nobody answers.
    leader = psutil.Process(pid)
    family = [leader, *leader.children(recursive=True)]
    for process in family:
        process.suspend()
    try:
        until(lambda: watched.ask('ALERTS{alertname="ServiceDown", alertstate="firing", model="churn"}'))
        until(lambda: None in told())
    finally:
        for process in family:
            process.resume()
    until(lambda: told() and None not in told())


def test_the_first_commands_of_every_runbook_work(watched: Watched) -> None:
    folder = CHECKOUT / "docs" / "runbooks"
    blocks = {path.stem: _blocks(path) for path in sorted(folder.glob("*.md"))}
    (before,) = blocks.pop("README")
    for name in ("bot", "sender", "dagster_daemon"):
        # Of processes that are not part of this stack.
        (watched.platform.home.logs / f"{name}.log").touch()
    wanted = sorted({line for first, *_ in blocks.values() for line in first.splitlines()})
    script = "\n".join(["set -eu -o pipefail", before, *wanted, "look api"])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=CHECKOUT,
        env=os.environ | watched.platform.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_the_commands_that_mend_exist() -> None:
    folder = CHECKOUT / "docs" / "runbooks"
    commands = {line for path in folder.glob("*.md") for block in _blocks(path)[1:] for line in block.splitlines()}
    for command in commands:
        program, *words = command.split()
        assert program == ".venv/bin/customer-analyzer", command
        with pytest.raises(SystemExit) as end:
            main([*words, "--help"])
        assert not end.value.code, command


def _blocks(path: Path) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def _reason(query: str) -> str | None:
    return next((reason for part, reason in WITHOUT_DATA.items() if re.search(part, query)), None)
