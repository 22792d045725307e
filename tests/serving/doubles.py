"""What the serving tests share beside fixtures: a feature store in memory, and a service in this process."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from core.api_keys import new_key
from ml.kinds import BUILT_IN
from serving.errors import KeyReused, SnapshotMissing, WarehouseUnavailable
from serving.key_ring import KeyRing
from serving.model_slot import LoadedModel, ModelSlot, load_model
from serving.online_features import Snapshot
from serving.recorder import Entry
from serving.targeting import Ranked, TargetingRequest
from warehouse.first_answers import FirstAnswer, KeyedRequest
from warehouse.scores import RankedUser

AS_OF = datetime.date(2024, 6, 1)
USERS = 240
KEY = new_key()
"""What the client of a service in this process shows."""
KEY_ID = 7

KINDS = tuple(map(str, BUILT_IN))


@dataclass
class MemoryStore:
    """A feature store of one snapshot; `is_away` makes it answer like a warehouse that is down."""

    rows: Mapping[str, Mapping[str, float | None]]
    as_of: datetime.date | None = AS_OF
    is_away: bool = False
    asked: list[Sequence[str]] = field(default_factory=list)

    async def fetch(
        self, user_ids: Sequence[str], feature_names: tuple[str, ...], as_of: datetime.date | None
    ) -> Snapshot:
        self.asked.append(user_ids)
        if self.is_away:
            raise WarehouseUnavailable("The warehouse does not answer; try again shortly.")
        if self.as_of is None or as_of not in (None, self.as_of):
            raise SnapshotMissing(as_of)
        known = [user_id for user_id in dict.fromkeys(user_ids) if user_id in self.rows]
        values = np.array([[self.rows[user_id][name] for name in feature_names] for user_id in known], np.float64)
        places = {user_id: place for place, user_id in enumerate(known)}
        midnight = datetime.datetime.combine(self.as_of, datetime.time(), datetime.UTC)
        return Snapshot(self.as_of, places, values.reshape(len(known), len(feature_names)), midnight)

    async def fetch_live(self, user_ids: Sequence[str], feature_names: tuple[str, ...]) -> Snapshot:
        snapshot = await self.fetch(user_ids, feature_names, None)
        return replace(
            snapshot,
            as_of=snapshot.as_of + datetime.timedelta(days=2),
            known_until=snapshot.known_until + datetime.timedelta(days=1, hours=9),
            live_snapshot="1:1:",
        )

    async def ranked(self, kind: str, asked: TargetingRequest) -> Ranked:
        if self.is_away:
            raise WarehouseUnavailable("The warehouse does not answer; try again shortly.")
        if self.as_of is None or asked.as_of not in (None, self.as_of):
            raise SnapshotMissing(asked.as_of)
        return Ranked(
            self.as_of, [RankedUser("7", 0.5, 12.0, "model", 3), RankedUser("9", 0.25, 8.0, "model", 3)][: asked.most]
        )


@dataclass
class MemoryLedger:
    """Keeps what it is given."""

    entries: list[Entry] = field(default_factory=list)

    def record(self, entry: Entry) -> None:
        self.entries.append(entry)


@dataclass
class MemoryAnswers:
    """First answers in memory; `is_away` makes it answer like a warehouse that is down."""

    stored: dict[tuple[int, str, str], FirstAnswer] = field(default_factory=dict)
    is_away: bool = False

    async def recall(self, request: KeyedRequest) -> bytes | None:
        if self.is_away:
            raise WarehouseUnavailable("The warehouse does not answer; try again shortly.")
        first = self.stored.get((request.key_id, request.model, request.idempotency_key))
        if first is None:
            return None
        if first.request_sha256 != request.request_sha256:
            raise KeyReused
        return first.answer.encode()

    async def keep(self, request: KeyedRequest, answer: bytes) -> bytes:
        stored = await self.recall(request)
        if stored is None:
            key = (request.key_id, request.model, request.idempotency_key)
            self.stored[key] = FirstAnswer(request.request_sha256, answer.decode())
        return stored or answer


@dataclass(frozen=True)
class SavedModel:
    """A model directory with its digest."""

    kind: str
    directory: Path
    digest: str

    def load(self, version: int = 1) -> LoadedModel:
        return load_model(self.kind, self.directory, digest=self.digest, version=version)


@dataclass(frozen=True)
class Service:
    """A service in this process: its client and what a test may turn and read."""

    client: TestClient
    store: MemoryStore
    slot: ModelSlot
    registry: CollectorRegistry
    first_answers: MemoryAnswers
    ledger: MemoryLedger
    keys: KeyRing


ServiceMaker = Callable[[str], Service]
