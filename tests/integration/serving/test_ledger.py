"""Predictions in the ledger, each once: Postgres away, the service told to stop, the service killed.

The service is the real application in a process of its own, with a tiny model; only BentoML's shell is absent. Each
test has a home and a Postgres of its own, because it stops Postgres and leaves unwritten predictions behind.
"""

import datetime
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import psycopg
import pytest

from core.api_keys import digest_of, new_key
from core.home import LOOPBACK, Home, prepare_home
from ml import artifact
from ml.catalogue import Feature, FeatureCatalogue
from ml.segmentation import train_segmentation
from standalone.postgres import embedded_postgres
from tests.integration.serving.shop import warehouse_url
from warehouse.databases import WAREHOUSE, embedded_server
from warehouse.logins import prepare_server

AS_OF = datetime.date(2024, 6, 1)
NAMES = ("orders_total", "days_since_last_purchase")
KEY = new_key()
SERVICE = """
import uvicorn
from serving.app import create_app
from serving.runtime import open_runtime
uvicorn.run(create_app("segmentation", open_runtime), port={port}, log_level="warning")
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small segmentation, with the file that says so beside it."""
    features = tuple(
        Feature(
            name=name, description=name, label=name, family=name, unit="count", models=("segmentation",), lever=None
        )
        for name in NAMES
    )
    frame = pl.DataFrame(
        {
            "user_id": [str(number) for number in range(200)],
            "as_of": [AS_OF] * 200,
            "orders_total": [float(number % 2 * 20 + number % 3) for number in range(200)],
            "days_since_last_purchase": [float(number % 2 * 90 + number % 5) for number in range(200)],
        }
    )
    folder = tmp_path_factory.mktemp("served")
    trained = train_segmentation(frame, FeatureCatalogue(features), AS_OF)
    digest = artifact.save(trained.model, folder / "model", provenance=artifact.Provenance())
    build = {"kind": "segmentation", "version": 1, "digest": digest}
    (folder / "build.json").write_text(json.dumps(build), encoding="utf-8")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return prepare_home(tmp_path / "home")


@contextmanager
def warehouse(home: Home) -> Iterator[psycopg.Connection[Any]]:
    """The home's Postgres while the block lasts, at the same address each time."""
    with embedded_postgres(home) as port:
        server = embedded_server(home, port)
        prepare_server(server, home.passfile)
        with server.connect(WAREHOUSE, autocommit=True) as connection:
            connection.execute(
                "insert into app.api_keys (name, key_sha256, scopes) values ('test', %s, '{predictions:read}')"
                " on conflict do nothing",
                (digest_of(KEY),),
            )
            yield connection


@contextmanager
def service(home: Home, model: Path) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """The service of a home whose Postgres runs, ready; killed at the end if it still runs."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        own_port = probe.getsockname()[1]
    environment = {
        "WAREHOUSE_URL": warehouse_url(home),
        "PGPASSFILE": str(home.passfile),
        "SERVING_MODEL_DIRECTORY": str(model / "model"),
        "SERVING_BUILD_FILE": str(model / "build.json"),
        "SERVING_LEDGER_FOLDER": str(home.ledger),
        "SERVING_STATE_FOLDER": str(home.state),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", SERVICE.format(port=own_port)], env={**os.environ, "PGPASSWORD": "", **environment}
    )
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=f"http://{LOOPBACK}:{own_port}", headers=headers, timeout=10, trust_env=False) as client:
        try:
            deadline = time.monotonic() + 60
            while not answers(client):
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.1)
            yield process, client
        finally:
            process.kill()
            process.wait()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/model").status_code == 200
    except httpx.TransportError:
        return False


def predict(client: httpx.Client, requests: int) -> set[str]:
    """Asks about three users a request, by features; returns the ids of all predictions."""
    row = dict.fromkeys(NAMES, 1.0) | {"as_of": AS_OF.isoformat()}
    body = {"features": [row | {"user_id": user} for user in ("a", "b", "c")]}
    ids: set[str] = set()
    for _ in range(requests):
        response = client.post("/predict", json=body)
        assert response.status_code == 200, response.text
        ids |= {prediction["prediction_id"] for prediction in response.json()["predictions"]}
    assert len(ids) == 3 * requests
    return ids


def recorded(connection: psycopg.Connection[Any]) -> list[str]:
    return [name for (name,) in connection.execute("select prediction_id::text from ml.ledger").fetchall()]


def wait_for(connection: psycopg.Connection[Any], ids: set[str]) -> None:
    """Returns when the ledger holds these predictions, each once, and no other."""
    deadline = time.monotonic() + 20
    while sorted(recorded(connection)) != sorted(ids):
        assert time.monotonic() < deadline, f"{len(recorded(connection))} of {len(ids)}"
        time.sleep(0.1)


def test_predictions_made_while_postgres_is_away_are_recorded_once_it_is_back(home: Home, model: Path) -> None:
    with ExitStack() as running:
        with warehouse(home) as connection:
            connection.execute("select raw.ensure_event_partitions('2024-05-01', '2024-05-31')")
            connection.execute(
                "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, source) values"
                " (gen_random_uuid(), 'a', 'notification_sent', '2024-05-02', '2024-05-02', 'telegram'),"
                " (gen_random_uuid(), 'b', 'notification_withheld', '2024-05-02', '2024-05-02', 'telegram')"
            )
            process, client = running.enter_context(service(home, model))
            ids = predict(client, 20)
            wait_for(connection, ids)
            ids |= predict(client, 20)
        ids |= predict(client, 20)
        with warehouse(home) as connection:
            wait_for(connection, ids)
            ids |= predict(client, 20)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=15) in (0, -signal.SIGTERM)
            # Nothing is left to wait for: whatever was promised has been written.
            assert sorted(recorded(connection)) == sorted(ids)
            treatments = connection.execute("select distinct user_id, treatment, kind, as_of from ml.ledger").fetchall()
            assert sorted(treatments) == [
                (user, treatment, "prediction", AS_OF)
                for user, treatment in (("a", "treated"), ("b", "control"), ("c", None))
            ]
            assert not list(home.ledger.glob("*/*"))


def test_what_a_service_that_was_stopped_or_killed_left_behind_is_recorded_by_the_next(home: Home, model: Path) -> None:
    with ExitStack() as running:
        with warehouse(home):
            process, client = running.enter_context(service(home, model))
        ids = predict(client, 20)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=15)
        with warehouse(home) as connection:
            process, client = running.enter_context(service(home, model))
            wait_for(connection, ids)
        ids |= predict(client, 20)
        time.sleep(1)  # What is older than a second survives a kill; what is younger may.
        younger = predict(client, 5)
        process.kill()
        process.wait()
        with warehouse(home) as connection:
            running.enter_context(service(home, model))
            deadline = time.monotonic() + 20
            while not ids <= set(recorded(connection)):
                assert time.monotonic() < deadline
                time.sleep(0.1)
            found = recorded(connection)
            assert len(set(found)) == len(found)
            assert set(found) <= ids | younger
