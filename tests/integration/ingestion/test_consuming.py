"""Events from Kafka (a cluster that librdkafka pretends to be): each stored once, whoever is killed or replaced."""

import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from confluent_kafka import Producer

from ingestion.accepting import Status
from ingestion.consuming import Consumed, consume, consumer_of, into_postgres
from ingestion.lake_accepting import into_lake
from lake.catalogue import Lake
from lake.names import warehouse_location
from tests.integration.ingestion.test_accepting import EVENT, emptied
from tests.integration.lake.held import emptied_lake, held

GROUP, TOPIC = "customer-analyzer", "events"
REPLACED = "another"
"""A group to Kafka, which takes most of a minute to notice that a member of the first is gone. What was stored counts
for GROUP all the same."""
PARTITIONS = 4


class Kafka:
    """A mock cluster inside a producer."""

    def __init__(self) -> None:
        self.producer = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1})
        brokers = self.producer.list_topics(timeout=20).brokers.values()
        self.settings = {"bootstrap.servers": ",".join(f"{each.host}:{each.port}" for each in brokers)}

    def send(self, *values: bytes | dict[str, object], partition: int = 0) -> None:
        for value in values:
            content = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.producer.produce(TOPIC, content, partition=partition)
        assert self.producer.flush(20) == 0


@pytest.fixture
def kafka(shared_warehouse_url: str) -> Iterator[Kafka]:
    with psycopg.connect(shared_warehouse_url, autocommit=True) as connection:
        emptied(connection)
        emptied_lake(connection)
        connection.execute("truncate raw.consumed, raw.messages_in_quarantine")
    yield Kafka()


def event(number: int, **changes: object) -> dict[str, object]:
    return {**EVENT, "event_id": str(UUID(int=number)), **changes}


def until(count: int, seconds: float = 60) -> Callable[[Consumed], bool]:
    """So many messages were read, by whomever; fails when it takes too long."""
    end = time.monotonic() + seconds

    def is_over(consumed: Consumed) -> bool:
        assert time.monotonic() < end, consumed
        return sum(consumed.outcomes.values()) >= count

    return is_over


def rows(url: str, query: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def test_messages_are_stored_and_those_that_break_the_contract_are_found_again(
    kafka: Kafka, shared_warehouse_url: str
) -> None:
    kafka.send(event(1), event(2), event(1), b"no json", event(2, amount=7), partition=1)
    kafka.send(event(3, user_id=""), event(4), partition=2)
    consumer = consumer_of(kafka.settings, GROUP)
    done = consume(consumer, GROUP, [TOPIC], into_postgres(shared_warehouse_url), is_over=until(7))
    assert done.outcomes == {Status.STORED: 3, Status.KNOWN: 1, Status.CONFLICTING: 1, Status.REFUSED: 2}
    assert sum(done.lag.values()) == 0
    assert rows(shared_warehouse_url, "select topic_partition, next_offset from raw.consumed order by 1") == [
        (1, 5),
        (2, 2),
    ]
    found = rows(
        shared_warehouse_url,
        "select topic, topic_partition, message_offset, row from raw.messages_in_quarantine"
        " join raw.events_quarantine using (quarantine_id) order by 1, 2, 3",
    )
    assert [row[:3] for row in found] == [(TOPIC, 1, 3), (TOPIC, 1, 4), (TOPIC, 2, 0)]
    assert found[1][3]["amount"] == 7
    # Another consumer of the group begins where this one ended.
    kafka.send(event(5), partition=1)
    done = consume(
        consumer_of(kafka.settings, REPLACED), GROUP, [TOPIC], into_postgres(shared_warehouse_url), is_over=until(1)
    )
    assert done.outcomes == {Status.STORED: 1}


def test_what_another_consumer_has_stored_is_not_stored_again(kafka: Kafka, shared_warehouse_url: str) -> None:
    """A consumer that does not know yet that it was replaced brings messages that the new one has stored."""
    kafka.send(b"bad", *(event(number) for number in range(9)))
    consume(consumer_of(kafka.settings, GROUP), GROUP, [TOPIC], into_postgres(shared_warehouse_url), is_over=until(10))
    moved = "update raw.consumed set next_offset = 5"
    with psycopg.connect(shared_warehouse_url, autocommit=True) as connection:
        connection.execute("delete from raw.events")
        connection.execute(moved)
    kafka.send(event(20))
    done = consume(
        consumer_of(kafka.settings, REPLACED), GROUP, [TOPIC], into_postgres(shared_warehouse_url), is_over=until(6)
    )
    assert done.outcomes == {Status.STORED: 6}


def test_partitions_wait_while_postgres_is_away(kafka: Kafka, shared_warehouse_url: str) -> None:
    kafka.send(*(event(number) for number in range(20)))
    reachable = into_postgres(shared_warehouse_url)
    tries = iter([True, False, False])

    def target() -> Any:
        if not next(tries, True):
            raise psycopg.OperationalError("the server is away")
        return reachable()

    done = consume(consumer_of(kafka.settings, GROUP), GROUP, [TOPIC], target, is_over=until(20))
    assert done.outcomes == {Status.STORED: 20}
    assert not done.is_waiting


def test_the_lake_can_be_the_target(kafka: Kafka, shared_warehouse_url: str, tmp_path: Path) -> None:
    lake = Lake(shared_warehouse_url, warehouse_location("home:/lake", tmp_path))
    kafka.send(event(1), event(2), b"{}")
    done = consume(consumer_of(kafka.settings, GROUP), GROUP, [TOPIC], into_lake(lake), is_over=until(3))
    assert done.outcomes == {Status.STORED: 2, Status.REFUSED: 1}
    assert held(lake).height == 2
    assert rows(shared_warehouse_url, "select next_offset from raw.consumed") == [(3,)]


def _consume_forever(settings: dict[str, str], url: str, kills: int) -> None:
    consume(
        consumer_of(settings, f"{REPLACED} {kills}"),
        GROUP,
        [TOPIC],
        into_postgres(url),
        is_over=lambda _: False,
        batch=7,
    )


@pytest.mark.parametrize("kills", [1, pytest.param(30, marks=[pytest.mark.soak, pytest.mark.timeout(1_200)])])
def test_killed_consumers_lose_and_double_nothing(kafka: Kafka, shared_warehouse_url: str, kills: int) -> None:
    each = 50 + 60 * kills
    for partition in range(PARTITIONS):
        sent = [event(100_000 * partition + number) for number in range(each)]
        kafka.send(*sent, b"bad %d" % partition, partition=partition)
    chance = random.Random(4)
    start = multiprocessing.get_context("spawn").Process
    count = "select coalesce(sum(next_offset), 0) from raw.consumed"
    expected = PARTITIONS * (each + 1)
    for kill in range(kills + 1):
        read = rows(shared_warehouse_url, count)[0][0]
        wanted = min(expected, read + chance.randrange(50, 200)) if kill < kills else expected
        process = start(target=_consume_forever, args=(kafka.settings, shared_warehouse_url, kill))
        process.start()
        end = time.monotonic() + 100
        while (read := rows(shared_warehouse_url, count)[0][0]) < wanted:
            assert time.monotonic() < end, f"{read} of {wanted} read"
            time.sleep(0.02)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
    stored = (PARTITIONS * each, PARTITIONS * each)
    assert rows(shared_warehouse_url, "select count(*), count(distinct event_id) from raw.events") == [stored]
    assert rows(shared_warehouse_url, "select count(*) from raw.messages_in_quarantine") == [(PARTITIONS,)]
    assert rows(shared_warehouse_url, "select count(*) from raw.events_quarantine") == [(PARTITIONS,)]
