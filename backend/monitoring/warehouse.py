"""Asks the warehouse for its figures whenever Prometheus does.

Each figure is a statement of its own with a time limit: one that fails is left out and named, and the others are told.
Whoever asks again within `KEPT_SECONDS` is told the same.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence

import psycopg
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from backend.monitoring.figures import Figure
from core.metrics import PREFIX
from warehouse.database import execute

logger = logging.getLogger("backend.monitoring")

KEPT_SECONDS = 5.0
_CONNECT_SECONDS = 3
_STATEMENT_MILLISECONDS = 3000


class WarehouseCollector(Collector):
    """The figures of a warehouse. Prometheus' client calls `collect` for each scrape."""

    def __init__(self, url: str, figures: Sequence[Figure]) -> None:
        self._url = url
        self._figures = figures
        self._kept: list[Metric] = []
        self._asked_at = float("-inf")
        self._lock = threading.Lock()

    def describe(self) -> list[Metric]:
        """Nothing, so that registering asks nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All figures. Where Postgres does not answer: `customer_analyzer_warehouse_up 0`, and nothing else."""
        with self._lock:
            if time.monotonic() - self._asked_at >= KEPT_SECONDS:
                self._kept, self._asked_at = [*self._ask()], time.monotonic()
            told = self._kept
        yield from told

    def _ask(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(f"{PREFIX}_warehouse_up", "Whether the warehouse answers")
        failed = GaugeMetricFamily(
            f"{PREFIX}_figure_failed", "1 for a figure that could not be read", labels=["figure"]
        )
        try:
            with psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=_CONNECT_SECONDS,
                application_name="customer-analyzer exporter",
                options=f"-c statement_timeout={_STATEMENT_MILLISECONDS} -c default_transaction_read_only=on",
                # Behind a pooler the next statement may be on another connection.
                prepare_threshold=None,
            ) as connection:
                found = [self._told(connection, figure, failed) for figure in self._figures]
        except psycopg.OperationalError as error:
            logger.warning("the warehouse does not answer: %s", str(error).partition("\n")[0])
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield from (up, failed, *found)

    @staticmethod
    def _told(connection: psycopg.Connection, figure: Figure, failed: GaugeMetricFamily) -> Metric:
        family = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
        metric = family(figure.name, figure.help, labels=figure.labels)
        try:
            for labels, measured in execute(connection, figure.statement):
                metric.add_metric(labels, measured)
        except (psycopg.errors.QueryCanceled, psycopg.ProgrammingError) as error:
            logger.warning("%s could not be read: %s", figure.name, error.diag.message_primary)
            failed.add_metric([figure.name], 1)
        return metric
