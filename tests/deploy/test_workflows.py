"""The workflows: pinned, with least rights and with an end; and the audit, which never takes silence for good."""

import importlib.util
import re
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / ".github" / "workflows").glob("*.yml")}


def _jobs() -> list[tuple[str, dict[str, Any]]]:
    return [(f"{name}.{job}", body) for name, flow in WORKFLOWS.items() for job, body in flow["jobs"].items()]


def test_actions_are_pinned_by_digest() -> None:
    for name, job in _jobs():
        for step in job["steps"]:
            assert "uses" not in step or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]), name


def test_nothing_has_more_rights_than_it_names_and_everything_ends() -> None:
    assert all(flow["permissions"] == {} for flow in WORKFLOWS.values())
    for name, job in _jobs():
        assert job["permissions"]["contents"] == "read", name
        assert set(job["permissions"]) - {"contents"} == ({"packages"} if name == "release.image" else set()), name
        assert job["timeout-minutes"] <= 350, name
        for step in job["steps"]:
            assert "checkout" not in step.get("uses", "") or step["with"]["persist-credentials"] is False, name
            # What others can choose (a branch's name) is no part of a script.
            assert "${{" not in step.get("run", ""), name


def test_the_suite_is_the_script_that_everybody_runs() -> None:
    suite = WORKFLOWS["ci"]["jobs"]["suite"]
    assert suite["steps"][-1] == {"run": "bash .ci/run"}
    assert suite["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]


def test_production_waits_for_staging_and_for_a_person() -> None:
    jobs = WORKFLOWS["release"]["jobs"]
    assert jobs["production"]["environment"] == "production"
    assert jobs["production"]["needs"] == ["image", "staging"]


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / "deploy" / "audit" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _says(audit: ModuleType, monkeypatch: pytest.MonkeyPatch, stdout: str, stderr: str = "", code: int = 0) -> None:
    done = subprocess.CompletedProcess([], code, stdout, stderr)
    monkeypatch.setattr(audit, "run", lambda *_command, **_options: done)
    monkeypatch.setattr(audit, "node_folder", lambda: ROOT)


def test_a_scanner_that_reaches_no_advisories_is_not_able(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(audit, "AUDIT", tmp_path)
    _says(audit, monkeypatch, "", "ERROR: no route to host\n", 0)
    assert audit.python_packages().state == "NOT ABLE"
    _says(audit, monkeypatch, '{"message": "405 Method Not Allowed"}', code=1)
    assert audit.npm_packages(ROOT) == audit.Result("NOT ABLE", "405 Method Not Allowed")


def test_a_package_that_was_not_looked_up_is_no_clean_one(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(audit, "AUDIT", tmp_path)
    report = tmp_path / "pip-audit.json"

    def scanned(content: str) -> Any:
        def run(*_command: object, **_options: object) -> subprocess.CompletedProcess[str]:
            report.write_text(content)
            return subprocess.CompletedProcess([], 0, "", "")

        monkeypatch.setattr(audit, "run", run)
        return audit.python_packages()

    assert scanned('{"dependencies": [{"name": "x", "skip_reason": "away"}]}').state == "NOT ABLE"
    assert scanned('{"dependencies": [{"name": "x", "version": "1", "vulns": []}]}').state == "clean"
    found = scanned('{"dependencies": [{"name": "x", "version": "1", "vulns": [{"id": "PYSEC-1"}]}]}')
    assert found == audit.Result("FOUND", "x 1: PYSEC-1")


def test_compose_is_asked_where_it_is_installed_and_its_absence_is_no_good_sign(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(audit, "AUDIT", tmp_path)
    monkeypatch.setattr(audit.shutil, "which", lambda _name: None)
    assert audit.compose().state == "NOT ABLE"
    monkeypatch.setattr(audit.shutil, "which", lambda name: f"/bin/{name}")
    asked: list[tuple[object, ...]] = []

    def run(*command: object, **_options: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        is_plugin_missing = command[:2] == ("docker", "compose")
        is_wrong = "config" in command
        return subprocess.CompletedProcess([], int(is_plugin_missing or is_wrong), "", "no such volume")

    monkeypatch.setattr(audit, "run", run)
    assert audit.compose() == audit.Result("FOUND", "no such volume")
    assert asked[-1][0] == "docker-compose"


def test_silence_fails_only_where_it_is_asked_for(audit: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "install", lambda: None)
    monkeypatch.setattr(audit, "CHECKS", [("one", lambda: audit.CLEAN), ("two", lambda: audit.unable("away"))])
    assert (audit.main([]), audit.main(["--strict"])) == (0, 1)
    monkeypatch.setattr(audit, "CHECKS", [("one", lambda: audit.Result("FOUND", "something"))])
    assert audit.main([]) == 1
