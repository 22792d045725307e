"""An API process that is killed loses no event that it acknowledged, and stores none twice."""

import os
import signal
import threading
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from core.api_keys import digest_of, new_key
from standalone.fleet import Fleet
from standalone.servers import api_server
from standalone.stack import Platform
from warehouse.api_keys import add_api_key
from warehouse.database import Database, rows
from warehouse.databases import WAREHOUSE

SENDERS = 4


class Sender(threading.Thread):
    """Sends batches, again until each is answered, as a caller does who must not lose any."""

    def __init__(self, address: str, key: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._client = httpx.Client(
            base_url=address, headers={"authorization": f"Bearer {key}"}, timeout=10, trust_env=False
        )
        self._stop_asked = stop
        self.acknowledged: list[str] = []
        self.statuses: set[str] = set()
        self.sent_again = 0

    def run(self) -> None:
        while not self._stop_asked.is_set():
            batch = [_event() for _ in range(5)]
            while not self._sent(batch):
                self.sent_again += 1
                time.sleep(0.02)
        self._client.close()

    def _sent(self, batch: list[dict[str, Any]]) -> bool:
        try:
            response = self._client.post("/events", json=batch)
        except httpx.HTTPError:
            return False
        if response.status_code != 200:
            return False
        self.statuses |= {each["status"] for each in response.json()["results"]}
        self.acknowledged += [each["event_id"] for each in batch]
        return True


def _event() -> dict[str, Any]:
    return {
        "event_id": str(uuid4()),
        "user_id": "anna",
        "event_type": "view",
        "occurred_at": "2026-03-01T18:30:00Z",
        "source": "telegram",
    }


@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=pytest.mark.soak)])
def test_what_was_acknowledged_is_stored_once(kills: int, warehouse_url: str, empty_platform: Platform) -> None:
    empty_platform.home.service_key.write_text("none\n", encoding="utf-8")
    key = new_key()
    own = Database(empty_platform.server.url(WAREHOUSE))
    own.run(add_api_key("a shop", digest_of(key), ["events:write"]))
    stop = threading.Event()
    command = api_server(empty_platform)
    with Fleet() as fleet:
        fleet.start([command])
        senders = [Sender(str(command.address), key, stop) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        for _ in range(kills):
            time.sleep(0.3)
            (server,) = fleet.children
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait(10)
            fleet.stop()
            fleet.start([command])
        time.sleep(0.5)
        stop.set()
        for sender in senders:
            sender.join(30)
    acknowledged = [event_id for sender in senders for event_id in sender.acknowledged]
    stored = Database(warehouse_url).run(rows(str, "select event_id::text from raw.events"))
    assert sum(sender.sent_again for sender in senders) >= kills
    assert set[str]().union(*(sender.statuses for sender in senders)) <= {"stored", "known"}
    assert len(acknowledged) > 10 * kills
    assert set(acknowledged) <= set(stored)
    assert len(set(stored)) == len(stored)
