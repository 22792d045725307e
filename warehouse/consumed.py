"""How far topics of Kafka were read, and which of their messages are in quarantine.

Belongs here: SQL on `raw.consumed` and `raw.messages_in_quarantine`. Does not: Kafka, or what becomes of an event
(`ingestion`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from warehouse.database import Statement, command, rows


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """A partition of a topic."""

    topic: str
    number: int


def next_offsets(group: str, partitions: Iterable[Partition]) -> Statement[dict[Partition, int]]:
    """The first message of each partition that is not stored yet; partitions that were never read are missing.

    Until the end of the transaction others who store messages of these partitions wait.
    """
    chosen = sorted(partitions)
    found = rows(
        lambda topic, number, offset: (Partition(topic, number), offset),
        "select topic, topic_partition, next_offset from raw.consumed where consumer_group = %(group)s"
        " and (topic, topic_partition) in (select * from unnest(%(topics)s::text[], %(numbers)s::integer[]))"
        " order by topic, topic_partition for update",
        group=group,
        topics=[each.topic for each in chosen],
        numbers=[each.number for each in chosen],
    )
    return Statement(found.query, found.parameters, lambda result: dict(found.convert(result)))


def begin_partitions(group: str, partitions: Iterable[Partition]) -> Statement[int]:
    """Notes partitions that were never read, so that who reads them waits for another who does."""
    chosen = sorted(partitions)
    return command(
        "insert into raw.consumed (consumer_group, topic, topic_partition, next_offset)"
        " select %(group)s, topic, number, 0 from unnest(%(topics)s::text[], %(numbers)s::integer[]) as given"
        " (topic, number) on conflict do nothing",
        group=group,
        topics=[each.topic for each in chosen],
        numbers=[each.number for each in chosen],
    )


def move_offsets(group: str, offsets: Mapping[Partition, int]) -> Statement[int]:
    """Notes the first message of each partition that is not stored yet."""
    return command(
        "update raw.consumed set next_offset = given.next_offset, moved_at = now()"
        " from unnest(%(topics)s::text[], %(numbers)s::integer[], %(offsets)s::bigint[])"
        " as given (topic, number, next_offset)"
        " where consumer_group = %(group)s and consumed.topic = given.topic and topic_partition = number",
        group=group,
        topics=[each.topic for each in offsets],
        numbers=[each.number for each in offsets],
        offsets=list(offsets.values()),
    )


def note_quarantined(messages: Iterable[tuple[str, Partition, int]]) -> Statement[int]:
    """Notes which messages are in quarantine: the id of the row there, the partition and the offset."""
    given = list(messages)
    return command(
        "insert into raw.messages_in_quarantine (quarantine_id, topic, topic_partition, message_offset)"
        " select * from unnest(%(ids)s::uuid[], %(topics)s::text[], %(numbers)s::integer[], %(offsets)s::bigint[])"
        " on conflict do nothing",
        ids=[quarantine_id for quarantine_id, _, _ in given],
        topics=[partition.topic for _, partition, _ in given],
        numbers=[partition.number for _, partition, _ in given],
        offsets=[offset for _, _, offset in given],
    )
