"""Typed clients of a service, one that waits and one for `asyncio`, for whoever calls it from Python.

Belongs here: connections kept open, timeouts, bounded retries, and errors that name the service, once for both clients.
Does not belong here: what can be asked (`calls.py`), the shape of answers (`schemas.py`, `targeting.py`).
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError
from tenacity import AsyncRetrying, RetryCallState, Retrying, stop_after_attempt, wait_random_exponential

from core.problems import Problem
from serving import calls
from serving.calls import Call
from serving.errors import ServiceRefused, ServiceUnreachable

API_KEY_VARIABLE = "CUSTOMER_ANALYZER_SERVICE_KEY"
_CONNECT_SECONDS = 2.0
_LONGEST_WAIT_SECONDS = 5.0
_RETRIED_STATUSES = frozenset({429, 503})
# Nobody was there, or the connection broke. A service that was merely slow is not asked to do it all again.
_LOST = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
_BACK_OFF = wait_random_exponential(multiplier=0.1, max=2.0)

_PROBLEM = TypeAdapter(Problem)

P = ParamSpec("P")
T = TypeVar("T")


def _waiting(
    call: Callable[Concatenate[object, P], Call[T]],
) -> Callable[Concatenate["PredictionClient", P], T]:
    @wraps(call)
    def method(client: "PredictionClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return client._send(call(client, *args, **kwargs))

    return method


def _awaited(
    call: Callable[Concatenate[object, P], Call[T]],
) -> Callable[Concatenate["AsyncPredictionClient", P], Coroutine[Any, Any, T]]:
    @wraps(call)
    async def method(client: "AsyncPredictionClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await client._send(call(client, *args, **kwargs))

    return method


class PredictionClient:
    """Asks one service, as in `PredictionClient("http://127.0.0.1:3001").predict(["1024"])`.

    `api_key` is an API key; by default it is what `CUSTOMER_ANALYZER_SERVICE_KEY` says. An attempt ends when the
    service is silent for `timeout_seconds`. One that found nobody or lost its connection, or that was answered 429 or
    503, is repeated up to `retries` times, each time after the seconds asked for in `Retry-After` (five at most) and a
    random, growing wait on top. Every method raises ServiceUnreachable if no service answers, and ServiceRefused, with
    the service's own sentence and the fields that are wrong, if it will not.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        timeout_seconds: float = 5.0,
        retries: int = 2,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._retrying = Retrying(**_policy(retries), sleep=sleep)
        self._http = httpx.Client(**_connection(base_url, api_key, timeout_seconds))

    predict = _waiting(calls.predict)
    explain = _waiting(calls.explain)
    targets = _waiting(calls.targets)
    early_warnings = _waiting(calls.early_warnings)
    model = _waiting(calls.model)

    def is_ready(self) -> bool:
        """Whether the service can answer now; never raises and never retries."""
        try:
            return self._http.get("/readyz").is_success
        except httpx.HTTPError:
            return False

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, call: Call[T]) -> T:
        with _naming(self._http.base_url):
            return call.read(self._retrying.copy()(self._attempt, call))

    def _attempt(self, call: Call[T]) -> bytes:
        return _accepted(self._http.request(call.method, call.path, json=call.body, headers=call.headers))


class AsyncPredictionClient:
    """`PredictionClient` for asyncio: the same methods, awaited."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        timeout_seconds: float = 5.0,
        retries: int = 2,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """`headers` says what each request carries besides, such as the trace it belongs to."""
        self._headers = headers
        self._retrying = AsyncRetrying(**_policy(retries), sleep=sleep)
        self._http = httpx.AsyncClient(**_connection(base_url, api_key, timeout_seconds))

    predict = _awaited(calls.predict)
    explain = _awaited(calls.explain)
    targets = _awaited(calls.targets)
    early_warnings = _awaited(calls.early_warnings)
    model = _awaited(calls.model)

    async def is_ready(self) -> bool:
        """Whether the service can answer now; never raises and never retries."""
        try:
            return (await self._http.get("/readyz")).is_success
        except httpx.HTTPError:
            return False

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _send(self, call: Call[T]) -> T:
        with _naming(self._http.base_url):
            return call.read(await self._retrying.copy()(self._attempt, call))

    async def _attempt(self, call: Call[T]) -> bytes:
        headers = {**self._headers(), **call.headers}
        return _accepted(await self._http.request(call.method, call.path, json=call.body, headers=headers))


def _connection(base_url: str, api_key: str | None, timeout_seconds: float) -> dict[str, Any]:
    key = os.environ.get(API_KEY_VARIABLE) if api_key is None else api_key
    return {
        "base_url": base_url,
        "headers": {"authorization": f"Bearer {key}"} if key else {},
        "timeout": httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, _CONNECT_SECONDS)),
        # Services are on this machine or behind an address given outright; a proxy is never meant.
        "trust_env": False,
    }


def _policy(retries: int) -> dict[str, Any]:
    return {
        "stop": stop_after_attempt(retries + 1),
        "retry": _is_worth_another_try,
        "wait": _wait_seconds,
        "reraise": True,
    }


def _is_worth_another_try(state: RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    return isinstance(error, _LOST) or (isinstance(error, ServiceRefused) and error.status in _RETRIED_STATUSES)


def _wait_seconds(state: RetryCallState) -> float:
    """What the service asked for, and a random wait on top, so that clients it turned away do not come as one."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after_seconds if isinstance(error, ServiceRefused) else 0.0
    return min(asked, _LONGEST_WAIT_SECONDS) + _BACK_OFF(state)


@contextmanager
def _naming(base_url: httpx.URL) -> Iterator[None]:
    """Turns what can go wrong between here and a service into an error that names the service."""
    address = str(base_url).rstrip("/")
    try:
        yield
    except httpx.TimeoutException as error:
        raise ServiceUnreachable(f"The service at {address} did not answer in time.") from error
    except httpx.HTTPError as error:
        raise ServiceUnreachable(f"No service answers at {address}; start it with `customer-analyzer up`.") from error
    except ValidationError as error:
        raise ServiceUnreachable(f"What answers at {address} is no prediction service of this version.") from error


def _accepted(response: httpx.Response) -> bytes:
    """The body of an answer; raises ServiceRefused with what the service says is wrong."""
    if response.is_success:
        return response.content
    after = response.headers.get("retry-after", "")
    retry_after_seconds = float(after) if after.isdecimal() else 0.0
    try:
        problem = _PROBLEM.validate_json(response.content)
    except ValidationError:
        # Not from the service: a proxy in front of it, or another server.
        detail = f"The service answered {response.status_code} {response.reason_phrase}."
        raise ServiceRefused(response.status_code, detail, retry_after_seconds=retry_after_seconds) from None
    raise ServiceRefused(
        response.status_code,
        problem.detail,
        errors=problem.errors,
        request_id=problem.request_id,
        retry_after_seconds=retry_after_seconds,
    )
