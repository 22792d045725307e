"""`customer-analyzer events simulate`: what it writes, and which arguments it refuses."""

from pathlib import Path

import polars as pl
import pytest

from cli import entry


def _call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        entry.main(("events", "simulate", "--users", "60", "--days", "50", *arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_events_and_the_truth_about_them_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events, truth = tmp_path / "events.parquet", tmp_path / "truth.parquet"
    faults = ("--late", "0.1", "--duplicates", "0.1", "--bad", "0.1")
    assert _call("--to", str(events), "--truth", str(truth), "--horizon", "20", "--drift", "churn@30", *faults) == 0
    told = pl.read_parquet(truth)
    assert [day.isoformat() for day in told["as_of"].unique().sort()] == ["2025-01-11", "2025-01-31", "2025-02-20"]
    assert told["horizon_days"].unique().item() == 20
    assert "notification_withheld" in set(pl.read_parquet(events)["event_type"])
    said = capsys.readouterr().out
    assert f"{told.height} rows of truth about synthetic users are in" in said
    assert "synthetic events are in" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--drift", "weather@3"), "--drift weather@3 is not KIND@DAY"),
        (("--drift", "churn@50"), "its day must be from 1 to 49"),
        (("--late", "2"), "--late is 2.0; it is a share of the events, from 0 to below 1"),
        (("--truth", "truth.xlsx"), "truth.xlsx must end in one of .parquet, .csv, .jsonl"),
        (("--load",), "either --load, or --to FILE"),
    ],
)
def test_invalid_arguments_are_refused(
    arguments: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _call("--to", str(tmp_path / "events.csv"), *arguments) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
