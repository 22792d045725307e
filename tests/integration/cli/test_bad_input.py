"""Bad input leads to one sentence that says what to do, a non-zero exit code, and no partial writes."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from ingestion import import_frames
from standalone.stack import Platform
from tests.integration.conftest import command
from warehouse.database import Database
from warehouse.events import imported_files


@pytest.fixture(scope="module")
def shop(empty_platform: Platform, shared_warehouse_url: str) -> Platform:
    """A home with 100 days of three users' events and nothing trained."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    days = [start + timedelta(days=day) for day in range(100)]
    events = pl.DataFrame(
        {"user_id": [f"u{i % 3}" for i in range(100)], "event_type": ["purchase"] * 100, "occurred_at": days}
    )
    import_frames(shared_warehouse_url, [events], "events.parquet")
    return empty_platform


def refused(platform: Platform, *arguments: str, exit_code: int = 2) -> str:
    """The sentence that a refused command prints."""
    said = command(platform, *arguments, exit_code=exit_code)
    assert "Traceback" not in said
    sentence = said.strip()
    assert len(sentence.splitlines()) == 1, sentence
    return sentence


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--as-of", "2024-12-31"], ["2024-12-31", "history begins", "2025-01-01"]),
        (["run", "--as-of", "2025-02-01"], ["2025-02-01", "history", "later"]),
        (["run", "--horizon", "0"], ["horizon", "0", "choose"]),
        (["run", "--horizon", "400"], ["400", "longer", "choose"]),
        (["models", "compare", "churn"], ["churn", "customer-analyzer run"]),
        (["models", "rollback", "churn"], ["churn", "customer-analyzer run"]),
        (["models", "promote", "churn", "7"], ["version 7", "models list"]),
        (["scores", "export", "churn", "--to", "scores.parquet"], ["churn", "none yet", "customer-analyzer run"]),
    ],
)
def test_a_question_that_cannot_be_answered(shop: Platform, arguments: list[str], words: list[str]) -> None:
    sentence = refused(shop, *arguments)
    assert [word for word in words if word not in sentence] == [], sentence


def test_a_service_that_is_down(shop: Platform) -> None:
    assert "customer-analyzer up" in refused(shop, "predict", "churn", "u1", exit_code=1)


def test_a_map_to_a_column_that_is_not_there(shop: Platform, tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_text("user_id,event_type,occurred_at\nu1,view,2025-03-01\n")
    sentence = refused(shop, "events", "import", str(file), "--map", "order_id=invoice")
    assert "invoice" in sentence
    assert "occurred_at" in sentence


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("header.csv", b"user_id,event_type,occurred_at\n"),
        ("not.parquet", b"PK\x03\x04 not parquet"),
    ],
)
def test_a_file_that_holds_no_events_is_refused_whole(
    shop: Platform, tmp_path: Path, name: str, content: bytes
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert name in refused(shop, "events", "import", str(file))
    assert name not in Database(shop.warehouse_url).run(imported_files())


def test_a_file_of_only_bad_rows_is_quarantined_and_said_to_be(shop: Platform, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("user_id,event_type,occurred_at\n,view,2025-03-01\nu1,view,not a day\n")
    said = command(shop, "events", "import", str(file), exit_code=2)
    assert "Traceback" not in said
    assert "quarantine" in said
    warehouse = Database(shop.warehouse_url)
    reasons = warehouse.frame("select reason from raw.events_quarantine order by row_number")["reason"].to_list()
    assert "user_id" in reasons[0]
    assert "occurred_at" in reasons[1]


def test_a_database_that_refuses(shop: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://{os.environ.get('USER', 'me')}:wrong@127.0.0.1:1/postgres")
    monkeypatch.setitem(shop.environment, "CUSTOMER_ANALYZER_HOME", str(tmp_path / "home"))
    sentence = refused(shop, "run", exit_code=1)
    assert "127.0.0.1" in sentence
    assert "wrong" not in sentence
