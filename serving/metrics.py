"""What a service counts, and how Prometheus reads it.

Belongs here: names, labels and buckets. A label takes few values, none of them from outside: a route is a template,
not a path. Made when a service starts, because the Prometheus client decides at its first import whether it shares
its figures between workers, by an environment variable that BentoML sets.
"""

from functools import cache
from typing import Any

from core.metrics import PREFIX, exposition

_SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_DAYS = (0, 1, 2, 3, 5, 7, 14, 30, 90)


class Metrics:
    """The figures of one service process."""

    def __init__(self, registry: Any = None) -> None:
        from prometheus_client import REGISTRY, Counter, Gauge, Histogram  # see the module

        registry = registry or REGISTRY
        self._registry = registry
        request_seconds = Histogram(
            f"{PREFIX}_request_seconds",
            "Time to answer a request, by route and status",
            ["route", "status"],
            buckets=_SECONDS,
            registry=registry,
        )
        predictions = Counter(
            f"{PREFIX}_predictions", "Predictions made", ["basis", "model_version"], registry=registry
        )
        # A child is found once for each of its few labels: the library would look it up under a lock each time.
        self.request_seconds = cache(request_seconds.labels)
        self.predictions = cache(predictions.labels)
        self.feature_age_days = Histogram(
            f"{PREFIX}_feature_age_days",
            "Days from the snapshot used to today, by request",
            buckets=_DAYS,
            registry=registry,
        )
        self.swaps = Counter(f"{PREFIX}_model_swaps", "Deployments taken into use", registry=registry)
        self.swap_failures = Counter(
            f"{PREFIX}_model_swap_failures", "Deployments refused", ["code"], registry=registry
        )
        self.model_version = Gauge(
            f"{PREFIX}_model_version",
            "Registry version of the model in use",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self.ledger_written = Counter(
            f"{PREFIX}_ledger_rows_written", "Predictions recorded in the warehouse", registry=registry
        )
        self.ledger_dropped = Counter(
            f"{PREFIX}_ledger_rows_dropped", "Predictions that could not be kept for the warehouse", registry=registry
        )
        self.ledger_spool_bytes = Gauge(
            f"{PREFIX}_ledger_spool_bytes",
            "What waits on disk for the warehouse, of all services that share the folder",
            registry=registry,
            multiprocess_mode="livemax",
        )

    def exposition(self) -> bytes:
        """The figures of all workers in Prometheus' text format."""
        return exposition(self._registry)
