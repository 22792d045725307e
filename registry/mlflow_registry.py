"""The model registry: candidates in, champions out, in MLflow.

Belongs here: everything that speaks to MLflow. Does not: whether a challenger deserves promotion (`ml.gate`), and
the record of who promoted what (`registry.promotion`, in the warehouse).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import isfinite
from pathlib import Path

import mlflow
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.entities.model_registry import ModelVersion as MLflowVersion
from mlflow.exceptions import MlflowException

from core.errors import UserError
from core.storage import Storage
from ml import artifact
from ml.artifact import Model
from registry.words import said

CHAMPION = "champion"
CHALLENGER = "challenger"
JUDGED = "judged"
"""Where a run keeps the model that was judged, if another one was made of newer days to be deployed."""
_JUDGED_DIGEST = "judged_digest"
# What a registered model needs beside this checkout to be loaded with mlflow.pyfunc; naming it spares MLflow seven
# seconds of guessing.
MODEL_REQUIREMENTS = ["numpy", "pandas", "polars", "scipy", "xgboost"]
# Shows the experiment as training runs in MLflow's pages, not as conversations.
_TRAINING = {"mlflow.experimentKind": "custom_model_development"}


@dataclass(frozen=True)
class RegisteredModel:
    """One version in the registry. Its native files are at `artifact_uri` and must hash to `digest`.

    `metrics` are the figures of its training run, without those of reports hung on it later (their names have a slash).
    """

    kind: str
    version: int
    run_id: str
    artifact_uri: str
    digest: str
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    created_at_ms: int

    @property
    def as_of(self) -> str:
        """The day the version was trained for, ISO format."""
        return self.tags["as_of"]

    @property
    def is_refitted(self) -> bool:
        """Whether it has learned from its own test cutoff too, after another model was judged there."""
        return _JUDGED_DIGEST in self.tags

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON, which knows no NaN: a metric that could not be measured is None."""
        return {
            "model": self.kind,
            "version": self.version,
            "as_of": self.as_of,
            "run_id": self.run_id,
            "digest": self.digest,
            "artifact_uri": self.artifact_uri,
            "tags": dict(self.tags),
            "metrics": {name: value if isfinite(value) else None for name, value in self.metrics.items()},
        }


@dataclass(frozen=True)
class StepMetric:
    """One figure of a run. Where it is one of a series, `step` is its place and `moment` what it is about."""

    name: str
    value: float
    step: int = 0
    moment: datetime | None = None


@dataclass(frozen=True)
class Registry:
    """`artifacts` is the address under which every experiment keeps its files; `storage` knows the way from here."""

    tracking_uri: str
    artifacts: str
    storage: Storage

    @property
    def client(self) -> MlflowClient:
        """MLflow's client for this registry."""
        # They tell of every migration and every run, to whoever reads the terminal.
        for chatty in ("alembic", "mlflow"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        mlflow.set_tracking_uri(self.tracking_uri)
        return MlflowClient(self.tracking_uri)

    def log_candidate(
        self,
        kind: str,
        directory: Path,
        digest: str,
        *,
        judged: tuple[Path, str] | None = None,
        is_challenger: bool = True,
        parameters: Mapping[str, object],
        metrics: Mapping[str, float],
        figures: Mapping[str, Figure],
        tables: Mapping[str, object],
        tags: Mapping[str, str],
        loader_module: str = "ml.pyfunc",
    ) -> RegisteredModel:
        """Logs one training run with its native files and registers it, as `challenger` unless it is none.

        `judged` is the folder and the digest of the model that was judged, where another one is to be deployed. `tags`
        go on the run and on the version; the digests are added to both. `loader_module` opens the files for MLflow.
        """
        client = self.client
        all_tags = {**tags, "digest": digest} | ({} if judged is None else {_JUDGED_DIGEST: judged[1]})
        with mlflow.start_run(
            experiment_id=self._experiment(kind), run_name=f"{kind} {tags['as_of']}", tags=all_tags
        ) as run:
            mlflow.log_params(dict(parameters))
            mlflow.log_metrics(dict(metrics))
            for name, figure in figures.items():
                mlflow.log_figure(figure, f"plots/{name}.png")
            for name, table in tables.items():
                mlflow.log_dict(table, f"tables/{name}.json")
            if judged is not None:
                mlflow.log_artifacts(str(judged[0]), JUDGED)
            info = mlflow.pyfunc.log_model(
                name="model",
                loader_module=loader_module,
                data_path=str(directory),
                pip_requirements=MODEL_REQUIREMENTS,
            )
        try:
            client.create_registered_model(kind)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        version = client.create_model_version(
            kind, info.model_uri, run.info.run_id, tags=all_tags, model_id=info.model_id
        )
        if is_challenger:
            client.set_registered_model_alias(kind, CHALLENGER, str(version.version))
        return self.version(kind, int(version.version))

    def folder(self, version: RegisteredModel) -> Path:
        """A local folder with the files of a version. Raises StorageError where they cannot be had."""
        return self.storage.folder(version.artifact_uri, version.digest)

    def load(self, version: RegisteredModel) -> Model:
        """The model of a version, once every byte of it was checked. Raises StorageError or ml.errors.ArtifactError."""
        return artifact.load(self.folder(version), version.digest)

    def load_judged(self, version: RegisteredModel) -> Model:
        """The model that the figures of a version are about, which has not learned from its test cutoff.

        It is the model itself where nothing else was made of newer days. Raises like `load`.
        """
        return artifact.load(*self.judged_folder(version))

    def judged_folder(self, version: RegisteredModel) -> tuple[Path, str]:
        """A local folder with the files of the model that `load_judged` reads, and its digest."""
        if not version.is_refitted:
            return self.folder(version), version.digest
        address = f"{self.client.get_run(version.run_id).info.artifact_uri}/{JUDGED}"
        digest = version.tags[_JUDGED_DIGEST]
        return self.storage.folder(address, digest), digest

    def version(self, kind: str, version: int) -> RegisteredModel:
        """One version by its number."""
        try:
            found = self.client.get_model_version(kind, str(version))
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise UserError(said("no_version", version=version, model=kind)) from error
        return self._registered(found)

    def with_alias(self, kind: str, alias: str) -> RegisteredModel | None:
        """The version behind `champion` or `challenger`, if there is one."""
        try:
            found = self.client.get_model_version_by_alias(kind, alias)
        except MlflowException as error:
            if error.error_code not in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                raise
            return None
        return self._registered(found)

    def aliases(self, kind: str) -> dict[str, int]:
        """Which version each alias of a model points to."""
        held = {alias: self.with_alias(kind, alias) for alias in (CHAMPION, CHALLENGER)}
        return {alias: found.version for alias, found in held.items() if found is not None}

    def champion(self, kind: str) -> RegisteredModel:
        """The version in use, or a clear error that none was trained yet."""
        champion = self.with_alias(kind, CHAMPION)
        if champion is None:
            raise UserError(f"There is no {kind} champion yet; train the models first: customer-analyzer run")
        return champion

    def champion_as_of(self, kind: str, as_of: date) -> RegisteredModel | None:
        """The model to use for a day: the champion, unless it has learned from later days.

        Then it is the newest version that has not; None where there is none, or no champion at all.
        """
        champion = self.with_alias(kind, CHAMPION)
        if champion is None or date.fromisoformat(champion.as_of) <= as_of:
            return champion
        return next((known for known in self.versions(kind) if date.fromisoformat(known.as_of) <= as_of), None)

    def versions(self, kind: str) -> list[RegisteredModel]:
        """Every version of a model, newest first."""
        found = self.client.search_model_versions(f"name = '{kind}'")
        return sorted((self._registered(version) for version in found), key=lambda v: v.version, reverse=True)

    def set_champion(self, kind: str, version: int, *, verdict: str) -> None:
        """Writes on a version why it is champion and, as the last thing, points the alias at it."""
        self.note_verdict(kind, version, verdict)
        self.client.set_registered_model_alias(kind, CHAMPION, str(version))

    def note_verdict(self, kind: str, version: int, verdict: str) -> None:
        """Writes on a version and on its run what the gate said about it."""
        client = self.client
        client.set_model_version_tag(kind, str(version), "gate", verdict)
        client.set_tag(self.version(kind, version).run_id, "gate", verdict)

    def attach(self, run_id: str, text: str, artifact: str, metrics: Mapping[str, float]) -> None:
        """Hangs a report (and its figures) on a run that has ended."""
        client = self.client
        client.log_text(run_id, text, artifact)
        for name, value in metrics.items():
            client.log_metric(run_id, name, value)

    def log_report(
        self, run_id: str, *, tables: Mapping[str, str], figures: Mapping[str, Figure], metrics: Sequence[StepMetric]
    ) -> None:
        """Hangs tables (text by artifact name), plots and metrics on a run that has ended."""
        client = self.client
        for name, text in tables.items():
            client.log_text(run_id, text, name)
        for name, figure in figures.items():
            client.log_figure(run_id, figure, f"plots/{name}.png")
        now = datetime.now(UTC)
        client.log_batch(
            run_id,
            metrics=[
                Metric(each.name, each.value, int((each.moment or now).timestamp() * 1000), each.step)
                for each in metrics
            ],
        )

    def read_text(self, run_id: str, artifact: str) -> str | None:
        """A text among the artifacts of a run, if it is there."""
        folder = artifact.rpartition("/")[0]
        if artifact not in {file.path for file in self.client.list_artifacts(run_id, folder)}:
            return None
        return str(mlflow.artifacts.load_text(f"runs:/{run_id}/{artifact}"))

    def experiment_of(self, run_id: str) -> str:
        """The id of the experiment of a run, which addresses of MLflow's pages begin with."""
        return str(self.client.get_run(run_id).info.experiment_id)

    def _experiment(self, kind: str) -> str:
        client = self.client
        found = client.get_experiment_by_name(kind)
        if found is not None:
            return str(found.experiment_id)
        return str(client.create_experiment(kind, artifact_location=f"{self.artifacts}/{kind}", tags=_TRAINING))

    def _registered(self, found: MLflowVersion) -> RegisteredModel:
        version = int(found.version)
        root = self.client.get_model_version_download_uri(found.name, str(version))
        run = self.client.get_run(found.run_id)
        return RegisteredModel(
            kind=found.name,
            version=version,
            run_id=found.run_id,
            artifact_uri=f"{root}/data/{found.name}",
            digest=found.tags["digest"],
            tags=dict(found.tags),
            metrics={name: value for name, value in run.data.metrics.items() if "/" not in name},
            created_at_ms=found.creation_timestamp,
        )
