"""How both clients send: connections kept open, timeouts, bounded retries, and errors that name the API.

Belongs here: all that does not depend on what is asked. Does not belong here: what can be asked (`calls.py`), the
methods (`clients.py`).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx
from pydantic import SecretStr, ValidationError
from tenacity import AsyncRetrying, RetryCallState, Retrying, stop_after_attempt, wait_random_exponential

from api_client.call import Call, as_text
from api_client.errors import REFUSAL_OF, ApiRefused, ApiUnreachable
from api_client.models import Problem

Token = str | SecretStr | Callable[[], str | SecretStr] | None

_CONNECT_SECONDS = 2.0
_LONGEST_WAIT_SECONDS = 60.0
# Nothing was done yet.
_REFUSED_BEFORE = (httpx.ConnectError, httpx.ConnectTimeout)
# Nobody knows whether it was done. An API that was merely slow is not asked to do it all again.
_LOST = (*_REFUSED_BEFORE, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
_BACK_OFF = wait_random_exponential(multiplier=0.1, max=2.0)

P = ParamSpec("P")
T = TypeVar("T")


def waiting(call: Callable[Concatenate[object, P], Call[T]]) -> Callable[Concatenate["Sender", P], T]:
    """The method of the client that waits."""

    @wraps(call)
    def method(client: "Sender", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return client.send(call(client, *args, **kwargs))

    return method


def awaited(
    call: Callable[Concatenate[object, P], Call[T]],
) -> Callable[Concatenate["AsyncSender", P], Coroutine[Any, Any, T]]:
    """The method of the client for asyncio."""

    @wraps(call)
    async def method(client: "AsyncSender", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await client.send(call(client, *args, **kwargs))

    return method


class Sender:
    """What the client that waits is made of.

    `token` is an API key, or the access token of somebody who signed in, or a function that is asked for one before
    each attempt. An attempt ends when the API is silent for `timeout_seconds`. It is repeated up to `retries` times,
    each time after the seconds asked for in `Retry-After` (60 at most) and a random, growing wait on top: where nobody
    was there and where the API was too busy (429); where the connection was lost and where something is away (503)
    only if sending twice has the effect of sending once. Events always have an Idempotency-Key, so they may be.

    Every method raises ApiUnreachable if no API answers, and a subclass of ApiRefused if it will not.
    """

    def __init__(
        self,
        base_url: str,
        token: Token = None,
        *,
        timeout_seconds: float = 10.0,
        retries: int = 3,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._token = _hidden(token)
        self._retrying = Retrying(**_policy(retries), sleep=sleep)
        self._http = httpx.Client(**_connection(base_url, timeout_seconds))

    def send(self, call: Call[T]) -> T:
        """The answer to one call."""
        with _naming(self._http.base_url):
            return call.read(self._retrying.copy()(self._attempt, call))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _attempt(self, call: Call[T]) -> bytes:
        return _accepted(self._http.request(**_request(call, self._token)))


class AsyncSender:
    """`Sender` for asyncio."""

    def __init__(
        self,
        base_url: str,
        token: Token = None,
        *,
        timeout_seconds: float = 10.0,
        retries: int = 3,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._token = _hidden(token)
        self._retrying = AsyncRetrying(**_policy(retries), sleep=sleep)
        self._http = httpx.AsyncClient(**_connection(base_url, timeout_seconds))

    async def send(self, call: Call[T]) -> T:
        """The answer to one call."""
        with _naming(self._http.base_url):
            return call.read(await self._retrying.copy()(self._attempt, call))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _attempt(self, call: Call[T]) -> bytes:
        return _accepted(await self._http.request(**_request(call, self._token)))


def _hidden(token: Token) -> Callable[[], SecretStr | None]:
    def hidden() -> SecretStr | None:
        given = token() if callable(token) else token
        return SecretStr(given) if isinstance(given, str) else given

    if callable(token):
        return hidden
    kept = hidden()
    return lambda: kept


def _request(call: Call[T], token: Callable[[], SecretStr | None]) -> dict[str, Any]:
    headers: dict[str, Any] = {**as_text(call.headers)}
    content = call.content
    if content is not None:
        headers["content-type"] = call.media_type
    if secret := token():
        headers["authorization"] = f"Bearer {secret.get_secret_value()}"
    return {
        "method": call.method,
        "url": call.path,
        "params": as_text(call.query),
        "content": content,
        "headers": headers,
    }


def _connection(base_url: str, timeout_seconds: float) -> dict[str, Any]:
    return {
        "base_url": base_url,
        "timeout": httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, _CONNECT_SECONDS)),
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
    call: Call[Any] = state.args[0]
    if isinstance(error, ApiRefused):
        return error.status == httpx.codes.TOO_MANY_REQUESTS or (
            error.status == httpx.codes.SERVICE_UNAVAILABLE and call.is_repeatable
        )
    return isinstance(error, _LOST if call.is_repeatable else _REFUSED_BEFORE)


def _wait_seconds(state: RetryCallState) -> float:
    """What the API asked for, and a random wait on top, so that clients it turned away do not come as one."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after_seconds if isinstance(error, ApiRefused) else 0.0
    return min(asked, _LONGEST_WAIT_SECONDS) + _BACK_OFF(state)


@contextmanager
def _naming(base_url: httpx.URL) -> Iterator[None]:
    """Turns what can go wrong between here and the API into an error that names it."""
    address = str(base_url).rstrip("/")
    try:
        yield
    except httpx.TimeoutException as error:
        raise ApiUnreachable(f"The API at {address} did not answer in time.") from error
    except httpx.HTTPError as error:
        raise ApiUnreachable(f"No API answers at {address}.") from error
    except ValidationError as error:
        raise ApiUnreachable(f"What answers at {address} is no API of this version.") from error


def _accepted(response: httpx.Response) -> bytes:
    """The body of an answer; raises ApiRefused with what the API says is wrong."""
    if response.is_success:
        return response.content
    after = response.headers.get("retry-after", "")
    retry_after_seconds = float(after) if after.isdecimal() else 0.0
    refusal = REFUSAL_OF.get(response.status_code, ApiRefused)
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        # Not from the API: a proxy in front of it, or another server.
        detail = f"The API answered {response.status_code} {response.reason_phrase}."
        raise refusal(response.status_code, detail, retry_after_seconds=retry_after_seconds) from None
    raise refusal(response.status_code, problem.detail, problem.errors or (), problem.request_id, retry_after_seconds)
