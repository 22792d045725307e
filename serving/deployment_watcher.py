"""Follows `ml.deployments`: the newest row of a model says what its service should run.

Belongs here: looking at that row twice a second, loading what it names, refusing what must not be served, and
reporting which it was. Does not belong here: writing the row, or how a model is checked (`model_slot.py`).

With each report a worker says that it is there (`warehouse/workers.py`), so whoever deploys knows which workers there
are and what each made of the deployment.
"""

import contextlib
import datetime
import logging
import math
import threading
import time
import uuid
from dataclasses import asdict, replace
from string import hexdigits

import psycopg

from core.storage import StorageError, check_address
from serving.background import BackgroundConnection
from serving.errors import ModelRefused
from serving.last_known import LastKnown
from serving.metrics import Metrics
from serving.model_info import Refusal
from serving.model_slot import LoadedModel, ModelSlot, check_features, load_model
from serving.settings import ServingSettings
from warehouse.deployments import DeploymentRow, newest_deployment
from warehouse.marts import feature_columns
from warehouse.workers import HEARTBEAT_SECONDS, WorkerReport, heartbeat, worker_left

logger = logging.getLogger("serving.deployment_watcher")

_FIRST_RETRY_SECONDS = 2.0
_LONGEST_RETRY_SECONDS = 300.0


class DeploymentWatcher:
    """A thread that keeps a slot in step with the newest deployment."""

    def __init__(
        self, kind: str, slot: ModelSlot, settings: ServingSettings, metrics: Metrics, last_known: LastKnown
    ) -> None:
        self._kind = kind
        self._slot = slot
        self._metrics = metrics
        self._last_known = last_known
        self._remembered = f"deployment-{kind}"
        self._connection = BackgroundConnection(settings, f"{kind} deployments")
        self._poll_seconds = settings.deployment_poll_seconds
        self._storage = settings.storage
        self._worker_id = uuid.uuid4()
        self._seen: int | None = None
        self._reported: WorkerReport | None = None
        self._report_again_at = -math.inf
        self._retry_seconds = _FIRST_RETRY_SECONDS
        self._retry_at = math.inf
        self._is_away = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deployments", daemon=True)

    def start(self) -> None:
        """Look once, so that a restarted service begins with the newest model; then keep looking.

        Where that cannot be read, or must not be served, it begins with the one that it answered with last.
        """
        self.look()
        if self._is_away or self._slot.refusal is not None:
            self._recall()
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; returns once a look under way is over."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        if self._reported is not None and not self._thread.is_alive():
            with contextlib.suppress(psycopg.Error):
                self._connection.run(worker_left(self._worker_id))
        self._connection.close()

    def _run(self) -> None:
        while not self._stopping.wait(self._poll_seconds):
            self.look()

    def look(self) -> None:
        """Read the newest deployment and follow it; a warehouse that is away changes nothing."""
        try:
            deployment, columns = self._read()
        except psycopg.Error as error:
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
        self._report()

    def _is_settled(self, deployment: DeploymentRow) -> bool:
        """Taken, or refused and not due for another try."""
        return deployment.deployment_id == self._seen and time.monotonic() < self._retry_at

    def _read(self) -> tuple[DeploymentRow | None, frozenset[str]]:
        deployment = self._connection.run(newest_deployment(self._kind))
        if deployment is None or self._is_settled(deployment):
            return deployment, frozenset()
        return deployment, self._connection.run(feature_columns())

    def _report(self) -> None:
        """Tell whoever deploys what became of the newest deployment, at once and then every two seconds."""
        refusal = self._slot.refusal
        report = WorkerReport(self._seen, refusal.code if refusal else None)
        if report == self._reported and time.monotonic() < self._report_again_at:
            return
        try:
            self._connection.run(heartbeat(self._worker_id, self._kind, report))
        except psycopg.Error as error:
            logger.warning("what became of deployment %s cannot be reported: %s", self._seen, type(error).__name__)
        self._reported = report
        self._report_again_at = time.monotonic() + HEARTBEAT_SECONDS

    def _recall(self) -> None:
        """Take what this service answered with last; whether the mart still has its features cannot be asked now."""
        row = self._last_known.recall(self._remembered)
        if row is None:
            return
        refusal = self._slot.refusal
        try:
            remembered = DeploymentRow(**row)
            self._take(remembered, self._load(remembered))
        except Exception as error:
            logger.warning("the model that answered last is not to be had, the Bento's own answers: %s", error)
        if refusal is not None:
            self._slot.refuse(refusal)

    def _follow(self, deployment: DeploymentRow, mart_columns: frozenset[str]) -> None:
        try:
            _check_row(deployment)
            loaded = self._load(deployment)
            if loaded.model is not self._slot.current.model:
                check_features(loaded.model, mart_columns)
        except ModelRefused as refused:
            self._refuse(deployment, refused)
        except Exception as error:
            # Whatever a directory from elsewhere makes a loader do, the model in use keeps answering.
            logger.exception("deployment %d could not be loaded", deployment.deployment_id)
            self._refuse(deployment, ModelRefused("unexpected", f"{type(error).__name__} while loading it"))
        else:
            self._take(deployment, loaded)
            self._retry_at = math.inf
            self._last_known.remember(self._remembered, asdict(deployment))

    def _take(self, deployment: DeploymentRow, loaded: LoadedModel) -> None:
        self._slot.swap(loaded)
        self._metrics.swaps.inc()
        self._metrics.model_version.set(loaded.version)
        logger.info("version %d answers, deployment %d", loaded.version, deployment.deployment_id)

    def _refuse(self, deployment: DeploymentRow, refused: ModelRefused) -> None:
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

    def _load(self, deployment: DeploymentRow) -> LoadedModel:
        current = self._slot.current
        if deployment.digest == current.digest:
            return replace(
                current,
                version=deployment.model_version,
                deployment_id=deployment.deployment_id,
                loaded_at=datetime.datetime.now(datetime.UTC),
            )
        try:
            folder = self._storage.folder(deployment.artifact_uri, deployment.digest)
        except StorageError as error:
            raise ModelRefused("artifact", str(error)) from error
        try:
            return load_model(
                self._kind,
                folder,
                digest=deployment.digest,
                version=deployment.model_version,
                deployment_id=deployment.deployment_id,
            )
        except ModelRefused:
            # A damaged local copy would be refused at every further try.
            self._storage.forget(deployment.artifact_uri, deployment.digest)
            raise


def _check_row(row: DeploymentRow) -> None:
    """Refuse what no pipeline of ours writes, before any file is touched."""
    wrong = {
        "model_version": row.model_version < 1,
        "digest": row.digest is None or len(row.digest) != 64 or not set(row.digest) <= set(hexdigits),
        "artifact_uri": not _is_address(row.artifact_uri),
    }
    if any(wrong.values()):
        names = ", ".join(name for name, is_wrong in wrong.items() if is_wrong)
        raise ModelRefused("row", f"The deployment's {names} cannot be right; deploy the version again.")


def _is_address(text: str | None) -> bool:
    try:
        check_address(text or "")
    except StorageError:
        return False
    return True
