"""`customer-analyzer predict` against a service with scripted answers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import entry
from standalone.up import Up
from tests.serving.misbehaving import Misbehaving, Reply, misbehaving

PREDICTION = {
    "prediction_id": "0190d3a5-0000-7000-8000-000000000000",
    "user_id": "00004",
    "is_known": True,
    "as_of": "2024-06-01",
    "known_until": "1998-06-01T00:00:00+00:00",
    "feature_age_days": 1,
    "basis": "model",
    "model_version": 3,
    "reasons": [{"feature": "f", "label": "l", "value": None, "contribution": 0.5, "text": "Silent for long"}],
    "advice": ["Write"],
    "probability": 0.25,
    "probability_low": 0.2,
    "probability_high": 0.3,
    "risk": "low",
}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Misbehaving]:
    """The churn service of a home, which runs no other service."""
    answer = {"model": "churn", "model_version": 3, "horizon_days": 30, "predictions": [PREDICTION]}
    with misbehaving(Reply(200, answer)) as server:
        up = Up(1, {"churn": {"pid": 2, "address": server.address}})
        monkeypatch.setattr("standalone.up.find_up", lambda _: up)
        monkeypatch.setenv("CUSTOMER_ANALYZER_HOME", str(tmp_path))
        monkeypatch.setenv("CUSTOMER_ANALYZER_SERVICE_KEY", "ca_1")
        monkeypatch.setenv("COLUMNS", "120")
        yield server


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        entry.main(["predict", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_person_gets_a_table(service: Misbehaving, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("churn", "00004") == 0
    said = capsys.readouterr().out
    for part in ("00004", "25.0% (low)", "model", "Silent for long", "Write"):
        assert part in said
    assert service.seen[0].body == {"user_ids": ["00004"]}
    assert service.seen[0].headers["authorization"] == "Bearer ca_1"


def test_a_program_gets_the_predictions(service: Misbehaving, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("churn", "00004", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [PREDICTION]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("churn", "00004"), 1, "Send a valid API key"),
        (("purchase", "00004"), 1, "The purchase service is not running; start it with: customer-analyzer up"),
        (("hats", "00004"), 2, "'hats' is not one of"),
        (("churn",), 2, "Missing argument"),
    ],
)
def test_errors_are_one_sentence(
    service: Misbehaving,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    detail = "Send a valid API key as `Authorization: Bearer KEY`."
    service.replies[:] = [Reply(401, {"status": 401, "title": "Unauthorized", "detail": detail, "request_id": "r"})]
    assert call(*arguments) == code
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_asking_a_service_loads_no_orchestrator(tmp_path: Path) -> None:
    code = (
        "import sys; from cli import main\n"
        "try: main(['predict', 'churn', '00004'])\n"
        "except SystemExit: pass\n"
        "heavy = {'dagster', 'mlflow', 'polars', 'sklearn', 'xgboost'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    environment = {**os.environ, "CUSTOMER_ANALYZER_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert "The churn service is not running" in done.stderr
    assert done.returncode == 0, done.stderr
