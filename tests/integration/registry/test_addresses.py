"""Where models are kept is an address: in an object store, and in a home that has moved, everything works as before.

A model is registered, deployed, swapped under requests and rolled back by the functions that the pipeline and the
command line call, and served by a real Bento.
"""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from cli.session import Session, session_of
from core.settings import Settings
from core.storage import Storage, StorageError
from registry.deployment import check_servable, deploy_champion
from registry.mlflow_registry import RegisteredModel
from registry.promotion import promote, rollback
from standalone.fleet import running_servers
from standalone.local_key import ensure_local_key
from standalone.servers import model_servers
from standalone.stack import running_platform
from tests.integration.object_store import BUCKET, ObjectStore, object_store
from tests.integration.serving.shop import AS_OF, Trained, eventually, fill_mart, train
from warehouse.databases import WAREHOUSE
from warehouse.migration import read_migrations

KIND = "purchase"
USERS = ["1", "2", "3"]
ATTACH = """
import sys
from cli.session import open_session

with open_session() as session:
    session.registry.attach(sys.argv[1], "a page", "drift/a.html", {})
"""


@dataclass
class Answers:
    """What a service has answered so far: the versions, and whatever was no answer."""

    versions: list[int]
    failures: list[str]


@contextmanager
def session(home: Path, artifact_root: str = "home:/artifacts") -> Iterator[Session]:
    with running_platform(Settings(home=home, database_url=None, artifact_root=artifact_root)) as platform:
        yield session_of(platform)


@contextmanager
def service(session: Session) -> Iterator[httpx.Client]:
    """The service of the model that was deployed last, as `up` starts it."""
    headers = {"authorization": f"Bearer {ensure_local_key(session.platform)}"}
    with (
        running_servers(model_servers(session.platform)) as (running,),
        httpx.Client(base_url=str(running.command.address), headers=headers, timeout=10, trust_env=False) as client,
    ):
        yield client


@contextmanager
def asked_all_the_time(client: httpx.Client) -> Iterator[Answers]:
    """Asks without a pause while the block lasts."""
    answers, is_over = Answers([], []), threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            response = client.post("/predict", json={"user_ids": USERS})
            if response.is_success:
                answers.versions += {row["model_version"] for row in response.json()["predictions"]}
            else:
                answers.failures.append(response.text)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield answers
    finally:
        is_over.set()
        asking.join()


def register(session: Session, trained: Trained) -> RegisteredModel:
    tags = {"as_of": AS_OF.isoformat(), "horizon_days": "30", "test_cutoff": AS_OF.isoformat()}
    figures = {"parameters": {}, "metrics": {}, "figures": {}, "tables": {"cutoffs": {"test": AS_OF.isoformat()}}}
    return session.registry.log_candidate(KIND, trained.directory, trained.digest, tags=tags, **figures)  # type: ignore[arg-type]


def make_champion(session: Session, version: RegisteredModel) -> None:
    champion = session.registry.with_alias(KIND, "champion")
    promote(session.registry, session.warehouse, version, instead_of=champion, reason="a test", promoted_by="me")


def deploy(session: Session) -> int:
    """Deploys the champion; returns how many workers took it."""
    return deploy_champion(KIND, session.warehouse, session.registry, session.platform.home, deployed_by="me").workers


def roll_back(session: Session) -> RegisteredModel:
    return rollback(
        session.registry,
        session.warehouse,
        KIND,
        check=lambda version, warehouse: check_servable(version, warehouse, session.registry),
        reason="complaints",
        promoted_by="me",
    )


def begin(session: Session, versions: tuple[Trained, Trained]) -> tuple[RegisteredModel, RegisteredModel]:
    """A mart, and two registered versions of which the first is champion and deployed."""
    with psycopg.connect(session.platform.warehouse_url, autocommit=True) as connection:
        fill_mart(connection)
    first, second = (register(session, each) for each in versions)
    make_champion(session, first)
    deploy(session)
    return first, second


def version_of(client: httpx.Client) -> int:
    return int(client.get("/model").raise_for_status().json()["model_version"])


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    with object_store(tmp_path / "store") as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Trained]:
    folder = tmp_path_factory.mktemp("versions")
    return train(1, folder / "one" / KIND), train(2, folder / "two" / KIND)


def test_models_in_an_object_store_are_deployed_swapped_and_rolled_back(
    tmp_path: Path, versions: tuple[Trained, Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    with object_store(tmp_path / "store") as store, session(tmp_path / "home", f"s3://{BUCKET}/a/shop") as shop:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        first, second = begin(shop, versions)
        assert first.artifact_uri.startswith(f"s3://{BUCKET}/a/shop/{KIND}/")
        assert not list(shop.platform.home.artifacts.iterdir())

        with service(shop) as client:
            with asked_all_the_time(client) as answers:
                make_champion(shop, second)
                assert deploy(shop) > 0
                eventually(lambda: 2 in answers.versions[-3:], "the second version answers")
                assert roll_back(shop).version == first.version
                assert deploy(shop) > 0
                eventually(lambda: 1 in answers.versions[-3:], "the first version answers again")
            assert answers.failures == []

            # What is in the store is not what was registered: nobody takes it.
            contents = store.client().list_objects_v2(Bucket=BUCKET, Prefix="a/shop/")["Contents"]
            (golden,) = [
                each["Key"]
                for each in contents
                if each["Key"].startswith(second.artifact_uri.removeprefix(f"s3://{BUCKET}/"))
                and each["Key"].endswith("golden.json")
            ]
            store.client().put_object(Bucket=BUCKET, Key=golden, Body=b"{}")
            shutil.rmtree(shop.platform.home.storage.copies)
            with pytest.raises(Exception, match="was changed after it was saved"):
                check_servable(second, shop.warehouse, shop.registry)
            assert version_of(client) == first.version


def test_a_service_starts_again_while_the_store_is_away(
    tmp_path: Path, versions: tuple[Trained, Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Bento holds the first version. The second is in the store, and in the copy that the service made of it."""
    with session(tmp_path / "home", f"s3://{BUCKET}/shop") as shop:
        with object_store(tmp_path / "store") as store:
            for name, value in store.environment.items():
                monkeypatch.setenv(name, value)
            _, second = begin(shop, versions)
            bento = model_servers(shop.platform)[0]
            with service(shop) as client:
                make_champion(shop, second)
                deploy(shop)
                assert version_of(client) == second.version
        with running_servers([bento]) as (again,):
            answer = httpx.get(
                f"{again.command.address}/model",
                headers={"authorization": f"Bearer {ensure_local_key(shop.platform)}"},
                trust_env=False,
            )
            assert answer.json()["model_version"] == second.version


def test_a_home_that_is_copied_keeps_its_champion_when_the_original_is_gone(
    tmp_path: Path, versions: tuple[Trained, Trained]
) -> None:
    with session(tmp_path / "home") as shop:
        first, second = begin(shop, versions)
        make_champion(shop, second)
        deploy(shop)
        assert first.artifact_uri.startswith(f"home:/artifacts/{KIND}/")
    # Owners are kept, as root's Postgres is not root.
    subprocess.run(["cp", "-a", tmp_path / "home", tmp_path / "copy"], check=True)
    shutil.rmtree(tmp_path / "home")

    with session(tmp_path / "copy") as shop, service(shop) as client:
        champion = shop.registry.champion(KIND)
        assert champion.version == second.version
        assert shop.registry.load(champion).kind == KIND
        assert shop.registry.read_text(champion.run_id, "tables/cutoffs.json") is not None
        assert version_of(client) == second.version
        roll_back(shop)
        deploy(shop)
        assert version_of(client) == first.version
        # In a process of its own, as each has one home: MLflow remembers where it wrote the files of a run.
        subprocess.run([sys.executable, "-c", ATTACH, champion.run_id], check=True)
        assert shop.registry.read_text(champion.run_id, "drift/a.html") == "a page"
    assert not (tmp_path / "home").exists()


def test_paths_that_an_earlier_version_recorded_become_addresses_in_the_home(
    tmp_path: Path, versions: tuple[Trained, Trained]
) -> None:
    home = tmp_path / "home"
    with session(home, (home / "artifacts").as_uri()) as shop:
        before = register(shop, versions[0])
        make_champion(shop, before)
        assert before.artifact_uri.startswith(f"{home.as_uri()}/artifacts/{KIND}/")
    with session(home) as shop:
        champion = shop.registry.champion(KIND)
        assert champion.artifact_uri == before.artifact_uri.replace(f"{home.as_uri()}/", "home:/")
        assert shop.registry.load(champion).kind == KIND
        assert shop.registry.read_text(champion.run_id, "tables/cutoffs.json") is not None
        assert register(shop, versions[1]).artifact_uri.startswith(f"home:/artifacts/{KIND}/")


def test_the_migration_turns_paths_of_deployments_into_addresses(tmp_path: Path) -> None:
    """The column is given its old name, and what the migration makes of two rows is rolled back."""
    (migration,) = [each for each in read_migrations() if each.name == "artifact_addresses"]
    inside = "/srv/artifacts/home/artifacts/churn/models/m-1/artifacts/data/churn"
    with session(tmp_path / "home") as shop, shop.platform.server.connect(WAREHOUSE) as connection:
        connection.execute("alter table ml.deployments rename column artifact_uri to artifact_path")
        for path in (inside, "/elsewhere/churn"):
            connection.execute(
                "insert into ml.deployments (model, model_version, digest, artifact_path, bento_tag, deployed_by)"
                " values ('churn', 1, 'd', %s, 'churn:1', 'me')",
                [path],
            )
        connection.execute(migration.statements.encode())
        rows = connection.execute("select artifact_uri from ml.deployments order by deployment_id").fetchall()
        connection.rollback()
    assert rows == [("home:/artifacts/churn/models/m-1/artifacts/data/churn",), ("/elsewhere/churn",)]


def test_what_cannot_be_read_says_why(store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage(tmp_path, tmp_path / "copies")
    with pytest.raises(StorageError, match="There is nothing at s3://models/nowhere"):
        storage.folder(f"s3://{BUCKET}/nowhere", "0" * 64)
    with pytest.raises(StorageError, match="s3://nobodys/models cannot be read"):
        storage.folder("s3://nobodys/models", "0" * 64)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StorageError, match=r"cannot be read: .*SignatureDoesNotMatch"):
        storage.folder(f"s3://{BUCKET}/models", "0" * 64)
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_folder_in_a_store_keeps_its_shape(store: ObjectStore, tmp_path: Path) -> None:
    store.client().put_object(Bucket=BUCKET, Key="model/a/b.json", Body=b"{}")
    storage = Storage(tmp_path, tmp_path / "copies")
    folder = storage.folder(f"s3://{BUCKET}/model", "1" * 64)
    assert [path.relative_to(folder) for path in folder.rglob("*.json")] == [Path("a/b.json")]
