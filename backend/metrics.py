"""What the API counts, for Prometheus.

Belongs here: names, labels and buckets. A label takes few values, none of them from outside: a route is a template, not
a path.
"""

from functools import cache
from typing import Any

from core.metrics import PREFIX, exposition

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_EVENTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class Metrics:
    """The figures of one API process."""

    def __init__(self, registry: Any = None) -> None:
        from prometheus_client import REGISTRY, Counter, Gauge, Histogram  # see core.metrics

        registry = registry or REGISTRY
        self._registry = registry
        request_seconds = Histogram(
            f"{PREFIX}_api_request_seconds",
            "Time to answer a request, by route and status",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=registry,
        )
        events = Counter(
            f"{PREFIX}_api_events", "Events that arrived, by what became of them", ["status"], registry=registry
        )
        # A child is found once for each of its few labels: the library would look it up under a lock each time.
        self.request_seconds = cache(request_seconds.labels)
        self.events = cache(events.labels)
        self.events_a_transaction = Histogram(
            f"{PREFIX}_api_events_per_transaction", "Events stored together", buckets=_EVENTS, registry=registry
        )
        self.events_waiting = Gauge(
            f"{PREFIX}_api_events_waiting",
            "Events that wait to be stored",
            registry=registry,
            multiprocess_mode="livesum",
        )

        reads = Counter(
            f"{PREFIX}_api_report_reads",
            "Statements of reports and lists, by where they were answered: `replica` or `primary`",
            ["where"],
            registry=registry,
        )
        self.report_reads = cache(reads.labels)
        answers = Counter(
            f"{PREFIX}_api_kept_answers",
            "Answers asked of the cache: `hit`: kept; `miss`: computed; `joined`: somebody computed it already",
            ["outcome"],
            registry=registry,
        )
        self.kept_answers = cache(answers.labels)
        self.answers_computing = Gauge(
            f"{PREFIX}_api_answers_computing",
            "Reports that are being computed",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.notice_listeners = Gauge(
            f"{PREFIX}_api_notice_listeners",
            "Open connections that are told of notices",
            registry=registry,
            multiprocess_mode="livesum",
        )
        notices_told = Counter(
            f"{PREFIX}_api_notices_told", "Notices told to listeners, by kind", ["kind"], registry=registry
        )
        self.notices_told = cache(notices_told.labels)

    def exposition(self) -> bytes:
        """The figures of all processes in Prometheus' text format."""
        return exposition(self._registry)
