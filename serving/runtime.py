"""What a running service holds, and how it is put together and taken apart.

Belongs here: the order in which things start and stop. Does not belong here: what any of them does.
"""

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.logs import configure_logging
from core.tracing import Tracing
from serving.admission import Admission
from serving.first_answers import FirstAnswers, StoredAnswers
from serving.key_ring import KeyRing, KeyWatcher
from serving.last_known import LastKnown
from serving.metrics import Metrics
from serving.model_slot import ModelSlot, load_model, read_build
from serving.online_features import PostgresStore, Store
from serving.pool import WarehousePool
from serving.recorder import Ledger, Recorder
from serving.settings import ServingSettings

logger = logging.getLogger("serving")


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything a request needs."""

    kind: str
    slot: ModelSlot
    store: Store
    metrics: Metrics
    first_answers: FirstAnswers
    ledger: Recorder | None
    admission: Admission
    keys: KeyRing
    tracing: Tracing
    retry_after_seconds: int
    live_share: float


@asynccontextmanager
async def open_runtime(kind: str) -> AsyncIterator[Runtime]:
    """Load the model the Bento was built with, follow deployments, connect; undo it all at the end."""
    from serving.deployment_watcher import DeploymentWatcher  # not needed where a Bento is only built

    _leave_out_scikit_learn()
    settings = ServingSettings()
    configure_logging(kind, settings.log_level)
    metrics = Metrics()
    build = read_build(settings.build_file)
    slot = ModelSlot(load_model(kind, settings.model_directory, digest=build.digest, version=build.version))
    metrics.model_version.set(build.version)
    last_known = LastKnown(settings)
    watcher = DeploymentWatcher(kind, slot, settings, metrics, last_known)
    pool = WarehousePool(settings)
    store = PostgresStore(pool)
    first_answers = StoredAnswers(pool, settings)
    ledger = Ledger(settings, metrics) if settings.ledger else None
    keys = KeyRing(settings.retry_after_seconds)
    key_watcher = KeyWatcher(keys, settings, last_known)
    tracing = Tracing(kind, settings.trace_endpoint)
    await pool.open()
    sweeping = asyncio.create_task(first_answers.keep_sweeping(), name="sweep first answers")
    watcher.start()
    key_watcher.start()
    if ledger is not None:
        ledger.start()
    _settle_memory()
    # A thread that works (a batch, the ledger) hands over to the requests after this long, not after Python's 5 ms.
    sys.setswitchinterval(0.001)
    logger.info("ready with version %d, digest %s", slot.current.version, slot.current.digest[:12])
    try:
        admission = Admission(settings.concurrent_requests, settings.retry_after_seconds)
        yield Runtime(
            kind,
            slot,
            store,
            metrics,
            first_answers,
            ledger,
            admission,
            keys,
            tracing,
            settings.retry_after_seconds,
            settings.live_share,
        )
    finally:
        watcher.stop()
        key_watcher.stop()
        sweeping.cancel()
        await pool.close()
        if ledger is not None:
            await asyncio.to_thread(ledger.close)
        await asyncio.to_thread(tracing.close)


def _leave_out_scikit_learn() -> None:
    """XGBoost imports scikit-learn wherever it is installed: 100 MB and seconds for nothing a service uses.

    Not so in a container, where it is not among the Bento's packages.
    """
    sys.modules.setdefault("sklearn", None)  # type: ignore[arg-type]


def _settle_memory() -> None:
    """Spare requests the pauses of a full collection: what has started stays, so it is never looked at again.

    A full collection over the imported libraries takes 130 to 300 ms; over what requests leave behind, under 1 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
