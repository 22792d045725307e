"""A small shop with two purchase models, and its service as production runs it: a Bento under BentoML, with workers.

Belongs here: what the tests of running services share beside fixtures. Not here: the platform that a whole pipeline
ran on (`tests/integration/conftest.py`).
"""

import datetime
import functools
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import psutil
import psycopg
from psycopg import sql

from core.api_keys import digest_of, new_key
from core.home import LOOPBACK, Home, choose_port, prepare_home, read_json
from ml import artifact
from ml.baselines import RFM_FEATURES
from ml.catalogue import Feature, FeatureCatalogue
from ml.churn import train_churn
from ml.cutoffs import plan_cutoffs
from ml.kinds import BUILT_IN
from ml.purchase import train_purchase
from serving.build import serve_command, serve_environment
from standalone.postgres import embedded_postgres
from standalone.processes import Child, Command, start, stop, wait_until_ready
from warehouse.databases import WAREHOUSE, embedded_server
from warehouse.logins import prepare_server
from warehouse.passfile import read_entries
from warehouse.roles import PIPELINE, SERVING

AS_OF = datetime.date(2024, 6, 1)
USERS = 240
NAMES = (*RFM_FEATURES, "days_since_first_purchase", "purchase_days_total")
# Known to us, and not to the mart.
NOT_IN_MART = "messages_total"
READY_SECONDS = 120
# Ample, for a busy machine; how long it really takes is asserted where it matters.
PATIENCE_SECONDS = 30.0
KEY = new_key()
"""Valid in the warehouse of the shop."""
HEADERS = {"authorization": f"Bearer {KEY}"}

Connection = psycopg.Connection[Any]

KINDS = tuple(map(str, BUILT_IN))


@dataclass(frozen=True)
class Trained:
    """One version of the purchase model, and what it says of every user, computed here and not by a service."""

    version: int
    directory: Path
    digest: str
    probability: Mapping[str, float]


@functools.cache
def population() -> pl.DataFrame:
    """Features of `USERS` users as of `AS_OF`, and one that the mart lacks."""
    rng = np.random.default_rng(7)
    orders = rng.poisson(3, USERS) + 1.0
    recency = rng.integers(1, 90, USERS).astype(float)
    age = recency + rng.integers(10, 300, USERS)
    values = {
        "days_since_last_activity": recency,
        "days_since_last_purchase": recency + 3,
        "days_since_first_seen": age,
        "days_since_first_purchase": age,
        "active_days_total": orders + rng.integers(1, 20, USERS),
        "orders_total": orders,
        "purchase_amount_total": orders * 20.0,
        "average_order_amount": np.full(USERS, 20.0),
        "purchase_days_total": orders,
        NOT_IN_MART: rng.poisson(9, USERS) * 1.0,
    }
    users = [str(number) for number in range(USERS)]
    return pl.DataFrame({"user_id": users, **{name: values[name] for name in (*NAMES, NOT_IN_MART)}})


def train(version: int, directory: Path, *, kind: str = "purchase", names: Sequence[str] = NAMES) -> Trained:
    """Trains a model; each version has learned from other purchases."""
    features = tuple(
        Feature(name=name, description=name, label=name, family=name, unit="count", models=(kind,), lever=None)
        for name in names
    )
    chance = np.exp(-population()["days_since_last_activity"].to_numpy() / (20 * version))
    bought = np.random.default_rng(version).random(USERS) < chance
    labelled = population().with_columns(
        has_activity=pl.Series(bought),
        has_purchased=pl.Series(bought),
        purchase_amount=pl.Series(np.where(bought, 25.0, 0.0)),
        is_churned=pl.Series(~bought),
    )
    plan = plan_cutoffs(AS_OF, 30, datetime.date(2024, 1, 1), max_train=2)
    frame = pl.concat(labelled.with_columns(as_of=pl.lit(day)) for day in plan.all)
    learn = {"purchase": train_purchase, "churn": train_churn}[kind]
    model = learn(frame, FeatureCatalogue(features), plan).model
    digest = artifact.save(model, directory, provenance=artifact.Provenance())
    said = artifact.load(directory, digest).predict(population())
    return Trained(version, directory, digest, dict(zip(population()["user_id"], said["score"], strict=True)))


@contextmanager
def warehouse(home: Home) -> Iterator[Connection]:
    """The home's Postgres while the block lasts, at the same address each time, with a mart of these users."""
    with embedded_postgres(home) as port:
        server = embedded_server(home, port)
        prepare_server(server, home.passfile)
        with server.connect(WAREHOUSE, autocommit=True) as connection:
            fill_mart(connection)
            connection.execute(
                "insert into app.api_keys (name, key_sha256, scopes) values ('test', %s, '{predictions:read}')"
                " on conflict do nothing",
                (digest_of(KEY),),
            )
            yield connection


def fill_mart(connection: Connection) -> None:
    """The feature mart with the users of `population`."""
    columns = sql.SQL(", ").join(sql.SQL("{} double precision").format(sql.Identifier(name)) for name in NAMES)
    # As dbt does, so that services may read it.
    connection.execute(sql.SQL("set role {}").format(sql.Identifier(PIPELINE)))
    connection.execute("drop table if exists marts.user_features")
    connection.execute(
        sql.SQL("create table marts.user_features (user_id text primary key, as_of date, {})").format(columns)
    )
    with connection.cursor().copy("copy marts.user_features from stdin") as rows:
        for user_id, *values in population().select("user_id", *NAMES).iter_rows():
            rows.write_row((user_id, AS_OF, *values))
    connection.execute("reset role")


def warehouse_url(home: Home) -> str:
    """Where services find the home's Postgres, or found it when it last ran. Without a password, as `up` tells them."""
    (login,) = (each.user for each in read_entries(home.passfile) if each.user.startswith(SERVING))
    return replace(embedded_server(home, read_json(home.ports)["postgres"]), user=login).url(WAREHOUSE)


def deploy(connection: Connection, trained: Trained, **changed: object) -> int:
    """Writes a row of `ml.deployments` as the pipeline does, but for what is `changed`; returns its id."""
    row = {
        "model": "purchase",
        "model_version": trained.version,
        "digest": trained.digest,
        "artifact_uri": trained.directory.as_uri(),
        "bento_tag": "none",
        "deployed_by": "test",
    } | changed
    return int(
        connection.execute(
            "insert into ml.deployments (model, model_version, digest, artifact_uri, bento_tag, deployed_by)"
            " values (%(model)s, %(model_version)s, %(digest)s, %(artifact_uri)s, %(bento_tag)s, %(deployed_by)s)"
            " returning deployment_id",
            row,
        ).fetchall()[0][0]
    )


@dataclass(frozen=True)
class Service:
    """A service that runs."""

    child: Child
    client: httpx.Client

    def workers(self) -> list[psutil.Process]:
        """Its worker processes that live, oldest first."""
        children = psutil.Process(self.child.process.pid).children()
        return [
            each
            for each in sorted(children, key=psutil.Process.create_time)
            if each.status() != psutil.STATUS_ZOMBIE and "_bentoml_impl.worker.service" in each.cmdline()
        ]

    def count(self, metric: str, labels: str = "") -> float:
        """The sum over all workers of a metric, given without its prefix and with the labels that matter."""
        text = self.client.get("/metrics").raise_for_status().text
        pattern = rf"^customer_analyzer_{metric}(?:\{{[^}}]*{labels}[^}}]*\}})? (\S+)$"
        return sum(float(value) for value in re.findall(pattern, text, re.MULTILINE))

    def log(self) -> str:
        """What it has logged so far."""
        return self.child.command.log.read_text(encoding="utf-8", errors="replace")

    def ask(self, *users: str) -> httpx.Response:
        """Asks about users by their ids."""
        return self.client.post("/predict", json={"user_ids": users})

    def ask_features(self, *users: str) -> httpx.Response:
        """Asks about users by their features."""
        rows = population().select("user_id", *NAMES).filter(pl.col("user_id").is_in(users)).to_dicts()
        return self.client.post("/predict", json={"features": rows})


@contextmanager
def service(home: Home, bento: str, bentoml_home: Path, *, workers: int = 1) -> Iterator[Service]:
    """The purchase service as `up` starts it, ready. `bento` is its tag, or the folder it was built to."""
    port = choose_port(home, "purchase", None)
    command = Command(
        "purchase",
        serve_command(bento, LOOPBACK, port),
        home.logs / f"purchase-{port}.log",
        port,
        "/readyz",
        environment={
            **serve_environment(bentoml_home, warehouse_url(home), home.ledger, home.state),
            "PGPASSFILE": str(home.passfile),
            "PGPASSWORD": "",
            "BENTOML_CONFIG_OPTIONS": f"services.purchase.workers={workers}",
        },
    )
    child = start(command)
    try:
        wait_until_ready(child, READY_SECONDS)
        with httpx.Client(base_url=str(command.address), headers=HEADERS, timeout=10, trust_env=False) as client:
            yield Service(child, client)
    finally:
        stop([child])


@dataclass
class Shop:
    """A home with Postgres and a service of two workers."""

    home: Home
    versions: tuple[Trained, Trained]
    bento: Path
    service: Service
    postgres: ExitStack
    connection: Connection

    @contextmanager
    def postgres_away(self) -> Iterator[None]:
        """Postgres is stopped while the block lasts."""
        self.postgres.close()
        try:
            yield
        finally:
            self.connection = self.postgres.enter_context(warehouse(self.home))

    def deploy(self, trained: Trained) -> float:
        """Deploys a good version; returns the seconds until the last worker answered with it."""
        before = self.service.count("model_swaps_total")
        deploy(self.connection, trained)
        return eventually(
            lambda: self.service.count("model_swaps_total") >= before + len(self.service.workers()), "all swapped"
        )

    def recorded(self, prediction_ids: Sequence[str]) -> int:
        """How many of these predictions the ledger has."""
        found = self.connection.execute(
            "select count(*) from ml.ledger where prediction_id = any(%s::uuid[])", (list(prediction_ids),)
        )
        return int(found.fetchall()[0][0])


@contextmanager
def open_shop(folder: Path, versions: tuple[Trained, Trained], bento: Path) -> Iterator[Shop]:
    """A shop in a new home below a folder, with a service of two workers that answers with one of the versions."""
    home = prepare_home(folder / "home")
    with ExitStack() as postgres:
        connection = postgres.enter_context(warehouse(home))
        with service(home, str(bento), home.bentoml_of("purchase"), workers=2) as running:
            yield Shop(home, versions, bento, running, postgres, connection)


def eventually(condition: Callable[[], bool], what: str = "") -> float:
    """Waits until a condition holds; returns the seconds that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < PATIENCE_SECONDS, f"not within {PATIENCE_SECONDS} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - began
