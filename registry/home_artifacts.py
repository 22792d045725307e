"""MLflow's artifacts in the home, at addresses that do not say where the home is.

MLflow records the address of every run, model and experiment. An absolute path would be wrong as soon as the home is
moved, and a copy of a home would write into the original. MLflow finds this class by its entry point (pyproject.toml).
"""

from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from core.settings import read_settings
from core.storage import check_address, local_path


class HomeArtifactRepository(LocalArtifactRepository):  # type: ignore[misc] # MLflow has no types
    """Files below the home of this process; `home:/artifacts/churn` is the folder `artifacts/churn` in it."""

    def __init__(self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        check_address(artifact_uri)
        path = local_path(artifact_uri, read_settings().home)
        super().__init__(path.as_uri(), tracking_uri, registry_uri)
