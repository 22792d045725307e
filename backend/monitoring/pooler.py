"""Asks PgBouncer how its pools are, whenever Prometheus does.

Belongs here: what its console says of clients that wait. Does not belong here: Postgres itself (`warehouse`).
"""

import logging
from collections.abc import Iterator

import psycopg
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from psycopg.rows import dict_row

from core.metrics import PREFIX

logger = logging.getLogger("backend.monitoring")

_CONNECT_SECONDS = 3


class PoolerCollector(Collector):
    """The figures of a PgBouncer. `url` is its console, the database `pgbouncer`, with a login of `stats_users`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def describe(self) -> list[Metric]:
        """Nothing, so that registering asks nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All figures. Where PgBouncer does not answer: `customer_analyzer_pooler_up 0`, and nothing else."""
        up = GaugeMetricFamily(f"{PREFIX}_pooler_up", "Whether PgBouncer answers")
        names = ["login"]
        active = GaugeMetricFamily(f"{PREFIX}_pooler_clients_active", "Clients with a connection", labels=names)
        waiting = GaugeMetricFamily(f"{PREFIX}_pooler_clients_waiting", "Clients that wait for one", labels=names)
        wait = GaugeMetricFamily(f"{PREFIX}_pooler_wait_seconds", "How long the first of them waits", labels=names)
        try:
            with psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=_CONNECT_SECONDS,
                application_name="customer-analyzer exporter",
                row_factory=dict_row,
            ) as connection:
                pools = connection.execute("show pools").fetchall()
        except psycopg.Error as error:
            logger.warning("PgBouncer does not answer: %s", str(error).partition("\n")[0])
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        for pool in pools:
            if pool["database"] == "pgbouncer":
                continue
            active.add_metric([pool["user"]], float(pool["cl_active"]))
            waiting.add_metric([pool["user"]], float(pool["cl_waiting"]))
            wait.add_metric([pool["user"]], float(pool["maxwait"]) + float(pool["maxwait_us"]) / 1e6)
        yield from (up, active, waiting, wait)
