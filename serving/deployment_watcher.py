"""Follows `ml.deployments`: the newest row of a model says what its service should run.

Belongs here: looking at that row twice a second, loading what it names, refusing what must not be served, and saying
which it was. Does not belong here: writing the row, or how a model is checked (`model_slot.py`).

A worker says it in the name of its connection, as in `customer-analyzer churn 17 taken` or `... 17 refused features`.
So whoever deploys sees in `pg_stat_activity` how every worker there is has judged; what a worker says ends with it.
"""

import datetime
import logging
import math
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from string import hexdigits

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from serving.errors import ModelRefused
from serving.last_known import LastKnown
from serving.metrics import Metrics
from serving.model_slot import LoadedModel, ModelSlot, check_features, load_model
from serving.schemas import Refusal
from serving.settings import ServingSettings

logger = logging.getLogger("serving.deployment_watcher")

_NEWEST = sql.SQL(
    "select deployment_id, model_version, digest, artifact_path from ml.deployments "
    "where model = %s order by deployment_id desc limit 1"
)
MART_COLUMNS = sql.SQL(
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


def worker_name(kind: str) -> str:
    """How the connections of a service's workers begin; see the module."""
    return f"customer-analyzer {kind} "


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
        self._url = settings.warehouse_url.get_secret_value()
        self._poll_seconds = settings.deployment_poll_seconds
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._seen: int | None = None
        self._said: str | None = None
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
        self._say()

    def _is_settled(self, deployment: Deployment) -> bool:
        """Taken, or refused and not due for another try."""
        return deployment.deployment_id == self._seen and time.monotonic() < self._retry_at

    def _read(self) -> tuple[Deployment | None, frozenset[str]]:
        if self._connection is None:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=2,
                application_name=worker_name(self._kind),
                # Of a machine that is gone, Postgres soon knows: nobody waits for its judgement.
                options="-c statement_timeout=5000 -c default_transaction_read_only=on"
                " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
            )
            self._said = None
        with self._connection.cursor(row_factory=class_row(Deployment)) as cursor:
            deployment = cursor.execute(_NEWEST, (self._kind,)).fetchone()
        if deployment is None or self._is_settled(deployment):
            return deployment, frozenset()
        columns = frozenset(str(row[0]) for row in self._connection.execute(MART_COLUMNS))
        return deployment, columns

    def _say(self) -> None:
        """Name the connection after what became of the newest deployment."""
        refusal = self._slot.refusal
        judgement = f"{self._seen} " + (f"refused {refusal.code}" if refusal else "taken")
        if self._seen is None or self._connection is None or judgement == self._said:
            return
        try:
            self._connection.execute(
                "select set_config('application_name', %s, false)", (f"{worker_name(self._kind)}{judgement}",)
            )
            self._said = judgement
        except psycopg.Error:
            self._forget_connection()

    def _recall(self) -> None:
        """Take what this service answered with last; whether the mart still has its features cannot be asked now."""
        row = self._last_known.recall(self._remembered)
        if row is None:
            return
        refusal = self._slot.refusal
        try:
            remembered = Deployment(**row)
            self._take(remembered, self._load(remembered))
        except Exception as error:
            logger.warning("the model that answered last is not to be had, the Bento's own answers: %s", error)
        if refusal is not None:
            self._slot.refuse(refusal)

    def _forget_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _follow(self, deployment: Deployment, mart_columns: frozenset[str]) -> None:
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

    def _take(self, deployment: Deployment, loaded: LoadedModel) -> None:
        self._slot.swap(loaded)
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

    def _load(self, deployment: Deployment) -> LoadedModel:
        current = self._slot.current
        if deployment.digest == current.digest:
            return replace(
                current,
                version=deployment.model_version,
                deployment_id=deployment.deployment_id,
                loaded_at=datetime.datetime.now(datetime.UTC),
            )
        return load_model(
            self._kind,
            Path(deployment.artifact_path),
            digest=deployment.digest,
            version=deployment.model_version,
            deployment_id=deployment.deployment_id,
        )


def _check_row(row: Deployment) -> None:
    """Refuse what no pipeline of ours writes, before any file is touched."""
    path = Path(row.artifact_path or "")
    wrong = {
        "model_version": row.model_version < 1,
        "digest": row.digest is None or len(row.digest) != 64 or not set(row.digest) <= set(hexdigits),
        "artifact_path": not path.is_absolute() or ".." in path.parts or "\0" in str(path),
    }
    if any(wrong.values()):
        names = ", ".join(name for name, is_wrong in wrong.items() if is_wrong)
        raise ModelRefused("row", f"The deployment's {names} cannot be right; deploy the version again.")
