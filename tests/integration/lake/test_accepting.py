"""Events that are accepted into the lake: the same outcomes as in Postgres, each once, whatever is killed."""

import json
import multiprocessing
import os
import signal
from typing import Any
from uuid import UUID, uuid4

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion import accepting
from ingestion.accepting import Status
from ingestion.lake_accepting import accept, accept_within
from lake.catalogue import Lake
from lake.events import BATCH, BEGINNING, FIRST_RECEIVED, changed_from, events_table
from tests.integration.ingestion.test_accepting import EVENT, SENT, emptied, statuses
from tests.integration.lake.held import emptied_lake, files, held


def quarantined(lake: Lake) -> list[tuple[Any, ...]]:
    with psycopg.connect(lake.url) as connection:
        return connection.execute("select row_number, reason, row from raw.events_quarantine order by 1").fetchall()


def test_each_event_has_an_answer_and_sending_again_changes_nothing(lake: Lake) -> None:
    other = {**EVENT, "amount": 0.2}
    second = {**EVENT, "event_id": str(uuid4()), "source": ""}
    bad = {**EVENT, "event_id": str(uuid4()), "user_id": None}
    batch = [EVENT, EVENT, other, second, bad]
    expected = [Status.STORED, Status.KNOWN, Status.CONFLICTING, Status.STORED, Status.REFUSED]
    assert statuses(accept(lake, batch, source="mobile", batch="one")) == expected
    stored = held(lake)
    assert stored["event_id"].to_list() == [EVENT["event_id"], second["event_id"]]
    assert stored["source"].to_list() == ["web", "mobile"]
    assert stored["amount"].to_list() == [0.1, 0.1]
    assert [row[1] for row in quarantined(lake)] == ["event_id is taken by another event", "user_id is missing"]
    with lake.reading() as transaction:
        summary = events_table(transaction).current_snapshot().summary  # type: ignore[union-attr]
    assert (summary[BATCH], summary[FIRST_RECEIVED]) == ("one", stored["received_at"].min().isoformat())  # type: ignore[index, union-attr]
    again = accept(lake, batch, source="mobile", batch="one")
    assert statuses(again) == [Status.KNOWN, Status.KNOWN, Status.CONFLICTING, Status.KNOWN, Status.REFUSED]
    assert held(lake).equals(stored)
    assert len(quarantined(lake)) == 2


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SENT, min_size=1, max_size=8))
def test_the_lake_answers_as_postgres_does(lake: Lake, sent: list[dict[str, object]]) -> None:
    with psycopg.connect(lake.url, autocommit=True) as connection:
        emptied(connection)
        emptied_lake(connection)
        in_postgres = accepting.accept(connection, sent)
        said = connection.execute("select count(*) from raw.events_quarantine").fetchall()
        connection.execute("truncate raw.events_quarantine")
        in_lake = accept(lake, sent)
        assert statuses(in_lake) == statuses(in_postgres)
        assert connection.execute("select count(*) from raw.events_quarantine").fetchall() == said
        rows = connection.execute(
            "select event_id::text, user_id, event_type, occurred_at, amount::float8, currency, quantity::float8,"
            " source, properties::text from raw.events order by event_id"
        ).fetchall()
    names = ["event_id", "user_id", "event_type", "occurred_at", "amount", "currency", "quantity", "source"]
    stored = held(lake).sort("event_id")
    assert stored.select(names).rows() == [row[:-1] for row in rows]
    # Postgres writes JSON in a way of its own.
    assert [each and json.loads(each) for each in stored["properties"]] == [
        row[-1] and json.loads(row[-1]) for row in rows
    ]


def test_users_who_were_erased_stay_out(lake: Lake) -> None:
    with psycopg.connect(lake.url, autocommit=True) as connection:
        connection.execute(
            "insert into raw.erased_users (user_hash, trained_models) values (raw.user_hash(%s), '[]')",
            [EVENT["user_id"]],
        )
    assert statuses(accept(lake, [EVENT])) == [Status.ERASED]
    assert held(lake).is_empty()


def test_an_older_snapshot_tells_from_when_on_events_differ(lake: Lake) -> None:
    accept(lake, [EVENT])
    with lake.reading() as transaction:
        first = events_table(transaction).current_snapshot().snapshot_id  # type: ignore[union-attr]
        assert changed_from(events_table(transaction), first) is None
    accept(lake, [{**EVENT, "event_id": str(uuid4())}])
    newest = held(lake)["received_at"].max()
    with lake.reading() as transaction:
        table = events_table(transaction)
        assert changed_from(table, first) == newest
        assert changed_from(table, 1) == BEGINNING


def _accept_and_die(lake: Lake, batch: list[dict[str, object]]) -> None:
    """Dies with everything written and nothing committed."""
    with lake.writing() as transaction:
        accept_within(transaction, batch)
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_batch_that_was_killed_before_its_commit_counts_once(lake: Lake) -> None:
    batch = [{**EVENT, "event_id": str(UUID(int=number))} for number in range(50)]
    killed = multiprocessing.get_context("spawn").Process(target=_accept_and_die, args=(lake, batch))
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert [file for file in files(lake) if file.suffix == ".parquet"]
    assert held(lake).is_empty()
    assert statuses(accept(lake, batch)) == [Status.STORED] * 50
    assert statuses(accept(lake, batch)) == [Status.KNOWN] * 50
    assert held(lake)["event_id"].n_unique() == held(lake).height == 50
