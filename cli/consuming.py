"""`customer-analyzer events consume`: events from Kafka, until it is stopped.

Belongs here: options, the signal that stops it, the line that shows how far it is, and the figures for Prometheus. Does
not belong here: reading and storing (`ingestion.consuming`).
"""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import UserError

if TYPE_CHECKING:
    from ingestion.consuming import Consumed


def consume_events(
    topics: Annotated[list[str], typer.Argument(metavar="TOPIC...", help="The topics with events.")],
    brokers: Annotated[str, typer.Option("--from", metavar="HOST:PORT,...", help="Brokers of Kafka.")],
    group: Annotated[str, typer.Option(help="The consumer group; several processes of one share its topics.")] = (
        "customer-analyzer"
    ),
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Settings of librdkafka, a line name=value each: TLS, SASL, passwords."),
    ] = None,
    source: Annotated[str | None, typer.Option(help="The source of events that do not name theirs.")] = None,
    batch: Annotated[
        int, typer.Option(min=1, max=100_000, help="So many messages are stored at once, at most.")
    ] = 1_000,
    to_lake: Annotated[bool, typer.Option("--to-lake", help="Store them in the lake instead of in Postgres.")] = False,
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Serve figures for Prometheus at this port of this machine.")
    ] = None,
) -> None:
    """Store events from Kafka as they come. Ctrl-C or SIGTERM ends it after the batch in hand.

    A message is one event as JSON, with an event_id. Each is stored once, however often it comes and whoever is killed:
    how far a topic was read is stored with the events. What breaks the contract goes to quarantine, with topic,
    partition and offset. While the database cannot be reached, messages wait in Kafka.
    """
    from importlib.util import find_spec

    if find_spec("confluent_kafka") is None:
        raise UserError("Kafka needs its client: install customer-analyzer[kafka].")
    from core.settings import read_settings
    from ingestion.consuming import consume, consumer_of, into_postgres
    from lake.names import warehouse_location
    from lake.opening import open_lake
    from standalone.stack import running_platform

    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda given, _frame: stopped.append(given))
    consumer = consumer_of({"bootstrap.servers": brokers, **_read(settings)}, group)
    with running_platform(read_settings()) as platform:
        target = into_postgres(platform.warehouse_url, source)
        if to_lake:
            lake = open_lake(platform.warehouse_url, warehouse_location(platform.settings.lake, platform.home.root))
            from ingestion.lake_accepting import into_lake

            target = into_lake(lake, source)
        done = consume(
            consumer,
            group,
            topics,
            target,
            is_over=lambda _: bool(stopped),
            batch=batch,
            show=None if metrics_port is None else _served(metrics_port),
        )
    counts = ", ".join(f"{count:,} {status}" for status, count in sorted(done.outcomes.items()))
    typer.echo(f"{sum(done.outcomes.values()):,} messages read: {counts or 'nothing'}; {sum(done.lag.values()):,} left")


def _read(file: Path | None) -> dict[str, str]:
    """The settings in a file; lines that begin with # say nothing."""
    if file is None:
        return {}
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.") from error
    named = [line.partition("=") for line in lines if line and not line.startswith("#")]
    if any(not sign for _, sign, _ in named):
        raise UserError(f"{file} must have lines like name=value.")
    return {name.strip(): value.strip() for name, _, value in named}


def _served(port: int) -> "Callable[[Consumed], None]":
    """Serves figures on loopback, and returns what renews them."""
    from prometheus_client import CollectorRegistry, Gauge, start_http_server

    from core.home import LOOPBACK
    from core.metrics import PREFIX

    registry = CollectorRegistry()
    lag = Gauge(
        f"{PREFIX}_consumer_lag_messages", "Messages that are left to read.", ["topic", "partition"], registry=registry
    )
    read = Gauge(
        f"{PREFIX}_consumer_messages", "Messages that were read, by what became of them.", ["status"], registry=registry
    )
    waiting = Gauge(f"{PREFIX}_consumer_is_waiting", "Whether partitions are paused.", registry=registry)
    start_http_server(port, LOOPBACK, registry)

    def show(consumed: "Consumed") -> None:
        waiting.set(consumed.is_waiting)
        for status, count in consumed.outcomes.items():
            read.labels(status).set(count)
        lag.clear()
        for partition, messages in consumed.lag.items():
            lag.labels(partition.topic, partition.number).set(messages)

    return show
