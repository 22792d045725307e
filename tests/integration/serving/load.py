"""Callers of the small shop's service, who look whether each answer is right for the version that it names.

Belongs here: asking. Does not belong here: the shop and its service (`shop`).
"""

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import httpx

from serving.client import PredictionClient
from serving.errors import ServingError
from tests.integration.serving.shop import HEADERS, KEY, NAMES, Shop, population

USERS = ("0", "17", "101", "239")
CONNECTIONS = 3

Question = Mapping[str, Any]
Answer = dict[str, Any]
Ask = Callable[[Question], Answer]


class Load:
    """Keeps asking on a few connections, by ids and by features in turn, until its block ends.

    It asks at `address`, which is the service's own unless said otherwise.
    """

    def __init__(self, shop: Shop, address: str | None = None) -> None:
        self._address = address or shop.service.client.base_url
        self._expected = {each.version: each.probability for each in shop.versions}
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(CONNECTIONS)]
        self.failures: list[str] = []
        self.answered = dict.fromkeys(self._expected, 0)

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    @property
    def requests(self) -> int:
        """How many were asked so far."""
        return sum(self.answered.values()) + len(self.failures)

    @contextmanager
    def _asking(self) -> Iterator[Ask]:
        """How a question is asked: once, whatever becomes of it."""
        with httpx.Client(base_url=self._address, headers=HEADERS, timeout=10, trust_env=False) as client:

            def ask(question: Question) -> Answer:
                answer: Answer = client.post("/predict", json=question).raise_for_status().json()
                return answer

            yield ask

    def _ask(self) -> None:
        rows = population().select("user_id", *NAMES).to_dicts()
        given = [next(row for row in rows if row["user_id"] == user) for user in USERS]
        with self._asking() as ask:
            for question in itertools.cycle([{"user_ids": USERS}, {"features": given}]):
                if self._stopping.is_set():
                    return
                try:
                    wrong = self._wrong(ask(question))
                except (httpx.HTTPError, ServingError) as error:
                    wrong = repr(error)
                if wrong:
                    self.failures.append(wrong)

    def _wrong(self, answer: Answer) -> str:
        """What is wrong with an answer; nothing if all of it is by the version it names."""
        version = answer["model_version"]
        said = {row["user_id"]: row for row in answer["predictions"]}
        right = tuple(said) == USERS and all(
            row["model_version"] == version and abs(row["probability"] - self._expected[version][user]) < 1e-9
            for user, row in said.items()
        )
        self.answered[version] += right
        return "" if right else str(answer)


class PatientLoad(Load):
    """The same by the client that the API has, which asks again where a connection broke in the middle of an answer."""

    @contextmanager
    def _asking(self) -> Iterator[Ask]:
        with PredictionClient(str(self._address), api_key=KEY, timeout_seconds=10) as client:
            yield lambda question: asdict(client.predict(**question))
