"""Who may call a service."""

import psycopg
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from serving.keys import KeyRing, KeyWatcher, digest_of, new_key
from serving.settings import ServingSettings
from tests.serving.doubles import Service

KEY, OTHER = new_key(), new_key()


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
    churn: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = churn.keys
    watcher = KeyWatcher(ring, ServingSettings(warehouse_url=SecretStr("postgresql://nowhere.invalid/warehouse")))

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
