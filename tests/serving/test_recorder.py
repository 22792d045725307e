"""Predictions on their way to the ledger, with Postgres away: nothing waits for it, and nothing is forgotten."""

import datetime
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from serving import recorder as recorder_module
from serving.errors import LedgerUnusable
from serving.metrics import Metrics
from serving.recorder import Entry, Ledger, prediction_ids
from serving.settings import ServingSettings
from serving.spool import Spool, read_lines

AWAY = "postgresql://nobody@127.0.0.1:9/warehouse"
MADE_AT = datetime.datetime(2024, 6, 1, 12, 30, tzinfo=datetime.UTC)


def settings(folder: Path, **others: Any) -> ServingSettings:
    return ServingSettings(warehouse_url=AWAY, ledger_folder=folder, **others)


def entry(*names: str) -> Entry:
    records = [{"prediction_id": name, "as_of": MADE_AT.date(), "score": 0.1} for name in names]
    return Entry("churn", 3, "f" * 64, 30, "r-1", None, MADE_AT, records)


def waiting(folder: Path) -> list[str]:
    """The ids of the predictions that the next process would find."""
    heir = Spool(folder, 1_000_000)
    heir.adopt()
    found = [orjson.loads(line) for file in heir.take() for line in read_lines(file)]
    return [record["prediction_id"] for entries in found for each in entries for record in each["predictions"]]


def test_what_was_recorded_is_on_disk_when_the_service_stops(tmp_path: Path) -> None:
    ledger = Ledger(settings(tmp_path), Metrics(CollectorRegistry()))
    ledger.start()
    threads = [
        threading.Thread(target=lambda part=part: [ledger.record(entry(f"{part}.{n}")) for n in range(200)])  # type: ignore[misc]
        for part in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.close()
    assert sorted(waiting(tmp_path)) == sorted(f"{part}.{n}" for part in range(4) for n in range(200))


def test_many_predictions_wait_in_lines_that_postgres_takes_in_a_moment(tmp_path: Path) -> None:
    ledger = Ledger(settings(tmp_path), Metrics(CollectorRegistry()))
    names = [f"single {number}" for number in range(100)]
    many = [f"one of many {number}" for number in range(90)]
    for each in (*([name] for name in names), many):
        ledger.record(entry(*each))
    ledger.flush()
    (file,) = tmp_path.glob("*/*.jsonl")
    parts = [
        [record["prediction_id"] for each in orjson.loads(line) for record in each["predictions"]]
        for line in read_lines(file)
    ]
    assert [len(part) for part in parts] == [40, 40, 110]
    assert [name for part in parts for name in part] == [*names, *many]


def test_an_entry_keeps_every_field(tmp_path: Path) -> None:
    ledger = Ledger(settings(tmp_path), Metrics(CollectorRegistry()))
    ledger.record(entry("a", "b"))
    ledger.flush()
    (line,) = (line for file in tmp_path.glob("*/*.jsonl") for line in read_lines(file))
    assert orjson.loads(line) == [
        {
            "model": "churn",
            "model_version": 3,
            "feature_hash": "f" * 64,
            "horizon_days": 30,
            "request_id": "r-1",
            "idempotency_key": None,
            "made_at": "2024-06-01T12:30:00+00:00",
            "predictions": [{"prediction_id": name, "as_of": "2024-06-01", "score": 0.1} for name in ("a", "b")],
        }
    ]


@pytest.mark.parametrize("bound", ["disk", "memory"])
def test_what_exceeds_the_bound_is_dropped_counted_and_said_once(
    bound: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    registry = CollectorRegistry()
    monkeypatch.setattr(recorder_module, "_MAX_ROWS_IN_MEMORY", 2 if bound == "memory" else 100)
    ledger = Ledger(settings(tmp_path, ledger_max_bytes=400 if bound == "disk" else 10_000), Metrics(registry))
    for names in (("a", "b"), ("c",), ("d", "e")):
        ledger.record(entry(*names))
        if bound == "disk":
            ledger.flush()
    ledger.flush()
    assert registry.get_sample_value("customer_analyzer_ledger_rows_dropped_total") == 3
    assert sum("not recorded" in record.message for record in caplog.records) == 1
    ledger.start()
    ledger.close()
    assert waiting(tmp_path) == ["a", "b"]


def test_what_waits_on_disk_is_told(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    ledger = Ledger(settings(tmp_path), Metrics(registry))
    ledger.start()
    ledger.record(entry("a", "b"))
    told: float | None = 0.0
    deadline = time.monotonic() + 20
    while not told and time.monotonic() < deadline:
        time.sleep(0.02)
        told = registry.get_sample_value("customer_analyzer_ledger_spool_bytes")
    ledger.close()

    assert told == sum(file.stat().st_size for file in tmp_path.glob("*/*.jsonl")) > 0
    assert registry.get_sample_value("customer_analyzer_ledger_rows_written_total") == 0


def test_a_folder_that_cannot_be_used_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LedgerUnusable, match="SERVING_LEDGER_FOLDER"):
        Ledger(settings(tmp_path / "file"), Metrics(CollectorRegistry()))


@given(st.integers(1, 50))
def test_prediction_ids_are_uuids_and_all_different(number: int) -> None:
    ids = prediction_ids(number)
    assert len(set(ids)) == len(ids) == number
    assert all(str(uuid.UUID(name)) == name and uuid.UUID(name).variant == uuid.RFC_4122 for name in ids)
    assert set(prediction_ids(number)).isdisjoint(ids)


def test_new_prediction_ids_grow_with_time() -> None:
    before = datetime.datetime.now(datetime.UTC).timestamp()
    (name,) = prediction_ids(1)
    assert uuid.UUID(name).version == 7
    assert 0 <= int(name.replace("-", "")[:12], 16) / 1000 - before + 0.001 < 5
