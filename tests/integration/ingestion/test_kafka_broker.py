"""A real broker of Kafka and its consumers are killed again and again: no event is lost, and none is there twice.

Belongs here: what only a real broker does, such as groups that rebalance and a log that is opened after a kill. Does
not: what a message may be, and the lake as target (test_consuming).
"""

import json
import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import KafkaError, Message, Producer

from ingestion.consuming import Consumed, consume, consumer_of, into_postgres
from tests.integration.ingestion.kafka_broker import Broker
from tests.integration.ingestion.test_accepting import emptied
from tests.integration.ingestion.test_consuming import GROUP, TOPIC, event, rows

pytestmark = pytest.mark.system("java", "mvn")

PARTITIONS = 3
CONSUMERS = 2
KILLS = int(os.environ.get("KILLS", "100"))
ROUND = 120
"""So many good events are sent to each partition between two kills, and a bad message to one."""
PATIENCE_SECONDS = 240

READ = "select coalesce(sum(next_offset), 0)::bigint from raw.consumed"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    broker.prepare()
    try:
        broker.start()
        broker.create_topic(TOPIC, PARTITIONS)
        yield broker
    finally:
        broker.stop()


class Sender:
    """Sends events, again and again until the broker has them, and notes where bad messages are."""

    def __init__(self, broker: Broker) -> None:
        self.producer = Producer(
            {"bootstrap.servers": broker.address, "enable.idempotence": True, "message.timeout.ms": 0}
        )
        self.sent = 0
        self.bad: set[tuple[str, int, int]] = set()

    def send(self, count: int) -> None:
        """Sends good events to every partition and one bad message to one. They leave in the background.

        No two bad ones are the same, since the quarantine holds equal rows once.
        """
        for partition in range(PARTITIONS):
            for _ in range(count):
                self.sent += 1
                self.producer.produce(TOPIC, json.dumps(event(self.sent)).encode(), partition=partition)
        self.producer.produce(TOPIC, b"bad %d" % self.sent, partition=self.sent % PARTITIONS, on_delivery=self._note)
        self.producer.poll(0)

    def flush(self) -> None:
        """Waits until the broker has everything."""
        assert self.producer.flush(PATIENCE_SECONDS) == 0

    def _note(self, error: KafkaError | None, message: Message) -> None:
        assert error is None, error
        self.bad.add((TOPIC, int(message.partition() or 0), int(message.offset() or 0)))


def settings(broker: Broker) -> dict[str, str]:
    # The group notices soon that a member is gone.
    return {"bootstrap.servers": broker.address, "session.timeout.ms": "2000", "heartbeat.interval.ms": "500"}


def consume_forever(given: dict[str, str], url: str) -> None:
    consume(consumer_of(given, GROUP), GROUP, [TOPIC], into_postgres(url), is_over=lambda _: False, batch=25)


def started(broker: Broker, url: str) -> BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=consume_forever, args=(settings(broker), url))
    process.start()
    return process


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@pytest.mark.parametrize("kills", [2, pytest.param(KILLS, marks=[pytest.mark.soak, pytest.mark.timeout(3_000)])])
def test_nothing_is_lost_or_doubled_whoever_is_killed(broker: Broker, shared_warehouse_url: str, kills: int) -> None:
    url = shared_warehouse_url
    with psycopg.connect(url, autocommit=True) as connection:
        emptied(connection)
        connection.execute("truncate raw.consumed, raw.messages_in_quarantine")

    def read() -> int:
        return int(rows(url, READ)[0][0])

    chance, sender = random.Random(6), Sender(broker)
    consumers = [started(broker, url) for _ in range(CONSUMERS)]
    try:
        for kill in range(kills):
            before = read()
            sender.send(ROUND)
            # Somewhere in the middle of the round.
            wanted = before + chance.randrange(1, PARTITIONS * ROUND)
            wait_until(lambda: read() >= wanted, f"{read()} of {wanted} read before kill {kill}")  # noqa: B023
            if kill % 4 == 1:
                broker.kill()
                broker.start()
            else:
                place = chance.randrange(CONSUMERS)
                consumers[place].kill()
                consumers[place].join()
                consumers[place] = started(broker, url)
        sender.flush()
        everything = sender.sent + len(sender.bad)
        wait_until(lambda: read() >= everything, f"{read()} of {everything} read in the end")
    finally:
        for process in consumers:
            process.kill()
            process.join()
    assert read() == everything
    assert rows(url, "select count(*), count(distinct event_id) from raw.events") == [(sender.sent, sender.sent)]
    assert rows(url, "select count(*) from raw.events_quarantine") == [(len(sender.bad),)]
    places: list[Any] = rows(
        url,
        "select topic, topic_partition, message_offset from raw.messages_in_quarantine"
        " join raw.events_quarantine using (quarantine_id)",
    )
    assert sorted(places) == sorted(sender.bad)
    _lag_is_told(broker, sender, url)


def _lag_is_told(broker: Broker, sender: Sender, url: str) -> None:
    """What is left to read falls to nothing while it is read."""
    sender.send(ROUND)
    sender.flush()
    end, seen = time.monotonic() + PATIENCE_SECONDS, list[int]()

    def show(consumed: Consumed) -> None:
        if consumed.lag:
            seen.append(sum(consumed.lag.values()))

    def is_over(consumed: Consumed) -> bool:
        assert time.monotonic() < end, consumed
        return sum(consumed.outcomes.values()) == PARTITIONS * ROUND + 1 and seen[-1:] == [0]

    reader = consumer_of(settings(broker), GROUP)
    consume(reader, GROUP, [TOPIC], into_postgres(url), is_over=is_over, batch=25, show=show)
    assert max(seen) > 100
