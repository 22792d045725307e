"""Who may call a service."""

from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.testclient import TestClient

from core.api_keys import digest_of, new_key
from core.problems import ProblemError
from serving.key_ring import KeyRing, KeyWatcher
from serving.last_known import LastKnown
from serving.settings import ServingSettings
from tests.serving.doubles import KEY, KEY_ID, Service

OTHER = new_key()
ROUTES = (
    ("POST", "/predict"),
    ("POST", "/explain"),
    ("POST", "/early-warnings"),
    ("GET", "/model"),
    ("HEAD", "/model"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/"),
    ("GET", "/docs.json"),
    ("GET", "/no/such/path"),
    ("DELETE", "/predict"),
    ("OPTIONS", "/predict"),
)


def key_watcher(ring: KeyRing, folder: Path) -> KeyWatcher:
    """One whose warehouse cannot be reached."""
    settings = ServingSettings(warehouse_url=SecretStr("postgresql://nowhere.invalid/warehouse"), state_folder=folder)
    return KeyWatcher(ring, settings, LastKnown(settings))


def status_for(service: Service, **headers: str) -> int:
    """How a request with these headers alone is answered."""
    client = TestClient(service.client.app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000))
    return client.post("/predict", json={"user_ids": ["3"]}, headers=headers).status_code


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "10.0.0.7", "testclient"])
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_is_open_without_a_key_wherever_the_request_comes_from(
    churn: Service, peer: str, method: str, path: str
) -> None:
    """A reverse proxy on the same machine makes every request look local."""
    churn.keys.learn([])
    anybody = TestClient(churn.client.app, base_url="http://127.0.0.1", client=(peer, 50_000))
    answer = anybody.request(method, path, json={"user_ids": ["3"]})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["x-request-id"]
    if method != "HEAD":
        assert "customer-analyzer keys create" in answer.json()["detail"]


def test_every_valid_key_is_taken_and_no_other(churn: Service) -> None:
    churn.keys.learn([(KEY_ID, digest_of(KEY)), (8, digest_of(OTHER))])

    assert status_for(churn) == 401
    assert status_for(churn, authorization=f"Bearer {new_key()}") == 401
    assert status_for(churn, authorization=f"Basic {KEY}") == 401
    assert status_for(churn, authorization=KEY) == 401
    assert status_for(churn, authorization=f"Bearer {KEY}") == 200
    assert status_for(churn, authorization=f"bearer {OTHER}") == 200
    assert status_for(churn, **{"x-api-key": KEY}) == 200
    assert churn.client.get("/metrics").status_code == 200


def test_a_key_tells_whose_request_it_is() -> None:
    ring = KeyRing(2)
    ring.learn([(KEY_ID, digest_of(KEY)), (8, digest_of(OTHER))])

    assert caller(ring, KEY) == KEY_ID
    assert caller(ring, OTHER) == 8
    assert caller(ring, new_key()) is None


def test_while_the_keys_are_unknown_nobody_may_ask(churn: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(churn.keys, "_valid", None)

    assert churn.client.post("/predict", json={"user_ids": ["3"]}).status_code == 503


def test_an_outage_changes_no_key_and_a_warehouse_without_the_table_lets_nobody_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ring = KeyRing(2)
    watcher = key_watcher(ring, tmp_path)

    def look(found: list[tuple[int, bytes]] | psycopg.Error) -> int | None:
        def run(_: object) -> list[tuple[int, bytes]]:
            if isinstance(found, psycopg.Error):
                raise found
            return found

        monkeypatch.setattr(watcher, "_connection", SimpleNamespace(run=run))
        watcher.look()
        return caller(ring, KEY)

    assert look(psycopg.errors.UndefinedTable("no such table")) is None
    assert look([(KEY_ID, digest_of(KEY))]) == KEY_ID
    assert look(psycopg.OperationalError("connection refused")) == KEY_ID
    assert look([]) is None
    assert look(psycopg.errors.UndefinedTable("no such table")) is None
    assert caller(ring, None) is None


def test_a_service_that_starts_during_an_outage_goes_by_the_keys_it_knew_last(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = key_watcher(KeyRing(2), tmp_path)
    monkeypatch.setattr(before, "_connection", SimpleNamespace(run=lambda _: [(KEY_ID, digest_of(KEY))]))
    before.look()
    assert KEY not in "".join(file.read_text() for file in tmp_path.rglob("*.json"))
    ring = KeyRing(2)
    watcher = key_watcher(ring, tmp_path)
    monkeypatch.setattr(watcher, "_connection", SimpleNamespace(run=refuse_connection, close=lambda: None))

    watcher.start()
    watcher.stop()

    assert caller(ring, KEY) == KEY_ID
    assert caller(ring, OTHER) is None
    assert caller(ring, None) is None


def test_what_cannot_be_understood_opens_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for damaged in ([[1, "not hexadecimal"]], [[1]], [[digest_of(KEY).hex(), True]], "keys", 3):
        ring = KeyRing(2)
        watcher = key_watcher(ring, tmp_path)
        monkeypatch.setattr(watcher, "_connection", SimpleNamespace(run=refuse_connection, close=lambda: None))
        settings = ServingSettings(
            warehouse_url=SecretStr("postgresql://nowhere.invalid/warehouse"), state_folder=tmp_path
        )
        LastKnown(settings).remember("valid-keys", damaged)

        watcher.start()
        watcher.stop()

        assert caller(ring, KEY) is None


def refuse_connection(_: object) -> list[tuple[int, bytes]]:
    raise psycopg.OperationalError("connection refused")


def caller(ring: KeyRing, key: str | None) -> int | None:
    """Whose request it is, by a ring; None where it is turned away."""
    headers = [] if key is None else [(b"x-api-key", key.encode())]
    try:
        return ring.authenticate(Request({"type": "http", "path": "/predict", "headers": headers}))
    except ProblemError:
        return None
