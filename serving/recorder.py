"""The ledger as a service writes it: every prediction, in the background, once, whatever happens to Postgres.

Belongs here: what an entry says, when entries go to disk, and when from there to Postgres. Does not belong here: files
and locks (`spool.py`), or the table (`warehouse/ledger.py`).

A request leaves an entry in memory and goes on. One thread puts what has come onto disk every half second, so
that no more than that is lost to a kill, however long Postgres hangs; another takes it from disk to Postgres, whenever
there is one. A prediction's id is its key there, so an entry that is written again changes nothing.
"""

import datetime
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import psycopg

from serving.background import BackgroundConnection
from serving.errors import LedgerUnusable, SpoolFull
from serving.metrics import Metrics
from serving.model_slot import LoadedModel
from serving.schemas import Prediction, SegmentPrediction
from serving.settings import ServingSettings
from serving.spool import Spool, read_lines
from warehouse.ledger import record_predictions

if TYPE_CHECKING:
    from ml.answers import Values
    from serving.answers import Question

logger = logging.getLogger("serving.recorder")

_FLUSH_SECONDS = 0.5
# Entries go to Postgres a few at a time: half a second's worth at once keeps it from requests for 10 ms and more.
_LINE_ROWS = 40
_PAUSE_SECONDS = 0.02
_RETRY_SECONDS = 1.0
_ADOPT_SECONDS = 30.0
# Of the ten seconds that a stopping service has; what is not in Postgres by then waits on disk.
_CLOSE_SECONDS = 4.0
# Half a second's worth at ten times the fastest service measured; more means that the disk hangs.
_MAX_ROWS_IN_MEMORY = 200_000


@dataclass(frozen=True, slots=True)
class Entry:
    """What one request was told: what all its predictions share, and one record each."""

    model: str
    model_version: int
    feature_hash: str
    horizon_days: int
    request_id: str | None
    idempotency_key: str | None
    made_at: datetime.datetime
    predictions: list[dict[str, Any]]


def entry_of(
    loaded: LoadedModel, predictions: Sequence[Prediction], *, request_id: str | None, idempotency_key: str | None
) -> Entry:
    """The entry of one request, all of whose predictions were made by `loaded` just now."""
    return Entry(
        loaded.kind,
        loaded.version,
        loaded.model.feature_hash,
        loaded.model.horizon_days,
        request_id,
        idempotency_key,
        datetime.datetime.now(datetime.UTC),
        [_record(prediction) for prediction in predictions],
    )


def _record(prediction: Prediction) -> dict[str, Any]:
    record = {
        "prediction_id": prediction.prediction_id,
        "user_id": prediction.user_id,
        "as_of": prediction.as_of,
        "basis": prediction.basis,
    }
    if isinstance(prediction, SegmentPrediction):
        return record | {"segment_id": prediction.segment_id, "segment": prediction.segment}
    return record | {"score": prediction.probability}  # type: ignore[attr-defined]


def log_live(
    entry: Entry,
    names: Sequence[str],
    questions: Sequence["Question"],
    values: "Values",
    snapshot: str,
    share: float,
) -> None:
    """Notes with a share of the entry's predictions which features they were made from, and what Postgres saw then.

    With `snapshot` (pg_current_snapshot) the features can be made again later from exactly the events that counted.
    """
    for record, (_, _, row) in zip(entry.predictions, questions, strict=True):
        if row is not None and _is_drawn(record["prediction_id"], share):
            record["live"] = {"snapshot": snapshot, "features": dict(zip(names, values[row].tolist(), strict=True))}


def _is_drawn(prediction_id: str, share: float) -> bool:
    """Whether a prediction belongs to a share of all; the last digits of its id are random."""
    return int(prediction_id[-8:], 16) < share * 16**8


def _parts(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """The entries in order, a part as soon as it has _LINE_ROWS predictions."""
    part: list[Entry] = []
    rows = 0
    for entry in entries:
        part.append(entry)
        rows += len(entry.predictions)
        if rows >= _LINE_ROWS:
            yield part
            part, rows = [], 0
    if part:
        yield part


def prediction_ids(number: int) -> list[str]:
    """So many ids for predictions: UUIDs of version 7, so that the ledger's index grows at one end."""
    milliseconds = f"{time.time_ns() // 1_000_000:012x}"
    head = f"{milliseconds[:8]}-{milliseconds[8:]}-7"
    digits = os.urandom(9 * number).hex()
    return [
        f"{head}{digits[at : at + 3]}-8{digits[at + 3 : at + 6]}-{digits[at + 6 : at + 18]}"
        for at in range(0, len(digits), 18)
    ]


class Recorder(Protocol):
    """Whoever takes entries from requests."""

    def record(self, entry: Entry) -> None:
        """Take an entry; returns at once."""
        ...


class Ledger:
    """Takes entries from requests without making them wait, and sees that each gets into `ml.ledger` once."""

    def __init__(self, settings: ServingSettings, metrics: Metrics) -> None:
        """Raises LedgerUnusable where there is no folder to keep entries in."""
        self._connection = BackgroundConnection(settings, "ledger")
        self._metrics = metrics
        try:
            self._spool = Spool(settings.ledger_folder, settings.ledger_max_bytes)
        except OSError as error:
            raise LedgerUnusable(
                f"Predictions cannot be kept in {settings.ledger_folder} ({error.strerror}); "
                "set SERVING_LEDGER_FOLDER to a folder this service may write to."
            ) from error
        self._entries: list[Entry] = []
        self._rows = 0
        self._mutex = threading.Lock()
        self._is_away = False
        self._is_dropping = False
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=work, name=f"ledger {work.__name__}", daemon=True)
            for work in (self._keep_flushing, self._keep_loading)
        ]

    def start(self) -> None:
        """Begin to write, with what processes that were killed have left behind."""
        for thread in self._threads:
            thread.start()

    def record(self, entry: Entry) -> None:
        """Take an entry; returns at once. When memory is full of entries it is dropped and counted."""
        rows = len(entry.predictions)
        with self._mutex:
            is_full = self._rows + rows > _MAX_ROWS_IN_MEMORY
            if not is_full:
                self._entries.append(entry)
                self._rows += rows
        if is_full:
            self._drop(rows, "the disk does not keep up")

    def close(self) -> None:
        """Put everything on disk, and into Postgres if that takes no more than a few seconds."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=_CLOSE_SECONDS)
        self._spool.close()

    def _keep_flushing(self) -> None:
        while not self._stopping.wait(_FLUSH_SECONDS):
            self.flush()
        self.flush()

    def flush(self) -> None:
        """Put what has come onto disk."""
        with self._mutex:
            entries, self._entries = self._entries, []
            rows, self._rows = self._rows, 0
        if not entries:
            return
        try:
            self._spool.append(*map(orjson.dumps, _parts(entries)))
        except (SpoolFull, OSError, orjson.JSONEncodeError) as error:
            self._drop(rows, str(error))
        else:
            self._is_dropping = False

    def _drop(self, rows: int, reason: str) -> None:
        self._metrics.ledger_dropped.inc(rows)
        if not self._is_dropping:
            logger.error("predictions are answered but not recorded: %s", reason)
        self._is_dropping = True

    def _keep_loading(self) -> None:
        adopt_at = time.monotonic()
        while not self._stopping.is_set():
            if time.monotonic() >= adopt_at:
                self._adopt()
                adopt_at = time.monotonic() + _ADOPT_SECONDS
            is_loaded = self.load()
            self._metrics.ledger_spool_bytes.set(self._spool.size())
            self._stopping.wait(_FLUSH_SECONDS if is_loaded else _RETRY_SECONDS)
        self._threads[0].join()
        self.load()
        self._connection.close()

    def _adopt(self) -> None:
        try:
            if adopted := self._spool.adopt():
                logger.info("adopted %d files of predictions from processes that ended", adopted)
        except OSError as error:
            logger.warning("predictions of processes that ended cannot be adopted: %s", error)

    def load(self) -> bool:
        """Move what is on disk into Postgres; false if that is away, and what is left stays where it is."""
        try:
            files = self._spool.take()
            for file in files:
                for line in read_lines(file):
                    self._insert(line)
                    # Requests first, unless much is waiting.
                    if len(files) == 1:
                        self._stopping.wait(_PAUSE_SECONDS)
                file.unlink(missing_ok=True)
        except (psycopg.Error, OSError) as error:
            if not self._is_away:
                logger.warning("predictions are kept on disk until they can be recorded: %s", type(error).__name__)
            self._is_away = True
            return False
        if self._is_away:
            logger.info("predictions can be recorded again")
            self._is_away = False
        return True

    def _insert(self, line: bytes) -> None:
        try:
            written = self._connection.run(record_predictions(line.decode()))
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            # It would be refused for ever, and keep all that follows waiting.
            rows = sum(len(entry["predictions"]) for entry in orjson.loads(line))
            self._metrics.ledger_dropped.inc(rows)
            logger.error("%d predictions were refused by the ledger: %s", rows, error.diag.message_primary)  # noqa: TRY400
        else:
            self._metrics.ledger_written.inc(written)
