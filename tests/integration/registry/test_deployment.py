"""A deployment ends well only if the model may be served and every worker there is takes it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import dagster as dg
import numpy as np
import polars as pl
import psycopg
import pytest

from core.errors import OperationError
from core.home import Home, prepare_home
from core.storage import Storage
from ml import artifact
from ml.catalogue import Feature, FeatureCatalogue
from ml.kinds import SEGMENTATION
from ml.segmentation import train_segmentation
from orchestration.assets.serving import deployment_asset
from orchestration.resources import Choices, HomeResource, RegistryResource, WarehouseResource
from registry import deployment
from registry.deployment import deploy_champion
from registry.mlflow_registry import Registry
from serving.build import bento_tag
from standalone.servers import model_servers
from standalone.stack import Platform
from warehouse.database import Connection, Database
from warehouse.deployments import newest_deployment
from warehouse.workers import GONE_AFTER, WorkerReport, heartbeat, worker_left

KIND = "segmentation"
FEATURES = ("orders_total", "days_since_last_purchase")
AS_OF = date(2024, 6, 1)


@pytest.fixture(scope="module")
def registry(empty_platform: object, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A registry with a champion."""
    folder = tmp_path_factory.mktemp("registry")
    frame = pl.DataFrame(
        {
            "user_id": [str(number) for number in range(200)],
            "as_of": [AS_OF] * 200,
            "orders_total": np.arange(200) % 2 * 20.0 + np.arange(200) % 3,
            "days_since_last_purchase": np.arange(200) % 2 * 90.0 + np.arange(200) % 5,
        }
    )
    features = tuple(
        Feature(name=name, description=name, label=name, family=name, unit="count", models=(KIND,), lever=None)
        for name in FEATURES
    )
    model = train_segmentation(frame, FeatureCatalogue(features), AS_OF).model
    digest = artifact.save(model, folder / KIND, provenance=artifact.Provenance())
    storage = Storage(folder, folder / "copies")
    registry = Registry(f"sqlite:///{folder / 'mlflow.db'}", (folder / "artifacts").as_uri(), storage)
    version = registry.log_candidate(
        KIND,
        folder / KIND,
        digest,
        parameters={},
        metrics={},
        figures={},
        tables={},
        tags={"as_of": AS_OF.isoformat(), "horizon_days": "30", "test_cutoff": AS_OF.isoformat()},
    )
    registry.set_champion(KIND, version.version, verdict="the first")
    return registry


@pytest.fixture
def champion(registry: Registry, warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the champion, for a test to spoil; the mart has its features. No Bento is built."""
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        columns = ", ".join(f"{name} double precision" for name in FEATURES)
        connection.execute(f"create table marts.user_features (user_id text, as_of date, {columns})")

    def build_bento(kind: str, _: Path, *, digest: str, version: int, bentoml_home: Path) -> str:
        return bento_tag(KIND, digest=digest, version=version)

    monkeypatch.setattr(deployment, "build_bento", build_bento)
    directory = registry.folder(registry.champion(KIND))
    shutil.copytree(directory, tmp_path / "unspoilt")
    yield directory
    shutil.rmtree(directory)
    shutil.copytree(tmp_path / "unspoilt", directory)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return prepare_home(tmp_path / "home")


@contextmanager
def worker(warehouse_url: str, deployment_id: int | None, refused: str | None = None) -> Iterator[UUID]:
    """A worker that has just reported what it made of a deployment."""
    worker_id = uuid4()
    warehouse = Database(warehouse_url)
    warehouse.run(heartbeat(worker_id, KIND, WorkerReport(deployment_id, refused)))
    try:
        yield worker_id
    finally:
        warehouse.run(worker_left(worker_id))


@pytest.mark.usefixtures("champion")
def test_a_champion_is_deployed_once_and_those_who_run_are_heard_each_time(
    warehouse_url: str, registry: Registry, home: Home
) -> None:
    warehouse = Database(warehouse_url)

    first = deploy_champion(KIND, warehouse, registry, home, deployed_by="ann")
    with worker(warehouse_url, 1), worker(warehouse_url, 2, "features"):
        again = deploy_champion(KIND, warehouse, registry, home, deployed_by="ann")
    with (
        worker(warehouse_url, 1),
        worker(warehouse_url, 1, "features"),
        pytest.raises(OperationError, match=r"refused version 1 \(features\)"),
    ):
        deploy_champion(KIND, warehouse, registry, home, deployed_by="ann")

    assert (first.is_new, first.workers, again.is_new, again.workers) == (True, 0, False, 1)
    row = warehouse.run(newest_deployment(KIND))
    assert row is not None
    assert (row.deployment_id, row.model_version, row.bento_tag) == (1, 1, first.bento_tag)


@pytest.mark.usefixtures("champion")
def test_who_says_nothing_is_waited_for_and_named(
    warehouse_url: str, registry: Registry, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment, "_PATIENCE_SECONDS", 0.5)
    with worker(warehouse_url, None), pytest.raises(OperationError, match="1 of 1 workers of segmentation have not"):
        deploy_champion(KIND, Database(warehouse_url), registry, home, deployed_by="ann")


@pytest.mark.usefixtures("champion")
def test_a_worker_that_has_not_been_heard_of_lately_is_not_waited_for(
    warehouse_url: str, registry: Registry, home: Home
) -> None:
    warehouse = Database(warehouse_url)
    deploy_champion(KIND, warehouse, registry, home, deployed_by="ann")
    with worker(warehouse_url, None) as killed, worker(warehouse_url, 1), warehouse.transaction() as connection:
        connection.execute("update ml.workers set seen_at = now() - %s where worker_id = %s", (GONE_AFTER, killed))
        connection.commit()

        assert deploy_champion(KIND, warehouse, registry, home, deployed_by="ann").workers == 1


def materialize(warehouse_url: str, registry: Registry, home: Home) -> str | None:
    """Runs the asset; returns why it failed, None if it did not."""
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = dg.materialize(
            [deployment_asset(SEGMENTATION)],
            instance=instance,
            partition_key=AS_OF.isoformat(),
            resources={
                "warehouse": WarehouseResource(url=warehouse_url),
                "registry": RegistryResource(
                    tracking_uri=registry.tracking_uri, artifacts=registry.artifacts, home=str(home.root)
                ),
                "home": HomeResource(root=str(home.root)),
                "choices": Choices(),
            },
            raise_on_error=False,
        )
    failures = outcome.get_step_failure_events()
    return None if outcome.success else str(failures[0].step_failure_data.error)


def spoil_a_file(champion: Path, _: Connection) -> str:
    (champion / "golden.json").write_text("{}")
    return "golden.json was changed after it was saved"


def smuggle_a_pickle(champion: Path, _: Connection) -> str:
    (champion / "model.pkl").write_bytes(b"\x80\x04.")
    return "disagree about the file model.pkl"


def take_a_feature_away(_: Path, connection: Connection) -> str:
    connection.execute("alter table marts.user_features drop column orders_total")
    return "The feature mart lacks orders_total"


@pytest.mark.usefixtures("capfd")
@pytest.mark.parametrize("spoil", [spoil_a_file, smuggle_a_pickle, take_a_feature_away])
def test_the_asset_fails_with_the_reason_and_no_service_is_told(
    champion: Path, warehouse_url: str, registry: Registry, home: Home, spoil: Callable[[Path, Connection], str]
) -> None:
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        reason = spoil(champion, connection)

    failure = materialize(warehouse_url, registry, home)

    assert failure is not None
    assert "services would refuse it" in failure
    assert reason in failure
    assert Database(warehouse_url).run(newest_deployment(KIND)) is None


@pytest.mark.usefixtures("capfd", "champion")
def test_the_asset_fails_with_the_reason_when_a_service_refuses(
    warehouse_url: str, registry: Registry, home: Home
) -> None:
    with worker(warehouse_url, 1, "artifact"):
        failure = materialize(warehouse_url, registry, home)

    assert failure is not None
    assert "A segmentation service refused version 1 (artifact)" in failure
    assert materialize(warehouse_url, registry, home) is None


def test_up_starts_the_newest_bento_that_is_here(
    empty_platform: Platform, warehouse_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Home, "bentoml", tmp_path)
    for name in ("1-ab-cd", "2-ab-cd"):
        folder = tmp_path / "churn" / "bentos" / "churn" / name
        folder.mkdir(parents=True)
        (folder / "bento.yaml").touch()
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        for tag in ("churn:2-ab-cd", "churn:1-ab-cd", "churn:3-ab-cd", "churn:../../..", "--host=0.0.0.0", ""):
            connection.execute(
                "insert into ml.deployments (model, model_version, digest, artifact_uri, bento_tag, deployed_by)"
                " values ('churn', 1, 'd', '/', %s, 'somebody'), ('nonsense', 1, 'd', '/', %s, 'somebody')",
                (tag, tag),
            )

    servers = model_servers(empty_platform)

    assert [server.name for server in servers] == ["churn"]
    assert "churn:1-ab-cd" in servers[0].arguments
