"""Traces: where an OpenTelemetry collector is named, each request tells it what it did and how long that took.

Belongs here: spans, their attributes, and the way to the collector. Does not belong here: which requests and steps a
process has. OpenTelemetry is imported only when there is a collector; without one nothing is done.

Its own variables are read by OpenTelemetry itself: `OTEL_EXPORTER_OTLP_ENDPOINT` (OTLP over HTTP), `_HEADERS`,
`_TIMEOUT`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER`, `OTEL_SDK_DISABLED`.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING

from core.logs import trace_id_in_use

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer
    from starlette.requests import Request

_UNTRACED: AbstractContextManager[None] = nullcontext()
# Of the ten seconds that a stopping service has: a collector that hangs must not use them up.
_CLOSE_SECONDS = 2.0
_tracer_in_use: ContextVar["Tracer | None"] = ContextVar("tracer_in_use", default=None)


class Tracing:
    """The spans of one process that answers requests."""

    def __init__(self, process: str, endpoint: str) -> None:
        """`process` names it in traces. Nothing is ever done where `endpoint` is empty."""
        self._provider: TracerProvider | None = None
        self._tracer: Tracer | None = None
        if endpoint:
            self._provider = _provider(process)
            self._tracer = self._provider.get_tracer("customer_analyzer")

    def request(self, route: str, request: "Request") -> AbstractContextManager[None]:
        """A span for the length of a request, within the trace that its `traceparent` names if it has one."""
        return _UNTRACED if self._tracer is None else _request_span(self._tracer, route, request)

    def work(self, name: str) -> AbstractContextManager[None]:
        """A span for work that no request began, such as an update of Telegram: a trace of its own."""
        return _UNTRACED if self._tracer is None else _work_span(self._tracer, name)

    def step(self, name: str) -> AbstractContextManager[object]:
        """A span for a part of the request in hand."""
        return _UNTRACED if self._tracer is None else self._tracer.start_as_current_span(name)

    def note(self, **attributes: int | str) -> None:
        """Note on the request in hand what it is about; names get the prefix `customer_analyzer.`."""
        if self._tracer is not None:
            from opentelemetry.trace import get_current_span

            get_current_span().set_attributes(
                {f"customer_analyzer.{name}": value for name, value in attributes.items()}
            )

    def headers(self) -> dict[str, str]:
        """What a request sent on carries, so that whoever gets it continues this trace."""
        carrier: dict[str, str] = {}
        if self._tracer is not None:
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

            TraceContextTextMapPropagator().inject(carrier)
        return carrier

    def named(self, method: str, route: str) -> None:
        """Name the request in hand by its route, where that was not known when it began."""
        if self._tracer is not None:
            from opentelemetry.trace import get_current_span

            span = get_current_span()
            span.update_name(f"{method} {route}")
            span.set_attribute("http.route", route)

    def answered(self, status: int) -> None:
        """Note how the request in hand was answered; a 5xx is the service's error."""
        if self._tracer is not None:
            from opentelemetry.trace import StatusCode, get_current_span

            span = get_current_span()
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(StatusCode.ERROR)

    def close(self) -> None:
        """Send what the collector has not got yet, if that takes no more than two seconds."""
        if self._provider is not None:
            shutdown = threading.Thread(target=self._provider.shutdown, name="tracing close", daemon=True)
            shutdown.start()
            shutdown.join(_CLOSE_SECONDS)


def database_step() -> AbstractContextManager[object]:
    """A span for the time in which a traced request has a connection to the warehouse. It says nothing of the data."""
    tracer = _tracer_in_use.get()
    if tracer is None:
        return _UNTRACED
    from opentelemetry.trace import SpanKind

    attributes = {"db.system.name": "postgresql", "db.namespace": "warehouse"}
    return tracer.start_as_current_span("warehouse", kind=SpanKind.CLIENT, attributes=attributes)


def _provider(process: str) -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME") or f"customer-analyzer-{process}"
    provider = TracerProvider(resource=Resource.create({"service.name": name}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


@contextmanager
def _request_span(tracer: "Tracer", route: str, request: "Request") -> Iterator[None]:
    from opentelemetry.trace import SpanKind, format_trace_id
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    with tracer.start_as_current_span(
        f"{request.method} {route}",
        context=TraceContextTextMapPropagator().extract(request.headers),
        kind=SpanKind.SERVER,
        attributes={"http.request.method": request.method, "http.route": route},
    ) as span:
        context = span.get_span_context()
        with _in_use(tracer, format_trace_id(context.trace_id) if context.is_valid else None):
            yield


@contextmanager
def _work_span(tracer: "Tracer", name: str) -> Iterator[None]:
    from opentelemetry.trace import SpanKind, format_trace_id

    with (
        tracer.start_as_current_span(name, kind=SpanKind.CONSUMER) as span,
        _in_use(tracer, format_trace_id(span.get_span_context().trace_id)),
    ):
        yield


@contextmanager
def _in_use(tracer: "Tracer", trace_id: str | None) -> Iterator[None]:
    identity, traced = trace_id_in_use.set(trace_id), _tracer_in_use.set(tracer)
    try:
        yield
    finally:
        trace_id_in_use.reset(identity)
        _tracer_in_use.reset(traced)
