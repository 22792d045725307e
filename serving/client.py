"""A typed client of the services, for whoever calls them from Python.

Belongs here: one connection pool, timeouts, bounded retries, and answers as plain dictionaries in the shape that the
service's OpenAPI describes. Needs nothing of this package but its errors, so a bot can take it along.
"""

import random
import time
from collections.abc import Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Self

import httpx

from serving.errors import ServiceRefused, ServiceUnreachable

_RETRIED_STATUSES = frozenset({429, 502, 503, 504})
_LONGEST_WAIT_SECONDS = 5.0


class PredictionClient:
    """Asks one service, as in `PredictionClient("http://127.0.0.1:3001").predict(["1024"])`.

    `api_key` is needed once the service has keys. Predicting changes nothing, so a request that found nobody, or a
    service that asked to wait, is sent again: up to `retries` times, each after a longer, jittered wait. Every call
    raises ServiceUnreachable if nobody answers, and ServiceRefused, with the service's own sentence, if it will not.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        timeout_seconds: float = 5.0,
        retries: int = 2,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._retries = retries
        self._http = httpx.Client(
            base_url=self._base_url,
            headers={} if api_key is None else {"authorization": f"Bearer {api_key}"},
            timeout=httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, 2.0)),
            # Services are on this machine or behind an address given outright; a proxy is never meant.
            trust_env=False,
            transport=transport,
        )

    def predict(
        self,
        user_ids: Sequence[str] = (),
        *,
        features: Sequence[Mapping[str, Any]] = (),
        as_of: date | None = None,
        reasons: int | None = None,
    ) -> list[dict[str, Any]]:
        """One prediction for each of `user_ids`, or for each row of `features`, in the order given."""
        body: dict[str, Any] = {}
        if user_ids:
            body["user_ids"] = list(user_ids)
        if features:
            body["features"] = [dict(row) for row in features]
        if as_of is not None:
            body["as_of"] = as_of.isoformat()
        if reasons is not None:
            body["reasons"] = reasons
        predictions: list[dict[str, Any]] = self._send("POST", "/predict", body)["predictions"]
        return predictions

    def model(self) -> dict[str, Any]:
        """The model in use: version, digest, features, cutoffs, metrics."""
        return self._send("GET", "/model")

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

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        for attempt in range(self._retries + 1):
            is_last = attempt == self._retries
            try:
                response = self._http.request(method, path, json=body)
            except httpx.TimeoutException as error:
                raise ServiceUnreachable(f"The service at {self._base_url} did not answer in time.") from error
            except httpx.TransportError as error:
                if is_last:
                    raise ServiceUnreachable(
                        f"No service answers at {self._base_url}; start it with `customer-analyzer up`."
                    ) from error
                time.sleep(_wait_seconds(attempt))
                continue
            if response.is_success:
                answer: dict[str, Any] = response.json()
                return answer
            if is_last or response.status_code not in _RETRIED_STATUSES:
                raise ServiceRefused(response.status_code, _sentence(response))
            time.sleep(_wait_seconds(attempt, response.headers.get("retry-after")))
        raise ValueError("retries must not be negative")


def _wait_seconds(attempt: int, retry_after: str | None = None) -> float:
    """Doubling from 0.1 s, but at least what the service asked for; jittered, so that clients do not come as one."""
    asked = float(retry_after) if retry_after is not None and retry_after.isdecimal() else 0.0
    wait = max(asked, 0.1 * 2.0**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - nobody must be kept from guessing it
    return min(wait, _LONGEST_WAIT_SECONDS)


def _sentence(response: httpx.Response) -> str:
    try:
        problem = response.json()
        detail, errors = str(problem["detail"]), problem.get("errors", [])
        named = "; ".join(f"{each['field']} {each['message']}" for each in errors[:3])
    except (ValueError, KeyError, TypeError):
        return f"The service answered {response.status_code} {response.reason_phrase}."
    return f"{detail} ({named})" if named else detail
