"""A known load: what was sent, what was acknowledged, and what must therefore be there afterwards.

Belongs here: callers of the API, people who write to the bot, and a campaign; each counts what it was promised.
Does not belong here: whether the promises were kept (`accounts`).

A caller behaves as the documentation asks of those who must lose nothing: it sends the same again until it is answered.
"""

import threading
import time
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from tests.integration.backend.audience import FIRST_CHAT, draft, subscribe
from tests.integration.chaos.stack import MODELS, Stack

BATCH = 5
FIRST_VISITOR = 700_001
VISITORS = 40
RECIPIENTS_A_MINUTE = 40
"""Of the campaign: fewer than the sender may write to within a minute, since it is away for a part of the time."""
_AGAIN_SECONDS = 0.3

Json = dict[str, Any]


class GivenUpError(Exception):
    """Nobody waits for what a caller is doing any more."""


class Caller(threading.Thread):
    """Somebody who does the same thing again and again, at a pace, until told to stop."""

    def __init__(self, stack: Stack, pause_seconds: float) -> None:
        super().__init__(daemon=True)
        self._stack = stack
        self._pause_seconds = pause_seconds
        self._over = threading.Event()
        self._is_given_up = False
        self.failures: Counter[str] = Counter()

    def run(self) -> None:
        """Until `end`."""
        with suppress(GivenUpError):
            while not self._over.wait(self._pause_seconds):
                self._once()

    def end(self) -> None:
        """Ends it after what it is just doing."""
        self._over.set()
        self.join(180)
        assert not self.is_alive()

    def give_up(self) -> None:
        """Ends it in the middle: what it was promised does not matter any more."""
        self._is_given_up = True
        self._over.set()

    @abstractmethod
    def _once(self) -> None:
        """What it does."""

    def _until_answered(self, client: httpx.Client, method: str, path: str, **given: Any) -> httpx.Response:
        """The answer to a request, which is sent again until it succeeds."""
        while True:
            try:
                answer = client.request(method, path, **given)
            except httpx.HTTPError as error:
                self.failures[type(error).__name__] += 1
            else:
                if answer.is_success:
                    return answer
                self.failures[str(answer.status_code)] += 1
            if self._is_given_up:
                raise GivenUpError
            time.sleep(_AGAIN_SECONDS)


class EventSender(Caller):
    """Sends events in batches. Their ids are the sender's own, or made of the Idempotency-Key."""

    def __init__(self, stack: Stack, key: str, name: str, *, has_ids: bool) -> None:
        super().__init__(stack, 0.2)
        self._client = stack.caller(key)
        self._name, self._has_ids = name, has_ids
        self._begun = 0
        self.acknowledged: list[str] = []

    def _once(self) -> None:
        marks = [f"{self._name}-{self._begun + place}" for place in range(BATCH)]
        self._begun += BATCH
        now = datetime.now(UTC).isoformat()
        events = [
            {"user_id": f"chaos-{mark[-2:]}", "event_type": "view", "occurred_at": now, "source": "web"}
            | {"properties": {"mark": mark}}
            | ({"event_id": str(uuid4())} if self._has_ids else {})
            for mark in marks
        ]
        headers = {"idempotency-key": str(uuid4())}
        answer = self._until_answered(self._client, "POST", "/events", json=events, headers=headers)
        assert {each["status"] for each in answer.json()["results"]} <= {"stored", "known"}, answer.text
        self.acknowledged += marks


class Asker(Caller):
    """Asks the services for predictions, and for a report that is kept in Redis."""

    def __init__(self, stack: Stack, key: str) -> None:
        super().__init__(stack, 0.5)
        self._client = stack.caller(key)
        self.predictions: dict[str, float] = {}
        """Each answer's id, and when it came."""

    def _once(self) -> None:
        answer = self._until_answered(self._client, "POST", "/predictions", json={"user_ids": ["chaos-1"]})
        found = [each["prediction"] for user in answer.json()["users"] for each in user["predictions"]]
        now = time.monotonic()
        self.predictions |= {each["prediction_id"]: now for each in found if each is not None}
        self._until_answered(self._client, "GET", "/analytics/dashboard")


class JobAsker(Caller):
    """Asks for exports of users who did something, which the worker makes."""

    def __init__(self, stack: Stack, key: str) -> None:
        super().__init__(stack, 5)
        self._client = stack.caller(key)
        self.jobs: list[str] = []

    def _once(self) -> None:
        user_id = f"chaos-job-{len(self.jobs)}"
        event = {"user_id": user_id, "event_type": "view", "occurred_at": datetime.now(UTC).isoformat()}
        self._until_answered(self._client, "POST", "/events", json=event | {"event_id": str(uuid4()), "source": "web"})
        answer = self._until_answered(self._client, "POST", f"/users/{user_id}/exports")
        self.jobs.append(str(answer.json()["job_id"]))


class Visitors(Caller):
    """People who write to the bot, one after the other. Telegram takes every word: it is outside of the platform."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack, 1)
        self._page = httpx.Client(base_url=stack.address("telegram"), timeout=120, trust_env=False)
        self._page.post(
            "/double/users", json={"first_id": FIRST_VISITOR, "count": VISITORS, "language_code": "en"}
        ).raise_for_status()
        self.written: Counter[int] = Counter()

    def _once(self) -> None:
        user_id = FIRST_VISITOR + self.written.total() % VISITORS
        self._page.post("/double/write", json={"user_id": user_id, "text": "/help"}).raise_for_status()
        self.written[user_id] += 1

    def answers(self) -> Counter[int]:
        """How often the bot answered each of them, apologies not counted."""
        return Counter(
            {
                user_id: sum("/recommend" in each.get("text", "") for each in self._messages(user_id))
                for user_id in self.written
            }
        )

    def _messages(self, user_id: int) -> list[Json]:
        shown = self._page.get("/double/state", params={"user_id": user_id}).raise_for_status().json()
        return [message for message in shown["messages"] if message["from"]["is_bot"]]


@dataclass
class Load:
    """Everybody who calls, and the campaign that is sent meanwhile."""

    stack: Stack
    events: list[EventSender]
    asker: Asker | None
    jobs: JobAsker
    visitors: Visitors
    recipients: int
    campaign_id: str

    @property
    def callers(self) -> list[Caller]:
        """All of them."""
        return [*self.events, *([] if self.asker is None else [self.asker]), self.jobs, self.visitors]

    def end(self) -> None:
        """Ends all callers after what they are just doing."""
        for caller in self.callers:
            caller.end()

    @property
    def failures(self) -> Counter[str]:
        """Requests that did not succeed at once, by why."""
        return sum((caller.failures for caller in self.callers), Counter())

    def received(self) -> Counter[int]:
        """How many messages of the campaign arrived in each chat."""
        address = self.stack.address("telegram")
        sends: list[Json] = httpx.get(f"{address}/double/sends", timeout=120, trust_env=False).raise_for_status().json()
        chats = range(FIRST_CHAT + 1, FIRST_CHAT + self.recipients + 1)
        return Counter(each["chat_id"] for each in sends if each["chat_id"] in chats)


@contextmanager
def under_load(stack: Stack, minutes: float) -> Iterator[Load]:
    """The platform under a known load for the duration of the block."""
    key = stack.key("events:write", "analytics:read", "predictions:read", "users:export", "users:read")
    recipients = max(10, round(RECIPIENTS_A_MINUTE * minutes))
    senders = [EventSender(stack, key, f"own{n}", has_ids=True) for n in range(2)]
    senders.append(EventSender(stack, key, "made", has_ids=False))
    load = Load(
        stack,
        senders,
        # Without models nobody is asked, and there is no report.
        Asker(stack, key) if MODELS & {*stack.names} else None,
        JobAsker(stack, key),
        Visitors(stack),
        recipients,
        _campaign(stack, recipients),
    )
    for caller in load.callers:
        caller.start()
    try:
        yield load
        load.end()
    except BaseException:
        for caller in load.callers:
            caller.give_up()
        raise


def _campaign(stack: Stack, recipients: int) -> str:
    """A campaign to so many users, each with a chat, which has begun; its id."""
    page = {"first_id": FIRST_CHAT + 1, "count": recipients}
    httpx.post(f"{stack.address('telegram')}/double/users", json=page, trust_env=False, timeout=60).raise_for_status()
    with stack.database() as connection:
        subscribe(connection, recipients)
    key = stack.key("campaigns:manage", "campaigns:approve", "campaigns:send", "campaigns:read")
    with stack.caller(key, seconds=60) as caller:
        members = [f"u{number}" for number in range(1, recipients + 1)]
        listed = caller.post("/user-lists", json={"name": f"chaos {uuid4().hex[:8]}", "user_ids": members})
        audience = {"list_id": listed.raise_for_status().json()["list_id"]}
        made = caller.post("/campaigns", json=draft(audience=audience))
        campaign_id = str(made.raise_for_status().json()["campaign_id"])
        for step in ("approve", "start"):
            caller.post(f"/campaigns/{campaign_id}/{step}").raise_for_status()
    return campaign_id
