"""Who may call a service."""

from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.testclient import TestClient

from core.problems import ProblemError
from serving.key_ring import KeyRing, KeyWatcher, digest_of, new_key
from serving.last_known import LastKnown
from serving.settings import ServingSettings
from tests.serving.doubles import Service

KEY, OTHER = new_key(), new_key()


def key_watcher(ring: KeyRing, folder: Path) -> KeyWatcher:
    """One whose warehouse cannot be reached."""
    settings = ServingSettings(warehouse_url=SecretStr("postgresql://nowhere.invalid/warehouse"), state_folder=folder)
    return KeyWatcher(ring, settings, LastKnown(settings))


def asked(service: Service, **headers: str) -> int:
    return service.client.post("/predict", json={"user_ids": ["3"]}, headers=headers).status_code


def test_keys_are_long_and_never_the_same() -> None:
    assert KEY != OTHER
    assert len(KEY) >= 43
    assert len(digest_of(KEY)) == 32


def test_without_any_key_this_machine_may_ask_and_no_other(churn: Service) -> None:
    assert asked(churn) == 200

    away = TestClient(churn.client.app, base_url="http://127.0.0.1", client=("10.0.0.7", 50_000))
    listens_wide = TestClient(churn.client.app, base_url="http://10.0.0.1", client=("127.0.0.1", 50_000))
    for client in (away, listens_wide):
        answer = client.post("/predict", json={"user_ids": ["3"]})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "customer-analyzer keys create" in answer.json()["detail"]


def test_once_there_is_a_key_everybody_needs_one(churn: Service) -> None:
    churn.keys.learn([(digest_of(KEY), True), (digest_of(OTHER), True)])

    assert asked(churn) == 401
    assert asked(churn, authorization=f"Bearer {new_key()}") == 401
    assert asked(churn, authorization=f"Basic {KEY}") == 401
    assert asked(churn, authorization=f"Bearer {KEY}") == 200
    assert asked(churn, authorization=f"bearer {OTHER}") == 200
    assert asked(churn, **{"x-api-key": KEY}) == 200
    assert {churn.client.get(path).status_code for path in ("/model", "/openapi.json", "/docs.json")} == {401}


def test_a_revoked_key_opens_nothing_and_leaves_the_door_shut(churn: Service) -> None:
    churn.keys.learn([(digest_of(KEY), False)])

    assert asked(churn, authorization=f"Bearer {KEY}") == 401
    assert asked(churn) == 401


def test_metrics_are_open_on_this_machine_alone(churn: Service) -> None:
    churn.keys.learn([(digest_of(KEY), True)])
    away = TestClient(churn.client.app, base_url="http://10.0.0.1", client=("10.0.0.7", 50_000))

    assert churn.client.get("/metrics").status_code == 200
    assert away.get("/metrics").status_code == 401
    assert away.get("/metrics", headers={"x-api-key": KEY}).status_code == 200


def test_while_the_keys_are_unknown_nobody_may_ask(churn: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(churn.keys, "_valid", None)

    assert asked(churn, authorization=f"Bearer {KEY}") == 503


def test_an_outage_changes_no_key_and_a_warehouse_without_keys_has_none(
    churn: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ring = churn.keys
    watcher = key_watcher(ring, tmp_path)

    def look(found: list[tuple[bytes, bool]] | psycopg.Error) -> int:
        def read() -> list[tuple[bytes, bool]]:
            if isinstance(found, psycopg.Error):
                raise found
            return found

        monkeypatch.setattr(watcher, "_read", read)
        watcher.look()
        return asked(churn)

    assert look([(digest_of(KEY), True)]) == 401
    assert look(psycopg.OperationalError("connection refused")) == 401
    assert asked(churn, authorization=f"Bearer {KEY}") == 200
    assert look(psycopg.errors.UndefinedTable("no such table")) == 200
    assert isinstance(ring, KeyRing)


def test_a_service_that_starts_during_an_outage_goes_by_the_keys_it_knew_last(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = key_watcher(KeyRing(2), tmp_path)
    monkeypatch.setattr(before, "_read", lambda: [(digest_of(KEY), True), (digest_of(OTHER), False)])
    before.look()
    assert KEY not in "".join(file.read_text() for file in tmp_path.rglob("*.json"))
    ring = KeyRing(2)
    watcher = key_watcher(ring, tmp_path)
    monkeypatch.setattr(watcher, "_read", refuse_connection)

    watcher.start()
    watcher.stop()

    assert admits(ring, KEY)
    assert not admits(ring, OTHER)
    assert not admits(ring, None)


def test_what_cannot_be_understood_opens_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for damaged in ({}, [["not hexadecimal", True]], [[1]], "keys"):
        ring = KeyRing(2)
        watcher = key_watcher(ring, tmp_path)
        monkeypatch.setattr(watcher, "_read", refuse_connection)
        settings = ServingSettings(
            warehouse_url=SecretStr("postgresql://nowhere.invalid/warehouse"), state_folder=tmp_path
        )
        LastKnown(settings).remember("keys", damaged)

        watcher.start()
        watcher.stop()

        assert not admits(ring, None)


def refuse_connection() -> list[tuple[bytes, bool]]:
    raise psycopg.OperationalError("connection refused")


def admits(ring: KeyRing, key: str | None) -> bool:
    """Whether a ring lets a request from this machine pass."""
    headers = [] if key is None else [(b"x-api-key", key.encode())]
    loopback = ("127.0.0.1", 80)
    scope = {"type": "http", "path": "/predict", "headers": headers, "server": loopback, "client": loopback}
    try:
        ring.check(Request(scope))
    except ProblemError:
        return False
    return True
