"""Events from Kafka: a consumer group that stores each message once, whoever is killed or replaced.

Belongs here: from messages to batches, and when to wait. Does not: what becomes of an event (`accepting`,
`lake_accepting`), SQL (`warehouse.consumed`).

How far a partition was read is in Postgres, in the transaction that stores the events: Kafka is told only for those who
look there. A consumer that has lost a partition without knowing cannot store what another has stored: it sees in its
transaction that the offset has moved on.
"""

import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition
from sqlalchemy.exc import OperationalError

from core.errors import OperationError
from ingestion.accepting import Accept, Status, Target, accept
from ingestion.json_events import as_whole
from ingestion.quarantine import refused
from warehouse.consumed import Partition, begin_partitions, move_offsets, next_offsets, note_quarantined
from warehouse.database import Connection, Database, execute

BATCH = 1_000
_POLL_SECONDS = 0.5
_RETRY_SECONDS = 2.0
# Batches are fetched ahead, and no more: what is not stored yet waits in Kafka.
_FETCHED_KILOBYTES = 16_384
_UNREACHABLE = (psycopg.OperationalError, OperationalError)

_log = logging.getLogger(__name__)


@dataclass
class Consumed:
    """What was read: how many events by what became of them, and by partition how many messages are left to read."""

    outcomes: Counter[Status] = field(default_factory=Counter)
    lag: dict[Partition, int] = field(default_factory=dict)
    is_waiting: bool = False
    """Whether Postgres cannot be reached. Partitions are paused then."""


def into_postgres(url: str, source: str | None = None) -> Target:
    """Stores events in `raw.events`."""

    @contextmanager
    def opened() -> Iterator[tuple[Connection, Accept]]:
        with Database(url).transaction() as connection:
            yield connection, lambda events: accept(connection, events, source=source)

    return opened


def consumer_of(settings: Mapping[str, str], group: str) -> Consumer:
    """A consumer of a group. `settings` are librdkafka's, such as bootstrap.servers."""
    ours: dict[str, str | int | bool] = {
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "queued.max.messages.kbytes": _FETCHED_KILOBYTES,
    }
    return Consumer({**ours, **settings})


def consume(
    consumer: Consumer,
    group: str,
    topics: Sequence[str],
    target: Target,
    *,
    is_over: Callable[[Consumed], bool],
    batch: int = BATCH,
    show: Callable[[Consumed], None] | None = None,
) -> Consumed:
    """Stores messages of topics, batch after batch, until `is_over`. Closes the consumer.

    A message is a JSON object of an event, as the API takes it. One that breaks the contract goes to quarantine, with
    its topic, partition and offset. While Postgres cannot be reached partitions are paused. Raises OperationError where
    Kafka refuses.
    """
    consumed = Consumed()
    tell = show or (lambda _: None)

    def assigned(_: Consumer, given: list[TopicPartition]) -> None:
        consumer.assign([TopicPartition(each.topic, each.partition, _offset(each)) for each in given])

    def _offset(each: TopicPartition) -> int:
        partition = Partition(each.topic, each.partition)
        while not is_over(consumed):
            try:
                with target() as (connection, _):
                    return execute(connection, next_offsets(group, [partition])).get(partition) or OFFSET_BEGINNING
            except _UNREACHABLE:
                time.sleep(_RETRY_SECONDS)
        return OFFSET_BEGINNING

    consumer.subscribe(list(topics), on_assign=assigned)
    try:
        while not is_over(consumed):
            messages = [each for each in consumer.consume(batch, _POLL_SECONDS) if _is_message(each)]
            if messages:
                consumed.outcomes.update(_stored_at_last(consumer, group, messages, target, consumed, is_over, tell))
            consumed.lag = _lag(consumer)
            tell(consumed)
    except KafkaException as error:
        raise OperationError(f"Kafka refuses: {error.args[0].str()}.") from error
    finally:
        consumer.close()
    return consumed


def _is_message(message: Message) -> bool:
    """Whether it is a message. Raises KafkaException for an error that does not pass by itself."""
    error: KafkaError | None = message.error()
    if error is None:
        return True
    if not error.retriable() and error.code() not in {KafkaError._PARTITION_EOF, KafkaError.UNKNOWN_TOPIC_OR_PART}:
        raise KafkaException(error)
    _log.warning("Kafka says: %s", error.str())
    return False


def _stored_at_last(
    consumer: Consumer,
    group: str,
    messages: Sequence[Message],
    target: Target,
    consumed: Consumed,
    is_over: Callable[[Consumed], bool],
    tell: Callable[[Consumed], None],
) -> Counter[Status]:
    """Stores a batch, as soon as Postgres can be reached. The consumer stays in its group meanwhile."""
    while not is_over(consumed):
        try:
            with target() as (connection, accept_events):
                outcomes, offsets = _store(connection, accept_events, group, messages)
        except _UNREACHABLE as error:
            if not consumed.is_waiting:
                _log.warning("Partitions are paused, as events cannot be stored: %s", type(error).__name__)
            consumed.is_waiting = True
            tell(consumed)
            consumer.pause(consumer.assignment())
            _stay(consumer)
        else:
            if consumed.is_waiting:
                consumer.resume(consumer.assignment())
                consumed.is_waiting = False
            told = [TopicPartition(each.topic, each.number, offset) for each, offset in offsets.items()]
            consumer.commit(offsets=told, asynchronous=True)
            return outcomes
    return Counter()


def _stay(consumer: Consumer) -> None:
    until = time.monotonic() + _RETRY_SECONDS
    while (left := until - time.monotonic()) > 0:
        consumer.poll(left)


def _store(
    connection: Connection, accept_events: Accept, group: str, messages: Sequence[Message]
) -> tuple[Counter[Status], dict[Partition, int]]:
    """Stores messages that were not stored yet, and how far they go; what became of them, and the next offsets."""
    partitions = {_partition(each) for each in messages}
    execute(connection, begin_partitions(group, partitions))
    known = execute(connection, next_offsets(group, partitions))
    fresh = [each for each in messages if _place(each) >= known[_partition(each)]]
    if not fresh:
        return Counter(), {}
    events = [_event(each) for each in fresh]
    outcomes = accept_events(events)
    faulty = [
        (as_whole(event), _partition(message), _place(message))
        for event, message, outcome in zip(events, fresh, outcomes, strict=True)
        if outcome.status in {Status.REFUSED, Status.CONFLICTING}
    ]
    if faulty:
        # Rows come back in the order of their numbers.
        ids = refused(list(range(len(faulty))), [""] * len(faulty), [row for row, _, _ in faulty], None)
        places = zip(ids.get_column("quarantine_id").to_list(), faulty, strict=True)
        execute(connection, note_quarantined((found, partition, offset) for found, (_, partition, offset) in places))
    offsets: dict[Partition, int] = {}
    for each in fresh:
        offsets[_partition(each)] = max(offsets.get(_partition(each), 0), _place(each) + 1)
    execute(connection, move_offsets(group, offsets))
    return Counter(outcome.status for outcome in outcomes), offsets


def _partition(message: Message) -> Partition:
    return Partition(str(message.topic()), int(message.partition() or 0))


def _place(message: Message) -> int:
    return int(message.offset() or 0)


def _event(message: Message) -> object:
    """The event of a message; text that is no JSON, as text, which the contract refuses."""
    content: bytes = message.value() or b""
    try:
        event: object = json.loads(content)
    except (ValueError, RecursionError):
        return content.decode("utf-8", "backslashreplace")
    return event


def _lag(consumer: Consumer) -> dict[Partition, int]:
    """How many messages of each partition are left to read, as far as the consumer has heard."""
    lag = {}
    for each in consumer.position(consumer.assignment()):
        _, high = consumer.get_watermark_offsets(each, cached=True)
        if high >= 0 and each.offset >= 0:
            lag[Partition(each.topic, each.partition)] = max(0, high - each.offset)
    return lag
