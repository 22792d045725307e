"""Tiny real models, a feature store in memory, and an application around them: no socket, no Postgres, no Bento."""

import datetime
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import numpy as np
import polars as pl
import pytest
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from core.api_keys import digest_of
from core.tracing import Tracing
from ml import artifact
from ml.baselines import RFM_FEATURES
from ml.catalogue import Feature, FeatureCatalogue
from ml.churn import train_churn
from ml.cutoffs import plan_cutoffs
from ml.kinds import BUILT_IN
from ml.purchase import train_purchase
from ml.segmentation import train_segmentation
from serving.admission import Admission
from serving.app import create_app
from serving.key_ring import KeyRing
from serving.metrics import Metrics
from serving.model_slot import ModelSlot
from serving.runtime import Runtime
from serving.settings import ServingSettings
from tests.serving.doubles import (
    AS_OF,
    KEY,
    KEY_ID,
    USERS,
    MemoryAnswers,
    MemoryLedger,
    MemoryStore,
    SavedModel,
    Service,
    ServiceMaker,
)


@pytest.fixture(scope="session")
def catalogue() -> FeatureCatalogue:
    return FeatureCatalogue(
        tuple(
            Feature(
                name=name,
                description=f"{name} as of the day.",
                label=name.replace("_", " "),
                family=name.split("_")[0],
                unit="days" if "days_since" in name else "count",
                models=tuple(kind.name for kind in BUILT_IN),
                lever="win_back" if name == "days_since_last_activity" else None,
            )
            for name in (*RFM_FEATURES, "days_since_first_purchase", "purchase_days_total")
        )
    )


@pytest.fixture(scope="session")
def population() -> pl.DataFrame:
    """Features of `USERS` users as of `AS_OF`; every seventh never bought."""
    rng = np.random.default_rng(7)
    orders = rng.poisson(3, USERS).astype(float)
    orders[::7] = 0
    recency = rng.integers(1, 90, USERS).astype(float)
    never = orders == 0
    age = recency + rng.integers(10, 300, USERS)
    frame = pl.DataFrame(
        {
            "user_id": [str(number) for number in range(USERS)],
            "days_since_last_activity": recency,
            "days_since_last_purchase": np.where(never, np.nan, recency + 3),
            "days_since_first_seen": age,
            "days_since_first_purchase": np.where(never, np.nan, age),
            "active_days_total": orders + rng.integers(1, 20, USERS),
            "orders_total": orders,
            "purchase_amount_total": orders * 20.0,
            "average_order_amount": np.where(never, np.nan, 20.0),
            "purchase_days_total": orders,
        }
    )
    return frame.fill_nan(None)


@pytest.fixture(scope="session")
def saved_models(
    population: pl.DataFrame, catalogue: FeatureCatalogue, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, SavedModel]:
    """One small model of each kind, trained for real and saved as a service finds it."""
    plan = plan_cutoffs(AS_OF, 30, datetime.date(2024, 1, 1), max_train=2)
    rng = np.random.default_rng(11)
    silent = pl.Series(rng.random(USERS)) < (population["days_since_last_activity"] / 90)
    labelled = population.with_columns(
        has_activity=~silent,
        has_purchased=~silent & (population["orders_total"] > 2),
        purchase_amount=pl.when(~silent & (population["orders_total"] > 2)).then(25.0).otherwise(0.0),
        is_churned=pl.when(pl.col("days_since_last_activity") <= 30).then(silent),
    )
    frame = pl.concat(labelled.with_columns(as_of=pl.lit(day)) for day in plan.all)
    models: dict[str, artifact.Model] = {
        "purchase": train_purchase(frame, catalogue, plan).model,
        "churn": train_churn(frame, catalogue, plan).model,
        "segmentation": train_segmentation(population.with_columns(as_of=pl.lit(AS_OF)), catalogue, AS_OF).model,
    }
    root = tmp_path_factory.mktemp("models")
    provenance = artifact.Provenance(cutoffs=plan.to_dict(), metrics={"auc": 0.8})
    return {
        kind: SavedModel(kind, root / kind, artifact.save(model, root / kind, provenance=provenance))
        for kind, model in models.items()
    }


@pytest.fixture
def make_service(saved_models: dict[str, SavedModel], population: pl.DataFrame) -> Iterator[ServiceMaker]:
    """Starts services on demand and stops them after the test."""
    open_clients: list[TestClient] = []

    def make(kind: str) -> Service:
        store = MemoryStore({row["user_id"]: row for row in population.to_dicts()})
        slot = ModelSlot(saved_models[kind].load())
        registry = CollectorRegistry()
        first_answers = MemoryAnswers()
        ledger = MemoryLedger()
        keys = KeyRing(2)
        keys.learn([(KEY_ID, digest_of(KEY))])

        @asynccontextmanager
        async def open_runtime(kind: str) -> AsyncIterator[Runtime]:
            tracing = Tracing(kind, ServingSettings(warehouse_url="postgresql://nowhere").trace_endpoint)
            yield Runtime(
                kind, slot, store, Metrics(registry), first_answers, ledger, Admission(2, 2), keys, tracing, 2, 1.0
            )
            tracing.close()

        client = TestClient(
            create_app(kind, open_runtime),
            base_url="http://127.0.0.1",
            client=("127.0.0.1", 50_000),
            headers={"authorization": f"Bearer {KEY}"},
            raise_server_exceptions=False,
        )
        open_clients.append(client)
        client.__enter__()
        return Service(client, store, slot, registry, first_answers, ledger, keys)

    yield make
    for client in open_clients:
        client.__exit__(None, None, None)


@pytest.fixture
def churn(make_service: ServiceMaker) -> Service:
    return make_service("churn")
