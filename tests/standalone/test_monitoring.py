"""What Prometheus scrapes where, and what Alertmanager is told."""

import json
from pathlib import Path

import yaml

from standalone.monitoring import Target, targets_of, write_configuration, write_targets


def test_replicas_are_targets_of_one_job_and_services_name_their_model() -> None:
    servers = {
        "api": "http://127.0.0.1:1",
        "api_2": "http://127.0.0.1:2",
        "churn": "http://127.0.0.1:3",
        "churn_2": "http://127.0.0.1:4",
        "node_exporter": "http://127.0.0.1:5",
        "worker": None,
        "mlflow": "http://127.0.0.1:6",
    }
    assert targets_of(servers) == {
        "api": [Target("127.0.0.1:1", {}), Target("127.0.0.1:2", {})],
        "services": [Target("127.0.0.1:3", {"model": "churn"}), Target("127.0.0.1:4", {"model": "churn"})],
        "node": [Target("127.0.0.1:5", {})],
    }


def test_targets_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    (tmp_path / "targets").mkdir()
    write_targets(tmp_path, targets_of({"api": "http://127.0.0.1:1", "exporter": "http://127.0.0.1:2"}))
    write_targets(tmp_path, targets_of({"api": "http://127.0.0.1:3"}))
    (path,) = (tmp_path / "targets").iterdir()
    assert json.loads(path.read_text()) == [{"targets": ["127.0.0.1:3"], "labels": {}}]


def test_pages_go_to_the_api_and_to_an_address_of_ones_own(tmp_path: Path) -> None:
    def receivers(page_url: str | None) -> dict[str, list[str]]:
        write_configuration(tmp_path, "http://127.0.0.1:1", page_url)
        content = yaml.safe_load((tmp_path / "alertmanager.yml").read_text())
        return {each["name"]: [hook["url"] for hook in each["webhook_configs"]] for each in content["receivers"]}

    ours = "http://127.0.0.1:1/alerts"
    assert receivers(None) == {"dashboard": [ours], "page": [ours]}
    assert receivers("https://pager.example/#x: y") == {
        "dashboard": [ours],
        "page": [ours, "https://pager.example/#x: y"],
    }


def test_rules_that_are_no_more_are_removed(tmp_path: Path) -> None:
    write_configuration(tmp_path, "http://127.0.0.1:1", None)
    (tmp_path / "rules" / "old.yml").write_text("groups: []")
    write_configuration(tmp_path, "http://127.0.0.1:1", None)
    assert {path.name for path in (tmp_path / "rules").iterdir()} == {"alerts.yml", "recording.yml"}
