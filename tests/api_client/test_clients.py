"""Both clients against a real server: what they send, when they try again, and what they say when they give up."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from api_client import models
from api_client.clients import ApiClient, AsyncApiClient
from api_client.errors import (
    ApiRefused,
    ApiUnreachable,
    Conflict,
    Forbidden,
    Invalid,
    NotAuthenticated,
    NotFound,
    TooMany,
    Unavailable,
)
from tests.serving.misbehaving import DROP, Reply, misbehaving

EVENT = models.Event(user_id="1", event_type="view", occurred_at=datetime(2025, 3, 1, 12, tzinfo=UTC))
COUNTS = {"stored": 1, "known": 0, "conflicting": 0, "refused": 0, "waiting": 0, "erased": 0, "results": []}
STORED = Reply(200, COUNTS)
NOBODY = Reply(200, {"as_of": None, "users": [], "next_cursor": None})
MADE = Reply(201, {"key": "ca_new", "key_id": 7})


def problem(status: int, **headers: str) -> Reply:
    errors = [{"field": "user_id", "message": "is too short"}]
    body = {"status": status, "title": "No", "detail": "Not now.", "request_id": "r-1", "errors": errors}
    return Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


class Asked:
    """A client of either kind, asked in the same way; `waits` has the seconds it would have slept."""

    def __init__(self, is_async: bool, address: str, token: Any = None, **options: Any) -> None:
        self.waits: list[float] = []
        self._runner = asyncio.Runner() if is_async else None
        self.client: Any = (
            AsyncApiClient(address, token, sleep=self._awaited, **options)
            if is_async
            else ApiClient(address, token, sleep=self.waits.append, **options)
        )

    async def _awaited(self, seconds: float) -> None:
        self.waits.append(seconds)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.client, name)
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

    def make(address: str, *given: Any, **options: Any) -> Asked:
        made.append(Asked(request.param, address, *given, **options))
        return made[-1]

    yield make
    for client in made:
        client.end()


def test_it_sends_what_was_asked_and_leaves_the_rest_to_the_api(client_of: Ask) -> None:
    with misbehaving(NOBODY, NOBODY, Reply(204, b""), STORED) as server:
        client = client_of(server.address + "/", "ca_1")
        client.get_users(risk="high", active_since=date(2025, 3, 1), min_churn_probability=0.5)
        client.get_users(property=["plan:gold", "seats:5"])
        client.end_session(UUID(int=7))
        client.post_events([EVENT])
    users, plain, session, events = server.seen
    assert httpx.URL(users.path).params == httpx.QueryParams(
        risk="high", active_since="2025-03-01", min_churn_probability="0.5"
    )
    assert (plain.path, plain.body) == ("/users?property=plan%3Agold&property=seats%3A5", None)
    assert session.path == "/auth/sessions/00000000-0000-0000-0000-000000000007"
    assert events.body == [{"user_id": "1", "event_type": "view", "occurred_at": "2025-03-01T12:00:00Z"}]
    assert {each.headers["authorization"] for each in server.seen} == {"Bearer ca_1"}
    assert len({each.connection for each in server.seen}) == 1


def test_an_id_is_one_part_of_the_path_whatever_is_in_it(client_of: Ask) -> None:
    with misbehaving(problem(404)) as server, pytest.raises(NotFound):
        client_of(server.address).get_user_events("../a b/c?d#é", limit=1)
    assert server.seen[0].path == "/users/..%2Fa%20b%2Fc%3Fd%23%C3%A9/events?limit=1"


def test_secrets_are_sent_and_never_shown(client_of: Ask) -> None:
    body = models.Login(email="anna@shop.example", password=SecretStr("a long sentence"))
    session = "00000000-0000-0000-0000-000000000007"
    tokens = {"access_token": "at", "expires_in": 600, "refresh_token": "rt", "session_id": session}
    with misbehaving(Reply(200, tokens)) as server:
        client = client_of(server.address, SecretStr("ca_secret"))
        answer = client.login(body)
    assert server.seen[0].body == {"email": "anna@shop.example", "password": "a long sentence"}
    assert server.seen[0].headers["authorization"] == "Bearer ca_secret"
    assert answer.refresh_token.get_secret_value() == "rt"
    shown = f"{answer!r} {body!r} {vars(client.client)!r}"
    assert not [secret for secret in ("'rt'", "a long sentence", "ca_secret") if secret in shown]


def test_a_token_is_asked_for_before_each_attempt(client_of: Ask) -> None:
    tokens = iter(["first", "second"])
    with misbehaving(problem(503), NOBODY) as server:
        client_of(server.address, lambda: next(tokens)).get_users()
    assert [each.headers["authorization"] for each in server.seen] == ["Bearer first", "Bearer second"]


def test_events_have_one_key_at_each_attempt_and_another_for_each_call(client_of: Ask) -> None:
    with misbehaving(DROP, problem(503, retry_after="2"), STORED, STORED, STORED) as server:
        client = client_of(server.address)
        client.post_events(EVENT)
        client.post_events(EVENT)
        client.post_events(EVENT, idempotency_key="mine")
    keys = [each.headers["idempotency-key"] for each in server.seen]
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert keys[4] == "mine"
    assert 2 <= client.waits[1] < 5


@pytest.mark.parametrize("reply", [DROP, problem(503)])
def test_what_would_be_done_twice_is_not_sent_again(client_of: Ask, reply: Reply) -> None:
    with misbehaving(reply, MADE) as server, pytest.raises((ApiUnreachable, Unavailable)):
        client_of(server.address).make_key(models.NewKey(name="bot", scopes=["events:write"]))
    assert len(server.seen) == 1


def test_after_429_everything_is_sent_again(client_of: Ask) -> None:
    with misbehaving(problem(429, retry_after="7"), Reply(204, b"")) as server:
        client = client_of(server.address)
        client.logout(models.Refresh(refresh_token=SecretStr("rt")))
    assert len(server.seen) == 2
    assert 7 <= client.waits[0] < 10


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (400, Invalid),
        (401, NotAuthenticated),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (422, Invalid),
        (429, TooMany),
        (503, Unavailable),
        (500, ApiRefused),
    ],
)
def test_a_refusal_is_typed_and_says_what_the_api_says(client_of: Ask, status: int, refusal: type[ApiRefused]) -> None:
    with misbehaving(problem(status)) as server:
        client = client_of(server.address, retries=1)
        with pytest.raises(ApiRefused) as refused:
            client.get_users()
    assert type(refused.value) is refusal
    assert str(refused.value) == "Not now. (user_id is too short)"
    assert (refused.value.status, refused.value.request_id) == (status, "r-1")
    assert len(client.waits) == (1 if status in (429, 503) else 0)


def test_what_is_no_api_is_named(client_of: Ask) -> None:
    with misbehaving(Reply(200, {"hello": 1}), Reply(502, b"<html>")) as server:
        client = client_of(server.address, retries=0)
        with pytest.raises(ApiUnreachable, match="no API of this version"):
            client.get_users()
        with pytest.raises(ApiRefused, match="502"):
            client.get_users()
    with pytest.raises(ApiUnreachable, match="No API answers at"):
        client_of("http://127.0.0.1:9", retries=0).get_users()
