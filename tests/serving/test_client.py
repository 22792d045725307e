"""Both clients against a real server: what they send, when they try again, and what they say when they give up."""

import asyncio
import datetime
import inspect
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.problems import FieldError
from serving.client import API_KEY_VARIABLE, AsyncPredictionClient, PredictionClient
from serving.errors import ServiceRefused, ServiceUnreachable
from serving.schemas import ProbabilityPrediction, SegmentPrediction, ValuePrediction
from tests.serving.doubles import ServiceMaker
from tests.serving.misbehaving import DROP, Reply, misbehaving

PREDICTION = {
    "prediction_id": "0190d3a5-0000-7000-8000-000000000000",
    "user_id": "1",
    "is_known": True,
    "as_of": "2024-06-01",
    "known_until": "1998-06-01T00:00:00+00:00",
    "feature_age_days": 1,
    "basis": "model",
    "model_version": 3,
    "reasons": [{"feature": "f", "label": "l", "value": None, "contribution": 0.5, "text": "t"}],
    "advice": [],
    "probability": 0.25,
    "probability_low": 0.2,
    "probability_high": 0.3,
    "risk": "low",
}
ANSWER = {"model": "churn", "model_version": 3, "horizon_days": 30, "predictions": [PREDICTION]}
GOOD = Reply(200, ANSWER)
LIST = {"model": "churn", "model_version": 3, "as_of": "2024-06-01", "users": [], "expected_value": 0.0, "cost": 0.0}


def problem(status: int, **headers: str) -> Reply:
    errors = [{"field": "user_ids", "message": "is too short"}]
    body = {"status": status, "title": "No", "detail": "Not now.", "request_id": "r-1", "errors": errors}
    return Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


class Asked:
    """A client of either kind, asked in the same way; `waits` has the seconds it would have slept."""

    def __init__(self, is_async: bool, address: str, **options: Any) -> None:
        self.waits: list[float] = []
        self._runner = asyncio.Runner() if is_async else None
        self._client: Any = (
            AsyncPredictionClient(address, sleep=self._awaited, **options)
            if is_async
            else PredictionClient(address, sleep=self.waits.append, **options)
        )

    async def _awaited(self, seconds: float) -> None:
        self.waits.append(seconds)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        runner = self._runner
        return method if runner is None else lambda *given, **named: runner.run(method(*given, **named))

    def end(self) -> None:
        self.close()
        if self._runner is not None:
            self._runner.close()


Ask = Callable[..., Asked]


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def client_of(request: pytest.FixtureRequest) -> Iterator[Ask]:
    made: list[Asked] = []

    def make(address: str, **options: Any) -> Asked:
        made.append(Asked(request.param, address, **options))
        return made[-1]

    yield make
    for client in made:
        client.end()


def test_it_sends_only_what_was_asked_over_one_connection(client_of: Ask) -> None:
    with misbehaving(GOOD, GOOD, GOOD, Reply(200, LIST), Reply(200, LIST)) as server:
        client = client_of(server.address + "/", api_key="ca_1")
        client.predict(["1"])
        client.predict(["1"], as_of=datetime.date(2024, 6, 1), reasons=0)
        client.predict(features=[{"orders_total": 3}])
        client.targets(max_users=5, budget=2.5)
        client.early_warnings(value_of_user=40.0)
        with pytest.raises(ServiceUnreachable):
            client.explain(["1"], reasons=1)

    assert [(each.method, each.path, each.body) for each in server.seen] == [
        ("POST", "/predict", {"user_ids": ["1"]}),
        ("POST", "/predict", {"user_ids": ["1"], "as_of": "2024-06-01", "reasons": 0}),
        ("POST", "/predict", {"features": [{"orders_total": 3}]}),
        ("POST", "/targets", {"max_users": 5, "budget": 2.5}),
        ("POST", "/early-warnings", {"value_of_user": 40.0}),
        ("POST", "/explain", {"user_ids": ["1"], "reasons": 1}),
    ]
    assert {each.headers["authorization"] for each in server.seen} == {"Bearer ca_1"}
    assert len({each.connection for each in server.seen}) == 1
    assert not any("idempotency-key" in each.headers for each in server.seen)


def test_a_call_with_a_key_shows_it_at_each_attempt(client_of: Ask) -> None:
    with misbehaving(problem(503), DROP, GOOD) as server:
        client_of(server.address).predict(["1"], idempotency_key="k-1")

    assert [each.headers["idempotency-key"] for each in server.seen] == ["k-1"] * 3


@pytest.mark.parametrize(("given", "sent"), [(None, "Bearer ca_env"), ("ca_own", "Bearer ca_own"), ("", None)])
def test_the_key_comes_from_the_argument_or_the_environment(
    client_of: Ask, monkeypatch: pytest.MonkeyPatch, given: str | None, sent: str | None
) -> None:
    monkeypatch.setenv(API_KEY_VARIABLE, "ca_env")
    with misbehaving(GOOD) as server:
        client_of(server.address, api_key=given).predict(["1"])
    assert server.seen[0].headers.get("authorization") == sent


def test_answers_are_typed(client_of: Ask) -> None:
    with misbehaving(GOOD) as server:
        answer = client_of(server.address).predict(["1"])
    (prediction,) = answer.predictions
    assert isinstance(prediction, ProbabilityPrediction)
    assert not isinstance(prediction, ValuePrediction)
    assert (prediction.as_of, prediction.probability) == (datetime.date(2024, 6, 1), 0.25)
    assert prediction.reasons[0].contribution == 0.5


@pytest.mark.parametrize("status", [429, 503])
def test_it_waits_as_long_as_the_service_asks_and_sends_the_same_again(client_of: Ask, status: int) -> None:
    with misbehaving(problem(status, retry_after="2"), DROP, GOOD) as server:
        client = client_of(server.address)
        assert client.predict(["1"]).model_version == 3

    assert [each.body for each in server.seen] == [{"user_ids": ["1"]}] * 3
    asked, lost = client.waits
    assert 2.0 <= asked <= 2.1
    assert 0.0 <= lost <= 0.2


def test_a_wait_has_a_cap_and_no_two_clients_wait_alike(client_of: Ask) -> None:
    waits = []
    with misbehaving(problem(503, retry_after="3600")) as server:
        for _ in range(3):
            client = client_of(server.address, retries=1)
            with pytest.raises(ServiceRefused) as refused:
                client.predict(["1"])
            waits += client.waits

    assert refused.value.retry_after_seconds == 3600
    assert all(5.0 <= wait <= 5.1 for wait in waits)
    assert len(set(waits)) == 3


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (4, 5)])
def test_it_gives_up_with_what_the_service_said(client_of: Ask, retries: int, attempts: int) -> None:
    with misbehaving(problem(503)) as server:
        client = client_of(server.address, retries=retries)
        with pytest.raises(ServiceRefused, match=r"^Not now\. \(user_ids is too short\)$") as refused:
            client.predict([])

    assert len(server.seen) == attempts
    assert len(client.waits) == retries
    assert (refused.value.status, refused.value.detail) == (503, "Not now.")
    assert refused.value.errors == (FieldError("user_ids", "is too short"),)
    assert refused.value.request_id == "r-1"


@pytest.mark.parametrize("status", [400, 401, 404, 413, 422, 500, 502, 504])
def test_what_will_not_get_better_is_asked_once(client_of: Ask, status: int) -> None:
    with misbehaving(problem(status)) as server:
        client = client_of(server.address)
        with pytest.raises(ServiceRefused) as refused:
            client.model()

    assert (refused.value.status, len(server.seen), client.waits) == (status, 1, [])


def test_a_refusal_that_is_not_the_services_own_is_told_by_its_status(client_of: Ask) -> None:
    with (
        misbehaving(Reply(502, b"<h1>proxy</h1>")) as server,
        pytest.raises(ServiceRefused, match=r"^The service answered 502 Bad Gateway\.$"),
    ):
        client_of(server.address).model()


def test_a_connection_that_breaks_each_time_names_the_service(client_of: Ask) -> None:
    with misbehaving(DROP) as server:
        client = client_of(server.address)
        with pytest.raises(ServiceUnreachable, match=server.address):
            client.model()
    assert len(server.seen) == 3
    assert len(client.waits) == 2


def test_nobody_at_the_address_is_asked_for_again(client_of: Ask) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = client_of(address)
        with pytest.raises(ServiceUnreachable, match=f"No service answers at {address}; start it"):
            client.predict(["1"])
        assert not client.is_ready()
    assert len(client.waits) == 2


def test_a_slow_service_is_not_asked_again(client_of: Ask) -> None:
    with misbehaving(Reply(200, ANSWER, after_seconds=0.3)) as server:
        client = client_of(server.address, timeout_seconds=0.05)
        with pytest.raises(ServiceUnreachable, match=r"did not answer in time"):
            client.predict(["1"])
        assert not client.is_ready()
    assert client.waits == []
    assert [each.path for each in server.seen] == ["/predict", "/readyz"]


@pytest.mark.parametrize("body", [b"hello", b"{}", {**ANSWER, "predictions": [{}]}])
def test_a_server_of_another_kind_is_named(client_of: Ask, body: object) -> None:
    with (
        misbehaving(Reply(200, body)) as server,
        pytest.raises(ServiceUnreachable, match=f"{server.address} is no prediction service"),
    ):
        client_of(server.address).predict(["1"])


def test_readiness_is_what_the_service_says(client_of: Ask) -> None:
    with misbehaving(Reply(200), Reply(503)) as server:
        client = client_of(server.address)
        assert client.is_ready()
        assert not client.is_ready()


def test_an_async_client_answers_many_at_once() -> None:
    """Each call keeps its own count of attempts."""

    async def ask(address: str) -> list[int]:
        async def no_wait(_: float) -> None:
            await asyncio.sleep(0)

        async with AsyncPredictionClient(address, sleep=no_wait) as client:
            answers = await asyncio.gather(*(client.predict([str(number)]) for number in range(8)))
        return [answer.model_version for answer in answers]

    with misbehaving(*[problem(503)] * 2, GOOD) as server:
        assert asyncio.run(ask(server.address)) == [3] * 8
    assert len(server.seen) == 10


def test_both_clients_can_be_asked_the_same() -> None:
    def methods(client: type) -> dict[str, inspect.Signature]:
        found = inspect.getmembers(client, inspect.isfunction)
        return {name: inspect.signature(method) for name, method in found if not name.startswith("_")}

    assert methods(PredictionClient) == methods(AsyncPredictionClient)
    assert {"predict", "targets", "early_warnings", "model"} <= methods(PredictionClient).keys()


@pytest.mark.parametrize(
    ("kind", "answer"),
    [("churn", ProbabilityPrediction), ("purchase", ValuePrediction), ("segmentation", SegmentPrediction)],
)
def test_what_a_service_writes_the_client_reads(kind: Any, answer: type, make_service: ServiceMaker) -> None:
    service = make_service(kind).client
    asked = {"user_ids": ["8", "who?"]}
    written = [service.post("/predict", json=asked), service.post("/explain", json=asked), service.get("/model")]
    replies = [Reply(200, each.content) for each in written]
    with misbehaving(*replies) as server, PredictionClient(server.address) as client:
        read, explained, model = client.predict(["8", "who?"]), client.explain(["8", "who?"]), client.model()

    assert [type(each) for each in read.predictions] == [answer] * 2
    assert [(each.user_id, each.basis) for each in read.predictions][1] == ("who?", "prior")
    assert [type(each.prediction) for each in explained.explanations] == [answer] * 2
    assert explained.explanations[0].families
    assert (model.model, model.horizon_days) == (kind, read.horizon_days)
