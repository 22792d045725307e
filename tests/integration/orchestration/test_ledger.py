"""Batch scores in the ledger: each once, whoever runs again, with the campaign the user was in as of the day."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import polars as pl
import psycopg
import pytest

from warehouse.database import Database
from warehouse.scores import write_scores

DAY = date(2025, 3, 1)
HASH = "f" * 64


@pytest.fixture
def warehouse(warehouse_url: str) -> Database:
    return Database(warehouse_url)


def scores(*users: str, score: float = 0.25) -> pl.DataFrame:
    return pl.DataFrame({"user_id": users, "score": [score] * len(users), "basis": ["model"] * len(users)})


def write(warehouse: Database, frame: pl.DataFrame, *, model: str = "churn", day: date = DAY, version: int = 1) -> None:
    write_scores(warehouse, model, day, 30, version, frame, feature_hash=HASH)


def ledger(warehouse: Database, columns: str) -> list[tuple[object, ...]]:
    return warehouse.frame(f"select {columns} from ml.ledger order by {columns}").rows()  # noqa: S608


def test_a_run_that_is_repeated_adds_nothing_and_changes_nothing(warehouse: Database) -> None:
    write(warehouse, scores("a", "b"))
    before = ledger(warehouse, "prediction_id::text, score, made_at")
    write(warehouse, scores("a", "b", score=0.75))
    assert ledger(warehouse, "prediction_id::text, score, made_at") == before
    assert ledger(
        warehouse, "kind, model, model_version, feature_hash, user_id, as_of, horizon_days, score, basis"
    ) == [("score", "churn", 1, HASH, user, DAY, 30, 0.25, "model") for user in ("a", "b")]


def test_another_version_day_model_or_user_is_another_row(warehouse: Database) -> None:
    write(warehouse, scores("a"))
    write(warehouse, scores("a"), version=2)
    write(warehouse, scores("a"), day=DAY + timedelta(days=1))
    write(warehouse, scores("a"), model="purchase")
    write(warehouse, scores("a", "b"))
    assert len(ledger(warehouse, "model, model_version, as_of, user_id")) == 5
    # What is replaced in ml.scores stays in the ledger.
    assert warehouse.frame("select count(*) from ml.scores where model = 'churn' and as_of = '2025-03-01'").item() == 2


def test_segments_are_entered_with_their_names(warehouse: Database) -> None:
    frame = scores("a").with_columns(segment_id=pl.lit(3), segment=pl.lit("regulars"))
    write_scores(warehouse, "segmentation", DAY, 0, 1, frame, feature_hash=HASH)
    assert ledger(warehouse, "segment_id, segment, horizon_days") == [(3, "regulars", 0)]


def test_two_runs_at_once_enter_each_score_once(warehouse: Database) -> None:
    users = [f"user {number}" for number in range(500)]

    def run(version: int) -> bool:
        try:
            write(warehouse, scores(*users), version=version)
        except psycopg.errors.UniqueViolation:
            return False  # The other run had written the same scores first; nothing of this one is kept.
        return True

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(run, [1, 1, 1, 1]))
    assert any(done)
    assert len(ledger(warehouse, "user_id")) == 500


def test_the_newest_assignment_known_as_of_the_day_is_the_treatment(warehouse: Database) -> None:
    at = datetime(2025, 2, 1, 12, tzinfo=UTC)
    later = at + timedelta(days=5)
    after = datetime(2025, 3, 1, tzinfo=UTC)
    events = [
        ("sent", "notification_sent", at, at),
        ("withheld", "notification_withheld", at, at),
        ("sent_then_withheld", "notification_sent", at, at),
        ("sent_then_withheld", "notification_withheld", later, later),
        ("withheld_then_sent", "notification_withheld", at, at),
        ("withheld_then_sent", "campaign_received", later, later),
        ("on_the_day", "notification_sent", after, after),
        ("learned_of_late", "notification_sent", at, after),
        ("only_bought", "purchase", at, at),
    ]
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("select raw.ensure_event_partitions(%s, %s)", (at, after))
        cursor.executemany(
            "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, source)"
            " values (%s, %s, %s, %s, %s, 'telegram')",
            [(uuid4(), *event) for event in events],
        )
    write(warehouse, scores(*sorted({user for user, *_ in events})))
    assert dict(ledger(warehouse, "user_id, treatment")) == {
        "sent": "treated",
        "withheld": "control",
        "sent_then_withheld": "control",
        "withheld_then_sent": "treated",
        "on_the_day": None,
        "learned_of_late": None,
        "only_bought": None,
    }
