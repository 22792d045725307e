"""The client: what it sends, when it tries again, and what it says when it gives up."""

import datetime
import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from serving.client import PredictionClient
from serving.errors import ServiceRefused, ServiceUnreachable

Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds the client would have slept."""
    slept: list[float] = []
    monkeypatch.setattr("serving.client.time.sleep", slept.append)
    return slept


def client_of(answer: Answer, retries: int = 2) -> PredictionClient:
    return PredictionClient("http://service.test/", retries=retries, transport=httpx.MockTransport(answer))


def in_turn(*answers: httpx.Response | Exception) -> Answer:
    left: Iterator[httpx.Response | Exception] = iter(answers)

    def answer(_: httpx.Request) -> httpx.Response:
        given = next(left)
        if isinstance(given, Exception):
            raise given
        return given

    return answer


def test_it_sends_only_what_was_asked() -> None:
    sent: list[dict[str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(200, json={"predictions": [{"user_id": "1"}]})

    with client_of(answer) as client:
        assert client.predict(["1"]) == [{"user_id": "1"}]
        client.predict(["1"], as_of=datetime.date(2024, 6, 1), reasons=0)
        client.predict(features=[{"orders_total": 3}])

    assert sent == [
        {"user_ids": ["1"]},
        {"user_ids": ["1"], "as_of": "2024-06-01", "reasons": 0},
        {"features": [{"orders_total": 3}]},
    ]


def test_it_waits_as_long_as_the_service_asks_and_tries_again(waits: list[float]) -> None:
    busy = httpx.Response(503, headers={"retry-after": "2"}, json={"detail": "away", "errors": []})
    good = httpx.Response(200, json={"predictions": []})

    assert client_of(in_turn(busy, good)).predict(["1"]) == []
    assert waits == [2.0]


def test_it_gives_up_with_the_services_own_sentence(waits: list[float]) -> None:
    busy = httpx.Response(503, json={"detail": "The warehouse does not answer.", "errors": []})

    with pytest.raises(ServiceRefused, match="warehouse does not answer") as refused:
        client_of(in_turn(busy, busy, busy)).predict(["1"])
    assert refused.value.status == 503
    assert len(waits) == 2
    assert waits[1] > waits[0] / 3


def test_a_wrong_request_is_not_sent_twice(waits: list[float]) -> None:
    wrong = httpx.Response(
        422, json={"detail": "Not valid.", "errors": [{"field": "user_ids", "message": "is too short"}]}
    )

    with pytest.raises(ServiceRefused, match=r"Not valid\. \(user_ids is too short\)"):
        client_of(in_turn(wrong)).predict(["1"])
    assert waits == []


def test_a_service_that_is_down_is_named(waits: list[float]) -> None:
    down = httpx.ConnectError("refused")

    with pytest.raises(ServiceUnreachable, match=r"http://service\.test"):
        client_of(in_turn(down, down, down)).predict(["1"])
    assert len(waits) == 2


def test_a_slow_service_is_not_asked_again(waits: list[float]) -> None:
    with pytest.raises(ServiceUnreachable, match="in time"):
        client_of(in_turn(httpx.ReadTimeout("slow"))).predict(["1"])
    assert waits == []


def test_readiness_never_raises() -> None:
    assert client_of(in_turn(httpx.Response(200))).is_ready()
    assert not client_of(in_turn(httpx.Response(503))).is_ready()
    assert not client_of(in_turn(httpx.ConnectError("refused"))).is_ready()
