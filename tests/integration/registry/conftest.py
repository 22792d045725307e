"""A registry without models in files of its own, for every test that registers some."""

import shutil
from pathlib import Path

import pytest

from core.storage import Storage
from registry.mlflow_registry import Registry
from standalone.stack import Platform


@pytest.fixture(scope="session")
def empty_mlflow(empty_platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database before anything is in it. It is made once, because that takes MLflow a second or two.

    The platform's environment turns MLflow's telemetry off.
    """
    file = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    Registry(f"sqlite:///{file}", file.parent.as_uri(), _storage(file.parent)).aliases("churn")
    return file


@pytest.fixture
def registry(empty_mlflow: Path, tmp_path: Path) -> Registry:
    """An empty registry."""
    file = shutil.copy(empty_mlflow, tmp_path / "mlflow.db")
    return Registry(f"sqlite:///{file}", tmp_path.as_uri(), _storage(tmp_path))


def _storage(folder: Path) -> Storage:
    return Storage(folder, folder / "copies")
