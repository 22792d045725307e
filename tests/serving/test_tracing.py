"""What a collector is told of requests, and that without one nothing is loaded."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from core import tracing
from core.logs import JsonFormatter
from core.tracing import Tracing
from tests.collector import Collector, collecting
from tests.serving.doubles import Service, ServiceMaker

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that OpenTelemetry's variables name."""
    with collecting() as (collector, address):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        yield collector


@pytest.fixture
def churn(collector: Collector, make_service: ServiceMaker) -> Service:
    """A service that starts with the collector in its environment."""
    return make_service("churn")


def stop(service: Service) -> None:
    """Stop the service, which sends what it has; the exporter would otherwise wait for five seconds."""
    service.client.__exit__(None, None, None)


def attributes_of(span: Span) -> dict[str, str | int]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


@pytest.mark.parametrize("users", [2, 40])
def test_a_request_is_a_span_with_its_parts_inside(churn: Service, collector: Collector, users: int) -> None:
    """Two users are answered in the event loop, forty in a thread."""
    churn.client.post("/predict", json={"user_ids": ["3"] * users}, headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})
    stop(churn)

    assert collector.services == {"customer-analyzer-churn"}
    request, features, model = (collector.spans[name] for name in ("POST /predict", "features", "model"))
    assert {span.trace_id.hex() for span in collector.spans.values()} == {TRACE}
    assert request.parent_span_id.hex() == CALLER
    assert features.parent_span_id == model.parent_span_id == request.span_id
    assert (request.kind, features.kind) == (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_INTERNAL)
    assert attributes_of(request) == {
        "http.request.method": "POST",
        "http.route": "/predict",
        "http.response.status_code": 200,
        "customer_analyzer.users": users,
        "customer_analyzer.model_version": 1,
    }
    starts = request.start_time_unix_nano, features.start_time_unix_nano
    ends = features.end_time_unix_nano, model.start_time_unix_nano, model.end_time_unix_nano
    times = [*starts, *ends, request.end_time_unix_nano]
    assert times == sorted(times)


def test_other_routes_tell_their_parts(collector: Collector, make_service: ServiceMaker) -> None:
    purchase = make_service("purchase")
    purchase.client.post("/explain", json={"user_ids": ["3"]})
    purchase.client.post("/targets", json={})
    stop(purchase)

    spans = collector.spans
    assert spans["explanations"].parent_span_id == spans["model"].parent_span_id == spans["POST /explain"].span_id
    assert spans["scores"].parent_span_id == spans["POST /targets"].span_id
    assert spans["POST /explain"].trace_id != spans["POST /targets"].trace_id


def test_only_the_services_own_failures_are_errors(churn: Service, collector: Collector) -> None:
    churn.store.is_away = True
    churn.client.post("/predict", json={"user_ids": ["3"]}, headers={"traceparent": "nonsense"})
    churn.client.get("/model")
    stop(churn)

    away, good = collector.spans["POST /predict"], collector.spans["GET /model"]
    assert attributes_of(away)["http.response.status_code"] == 503
    assert away.status.code == Status.STATUS_CODE_ERROR
    assert away.parent_span_id == b""
    assert good.status.code == Status.STATUS_CODE_UNSET


def test_a_request_that_is_wrong_is_no_error_of_the_service(churn: Service, collector: Collector) -> None:
    churn.client.post("/predict", json={"user_ids": [3]})
    stop(churn)

    (span,) = collector.spans.values()
    assert attributes_of(span)["http.response.status_code"] == 422
    assert span.status.code == Status.STATUS_CODE_UNSET


def test_a_caller_who_does_not_trace_is_not_traced(churn: Service, collector: Collector) -> None:
    churn.client.post("/predict", json={"user_ids": ["3"]}, headers={"traceparent": f"00-{TRACE}-{CALLER}-00"})
    stop(churn)

    assert collector.spans == {}


def test_a_log_line_names_its_trace(churn: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.setFormatter(JsonFormatter("churn"))
    with caplog.at_level("INFO", "serving"):
        churn.client.get("/model", headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})

    (line,) = (json.loads(text) for text in caplog.text.splitlines() if "GET /model" in text)
    assert line["trace.id"] == TRACE
    assert line["http.request.id"]


def test_a_collector_that_hangs_does_not_keep_a_service_from_stopping(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, make_service: ServiceMaker
) -> None:
    monkeypatch.setattr(tracing, "_CLOSE_SECONDS", 0.05)
    collector.is_open.clear()
    service = make_service("churn")
    service.client.get("/model")

    stop(service)

    assert collector.spans == {}
    collector.is_open.set()


def test_the_service_keeps_the_name_that_it_was_given(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, make_service: ServiceMaker
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "bot-predictions")
    service = make_service("churn")
    service.client.get("/model")
    stop(service)

    assert collector.services == {"bot-predictions"}


def test_opentelemetrys_own_switch_turns_traces_off(
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    make_service: ServiceMaker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    caplog.handler.setFormatter(JsonFormatter("churn"))
    service = make_service("churn")
    with caplog.at_level("INFO", "serving"):
        assert service.client.post("/predict", json={"user_ids": ["3"]}).status_code == 200
    stop(service)

    assert collector.spans == {}
    assert "trace_id" not in caplog.text


def test_without_a_collector_nothing_of_opentelemetry_is_loaded() -> None:
    code = (
        "import sys\n"
        "import serving.app, serving.runtime\n"
        "from serving.settings import ServingSettings\n"
        "from core.tracing import Tracing\n"
        "tracing = Tracing('churn', ServingSettings(warehouse_url='postgresql://nowhere').trace_endpoint)\n"
        "with tracing.request('/predict', None), tracing.step('model'):\n"
        "    tracing.note(users=1)\n"
        "    tracing.answered(500)\n"
        "tracing.close()\n"
        "loaded = [name for name in sys.modules if name.startswith('opentelemetry')]\n"
        "sys.exit(f'loaded {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_a_collector_a_span_is_the_same_nothing_each_time() -> None:
    untraced = Tracing("churn", "")
    assert untraced.step("model") is untraced.step("features")
