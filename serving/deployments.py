"""Follows `ml.deployments`: the newest row of a model says what its service should run.

Belongs here: looking at that row every second, loading what it names, and refusing what must not be served. Does
not belong here: writing the row, or how a model is checked (`model_slot.py`).
"""

import datetime
import logging
import math
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from serving.errors import ModelRefused
from serving.metrics import Metrics
from serving.model_slot import LoadedModel, ModelSlot, load_model
from serving.schemas import ModelKind, Refusal
from serving.settings import ServingSettings

logger = logging.getLogger("serving.deployments")

_NEWEST = sql.SQL(
    "select deployment_id, model_version, digest, artifact_path from ml.deployments "
    "where model = %s order by deployment_id desc limit 1"
)
_MART_COLUMNS = sql.SQL(
    "select column_name from information_schema.columns where table_schema = 'marts' and table_name = 'user_features'"
)


_FIRST_RETRY_SECONDS = 2.0
_LONGEST_RETRY_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """A row of `ml.deployments`."""

    deployment_id: int
    model_version: int
    digest: str
    artifact_path: str


class DeploymentWatcher:
    """A thread that keeps a slot in step with the newest deployment."""

    def __init__(self, kind: ModelKind, slot: ModelSlot, settings: ServingSettings, metrics: Metrics) -> None:
        self._kind = kind
        self._slot = slot
        self._metrics = metrics
        self._url = settings.warehouse_url.get_secret_value()
        self._poll_seconds = settings.deployment_poll_seconds
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._seen: int | None = None
        self._retry_seconds = _FIRST_RETRY_SECONDS
        self._retry_at = math.inf
        self._is_away = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deployments", daemon=True)

    def start(self) -> None:
        """Look once, so that a restarted service begins with the newest model; then keep looking."""
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; returns once a look under way is over."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        if self._connection is not None:
            self._connection.close()

    def _run(self) -> None:
        while not self._stopping.wait(self._poll_seconds):
            self.look()

    def look(self) -> None:
        """Read the newest deployment and follow it; a warehouse that is away changes nothing."""
        try:
            deployment, columns = self._read()
        except psycopg.Error as error:
            self._forget_connection()
            if not self._is_away:
                logger.warning("deployments cannot be read, keeping the model in use: %s", type(error).__name__)
            self._is_away = True
            return
        if self._is_away:
            logger.info("deployments can be read again")
            self._is_away = False
        if deployment is not None and not self._is_settled(deployment):
            if deployment.deployment_id != self._seen:
                self._retry_seconds = _FIRST_RETRY_SECONDS
            self._seen = deployment.deployment_id
            self._follow(deployment, columns)

    def _is_settled(self, deployment: Deployment) -> bool:
        """Taken, or refused and not due for another try."""
        return deployment.deployment_id == self._seen and time.monotonic() < self._retry_at

    def _read(self) -> tuple[Deployment | None, frozenset[str]]:
        if self._connection is None:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=2,
                application_name=f"customer-analyzer {self._kind} deployments",
                options="-c statement_timeout=5000 -c default_transaction_read_only=on",
            )
        with self._connection.cursor(row_factory=class_row(Deployment)) as cursor:
            deployment = cursor.execute(_NEWEST, (self._kind,)).fetchone()
        if deployment is None or self._is_settled(deployment):
            return deployment, frozenset()
        columns = frozenset(str(row[0]) for row in self._connection.execute(_MART_COLUMNS))
        return deployment, columns

    def _forget_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _follow(self, deployment: Deployment, mart_columns: frozenset[str]) -> None:
        try:
            loaded = self._load(deployment, mart_columns)
        except ModelRefused as refused:
            self._refuse(deployment, refused)
        except Exception as error:
            # Whatever a directory from elsewhere makes a loader do, the model in use keeps answering.
            logger.exception("deployment %d could not be loaded", deployment.deployment_id)
            self._refuse(deployment, ModelRefused("unexpected", f"{type(error).__name__} while loading it"))
        else:
            self._slot.swap(loaded)
            self._retry_at = math.inf
            self._metrics.swaps.inc()
            self._metrics.model_version.set(loaded.version)
            logger.info("version %d answers, deployment %d", loaded.version, deployment.deployment_id)

    def _refuse(self, deployment: Deployment, refused: ModelRefused) -> None:
        self._metrics.swap_failures.labels(refused.code).inc()
        # What was refused may become right without a new row: a mart rebuilt, a directory copied to its end.
        self._retry_at = time.monotonic() + self._retry_seconds
        self._retry_seconds = min(2 * self._retry_seconds, _LONGEST_RETRY_SECONDS)
        self._slot.refuse(
            Refusal(
                deployment_id=deployment.deployment_id,
                model_version=deployment.model_version,
                code=refused.code,
            )
        )
        logger.error(
            "deployment %d of version %d refused (%s), version %d keeps answering: %s",
            deployment.deployment_id,
            deployment.model_version,
            refused.code,
            self._slot.current.version,
            refused,
        )

    def _load(self, deployment: Deployment, mart_columns: frozenset[str]) -> LoadedModel:
        current = self._slot.current
        if deployment.digest == current.digest:
            return replace(
                current,
                version=deployment.model_version,
                deployment_id=deployment.deployment_id,
                loaded_at=datetime.datetime.now(datetime.UTC),
            )
        loaded = load_model(
            self._kind,
            Path(deployment.artifact_path),
            digest=deployment.digest,
            version=deployment.model_version,
            deployment_id=deployment.deployment_id,
        )
        missing = [name for name in loaded.model.feature_names if name not in mart_columns]
        if missing:
            raise ModelRefused("features", f"The feature mart lacks {', '.join(missing)}; rebuild it first.")
        return loaded
