"""Amounts in several currencies: added up in one, or not at all until a rate is known; nothing is lost meanwhile."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from ingestion import demand_good_rows, import_files
from ingestion.accepting import Status, accept
from ingestion.contract_check import check_new_events
from ingestion.rates import bring_rates
from privacy.spelling import parameters
from privacy.tables import IS_QUARANTINED_OF_USER
from tests.integration.ingestion.mixed_shop import MIXED, Connection, emptied, held, rates, sums, waiting, written
from warehouse.database import Database
from warehouse.exchange_rates import base_currency, demand_base_currency


@pytest.fixture
def connection(shared_warehouse_url: str) -> Iterator[Connection]:
    with psycopg.connect(shared_warehouse_url, autocommit=True) as connection:
        emptied(connection)
        yield connection


def test_rows_without_a_rate_wait_and_come_back_once(
    shared_warehouse_url: str, connection: Connection, tmp_path: Path
) -> None:
    file = written(tmp_path, MIXED)
    (result,) = import_files(shared_warehouse_url, [file])
    assert (result.read, result.stored, result.quarantined) == (8, 5, 3)
    assert (result.waiting, result.points) == ({"JPY": 1, "USD": 2}, {"XTR": 1})
    assert Database(shared_warehouse_url).run(base_currency()) == "EUR"
    assert sums(connection) == {"a": 10, "b": 0, "c": 10}
    reasons = [
        "amount is in JPY, which has no rate for 2025-03-11",
        "amount is in USD, which has no rate for 2025-03-12",
        "amount is in USD, which has no rate for 2025-03-12",
    ]
    query = "select reason from raw.events_quarantine order by row_number"
    assert [reason for (reason,) in connection.execute(query).fetchall()] == reasons

    (again,) = import_files(shared_warehouse_url, [file])
    assert (again.stored, again.known, again.quarantined, again.quarantined_known) == (0, 5, 3, 3)

    found = bring_rates(shared_warehouse_url, rates(tmp_path))
    assert (found.base, found.read, found.new) == ("EUR", 3, 3)
    assert (dict(found.accepted.stored), found.waiting) == ({"JPY": 1, "USD": 2}, {})
    assert sums(connection) == {"a": 20, "b": 4, "c": 10}
    assert waiting(connection) == 0
    back = held(connection)

    (known,) = import_files(shared_warehouse_url, [file])
    assert (known.stored, known.known, known.quarantined) == (0, 8, 0)
    same = bring_rates(shared_warehouse_url, rates(tmp_path))
    assert (same.new, dict(same.accepted.stored)) == (0, {})
    assert held(connection) == back

    # As if the rates had been there before the file.
    connection.execute("truncate raw.events")
    import_files(shared_warehouse_url, [file])
    assert held(connection) == back


def test_a_file_of_one_foreign_currency_is_no_file_of_bad_rows(
    shared_warehouse_url: str, connection: Connection, tmp_path: Path
) -> None:
    import_files(shared_warehouse_url, [written(tmp_path, MIXED[:1])])
    results = import_files(shared_warehouse_url, [written(tmp_path, ["z,purchase,2025-03-10,5,SEK"])])
    demand_good_rows(results)
    assert results[0].waiting == {"SEK": 1}


EVENT: dict[str, object] = {
    "event_id": "00000000-0000-0000-0000-000000000001",
    "user_id": "a",
    "event_type": "purchase",
    "occurred_at": "2025-03-10T10:00:00Z",
    "amount": 10,
    "currency": "USD",
    "source": "web",
}


def test_an_event_that_waited_is_received_when_it_is_stored(
    shared_warehouse_url: str, connection: Connection, tmp_path: Path
) -> None:
    euros = {**EVENT, "event_id": str(uuid4()), "currency": "EUR"}
    assert [each.status for each in accept(connection, [euros, euros, EVENT, EVENT])] == [
        Status.STORED,
        Status.KNOWN,
        Status.WAITING,
        Status.WAITING,
    ]
    assert [each.status for each in accept(connection, [EVENT])] == [Status.WAITING]
    assert waiting(connection) == 1
    before = datetime.now(UTC)
    found = bring_rates(shared_warehouse_url, rates(tmp_path))
    assert dict(found.accepted.stored) == {"USD": 1}
    query = "select received_at, base_amount from raw.events where currency = 'USD'"
    ((received_at, base_amount),) = connection.execute(query).fetchall()
    assert received_at >= before
    assert base_amount == 9
    assert [each.status for each in accept(connection, [EVENT, {**EVENT, "event_id": str(uuid4())}])] == [
        Status.KNOWN,
        Status.STORED,
    ]


def test_an_id_that_was_taken_while_a_row_waited_stays_taken(
    shared_warehouse_url: str, connection: Connection, tmp_path: Path
) -> None:
    accept(connection, [{**EVENT, "event_id": str(uuid4()), "currency": "EUR"}])
    accept(connection, [EVENT])
    accept(connection, [{**EVENT, "currency": "EUR", "amount": 5}])
    found = bring_rates(shared_warehouse_url, rates(tmp_path))
    assert (dict(found.accepted.stored), found.accepted.conflicting, found.waiting) == ({}, 1, {})
    query = "select reason, waits_for from raw.events_quarantine"
    assert connection.execute(query).fetchall() == [
        ("event_id is taken by an event with another amount, currency", None)
    ]


def test_rows_of_erased_users_do_not_come_back(
    shared_warehouse_url: str, connection: Connection, tmp_path: Path
) -> None:
    import_files(shared_warehouse_url, [written(tmp_path, MIXED)])
    # The row of `a` is found by an erasure as any other row of the quarantine is.
    found = connection.execute(
        b"select count(*) from raw.events_quarantine where " + IS_QUARANTINED_OF_USER.as_bytes(),
        parameters("a"),
    ).fetchall()
    assert found == [(1,)]
    connection.execute("insert into raw.erased_users (user_hash, trained_models) values (raw.user_hash('b'), '[]')")
    brought = bring_rates(shared_warehouse_url, rates(tmp_path))
    assert dict(brought.accepted.stored) == {"JPY": 1}
    assert waiting(connection) == 0


def test_rows_of_archived_months_wait_on(shared_warehouse_url: str, connection: Connection, tmp_path: Path) -> None:
    import_files(shared_warehouse_url, [written(tmp_path, MIXED)])
    connection.execute("alter table raw.events_2025_03 add constraint is_archived check (false) not valid")
    connection.execute(
        "insert into raw.archives (sha256, month, path, rows, checksum, first_known_day)"
        " values (repeat('0', 64), '2025-03-01', '/nowhere', 5, '', '2025-03-01')"
    )
    found = bring_rates(shared_warehouse_url, rates(tmp_path))
    assert (dict(found.accepted.stored), found.accepted.archived, waiting(connection)) == ({}, 3, 3)
    connection.execute("drop table raw.events_2025_03")


def test_a_run_is_told_what_waits_and_stops_at_a_currency_that_is_new(
    shared_warehouse_url: str, connection: Connection, tmp_path: Path
) -> None:
    warehouse = Database(shared_warehouse_url)
    import_files(shared_warehouse_url, [written(tmp_path, MIXED)])
    first = check_new_events(warehouse)
    assert first.success
    assert first.warnings == (
        "3 rows (2 in USD, 1 in JPY) count nowhere, as they wait in quarantine for exchange rates (see `events rates`)",
    )
    bring_rates(shared_warehouse_url, rates(tmp_path))
    found = check_new_events(warehouse)
    assert not found.success
    assert (
        "amount has currencies that are new (2 in USD, 1 in JPY; so far EUR, XTR, none) from import" in found.sentence
    )
    assert check_new_events(warehouse, accept=True).success
    import_files(shared_warehouse_url, [written(tmp_path, ["e,purchase,2025-03-11,800,JPY"])])
    assert check_new_events(warehouse).success


def test_nobody_is_left_waiting_for_a_rate_that_is_known(
    shared_warehouse_url: str, connection: Connection, tmp_path: Path
) -> None:
    """Imports, events one by one and rates at once: in the end each is stored once, with its worth."""
    demand_base_currency(Database(shared_warehouse_url), "EUR")
    days = [f"2025-03-{day:02d}" for day in range(1, 29)]

    def bring(number: int) -> None:
        bring_rates(shared_warehouse_url, rates(tmp_path, [f"{days[number]},USD,0.5"]), valid_days=1)

    def send(number: int) -> None:
        with psycopg.connect(shared_warehouse_url, autocommit=True) as own:
            for day in days:
                accept(own, [{**EVENT, "event_id": str(uuid4()), "occurred_at": day}])

    def load(number: int) -> None:
        file = written(tmp_path, [f"f{number},purchase,{day},10,USD" for day in days])
        import_files(shared_warehouse_url, [file], chunk_rows=7)

    with ThreadPoolExecutor(4) as executor:
        work = [executor.submit(each, n) for n in range(3) for each in (send, load)]
        work += [executor.submit(bring, number) for number in range(len(days))]
        for each in work:
            each.result()
    assert waiting(connection) == 0
    query = "select count(*), count(distinct event_id), sum(base_amount) from raw.events"
    assert connection.execute(query).fetchall() == [(168, 168, 840)]


def test_what_waits_is_in_the_home_as_an_event(connection: Connection) -> None:
    accept(connection, [{**EVENT, "event_id": str(uuid4()), "currency": "EUR"}])
    accept(connection, [{**EVENT, "properties": {"a": [1]}, "lang": "de", "base_amount": 99}])
    ((row,),) = connection.execute("select row from raw.events_quarantine").fetchall()
    assert row == {
        **EVENT,
        "event_id": "0" * 31 + "1",
        "occurred_at": "2025-03-10T10:00:00+00:00",
        "properties": {"a": [1], "lang": "de", "base_amount": 99},
    }
    assert json.loads(json.dumps(row)) == row
