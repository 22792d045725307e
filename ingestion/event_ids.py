"""Who an event is when its sender did not say: a UUIDv5 of the row and its place among equal rows of its file.

So importing a file twice changes nothing, true duplicates inside it stay, and neither the order of its rows nor the
size of our batches matters. Belongs here: names of rows, UUIDs, places. Does not: which columns a file has.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from data_contracts.contract import Check, Contract, Rule
from data_contracts.parsing import uuids

EVENTS = UUID("5a0ce3e5-4dc1-5b5b-9d2c-6d3c2c0f7a11")
QUARANTINE = UUID("0f6a3f52-58a3-5d0e-8f0b-3f6c5e7d9b22")
_OWN = UUID("c4b7b6e4-0a43-5b0c-9f0e-5d1f1f0b6c33")
# Part of every stored identity, so this list never changes, not even when events get another column.
NAMED_COLUMNS = (
    "user_id",
    "event_type",
    "occurred_at",
    "received_at",
    "order_id",
    "item_id",
    "amount",
    "currency",
    "quantity",
    "source",
    "properties",
)
# Event texts cannot hold NUL and are null when empty, so names differ whenever rows do.
_SEPARATOR = "\x00"

Digests = npt.NDArray[np.uint8]


class Places:
    """Counts equal rows of one file across its batches, by the first 64 bits of the SHA-1 of their names.

    Memory: 8 bytes for each distinct row. Two different rows share 64 bits once in a few million files of ten
    million rows; they would still get different identities, only dependent on their order.
    """

    def __init__(self) -> None:
        # Sorted runs, each at least twice as long as the next: adding costs a logarithm of merges.
        self._runs: list[npt.NDArray[np.uint64]] = []
        self._repeated: dict[int, int] = {}

    def take(self, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """How many equal keys came before each, in earlier calls and in this one."""
        if not len(keys):
            return np.zeros(0, np.int64)
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        counts = np.diff(np.r_[starts, len(ordered)])
        distinct = ordered[starts]
        before = self._before(distinct)
        for place in np.flatnonzero(before + counts > 1):
            self._repeated[int(distinct[place])] = int(before[place] + counts[place])
        self._add(distinct[before == 0])
        places = np.empty(len(keys), np.int64)
        places[order] = np.arange(len(keys)) - np.repeat(starts - before, counts)
        return places

    def _before(self, distinct: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        before = np.zeros(len(distinct), np.int64)
        for run in self._runs:
            found = np.searchsorted(run, distinct)
            before |= run[np.minimum(found, len(run) - 1)] == distinct
        for place in np.flatnonzero(before):
            before[place] = self._repeated.get(int(distinct[place]), 1)
        return before

    def _add(self, distinct: npt.NDArray[np.uint64]) -> None:
        if not len(distinct):
            return
        self._runs.append(distinct)
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            merged = np.concatenate([self._runs.pop(), self._runs.pop()])
            # Two sorted runs: a stable sort merges them in one pass.
            merged.sort(kind="stable")
            self._runs.append(merged)


def identify(events: pl.DataFrame, places: Places) -> pl.Series:
    """The identity of each event as 32 hexadecimal digits: its own `event_id`, else one made of the row."""
    own = events.get_column("event_id")
    nameless = own.is_null()
    if not nameless.any():
        return own
    made = row_ids(EVENTS, _names(events.filter(nameless)), places)
    if nameless.all():
        return made.alias("event_id")
    positions = nameless.cum_sum().cast(pl.Int64) - 1
    return (
        pl.DataFrame([own.alias("own"), made.gather(positions.clip(0)).alias("made")])
        .select(pl.coalesce("own", "made").alias("event_id"))
        .to_series()
    )


def allowing_any_text(contract: Contract) -> Contract:
    """The same contract, but any text may be an `event_id`, not only a UUID: `own_ids` then makes UUIDs of them."""
    properties = tuple(
        replace(each, format=None, rules=tuple(_said_of_text(rule) for rule in each.rules))
        if each.name == "event_id"
        else each
        for each in contract.properties
    )
    return replace(contract, properties=properties)


def _said_of_text(rule: Rule) -> Rule:
    return replace(rule, sentence="is not text") if rule.check is Check.TYPE else rule


def own_ids(values: pl.Series, sender: str) -> pl.Series:
    """Ids that senders gave, as 32 hexadecimal digits: a UUID as it is, any other text as a UUIDv5 with its sender."""
    own = uuids(values)
    others = (own.is_null() & values.is_not_null()).arg_true()
    if not len(others):
        return own
    return own.scatter(others, row_ids(_OWN, sender + _SEPARATOR + values.gather(others), None))


def keyed(events: pl.DataFrame, key: Sequence[str], sender: str) -> pl.DataFrame:
    """Events whose id is made of the columns of `key`; a row in which all of them are missing keeps what it has."""
    if not key:
        return events
    is_there = pl.any_horizontal(pl.col(name).is_not_null() for name in key)
    names = sender + _SEPARATOR + "key" + _SEPARATOR + _names(events, key)
    made = pl.when(is_there).then(row_ids(_OWN, names, None)).otherwise("event_id")
    return events.with_columns(made.alias("event_id"))


def row_ids(namespace: UUID, names: pl.Series, places: Places | None) -> pl.Series:
    """UUIDv5 of each name and, from the second equal one on, its place, as 32 hexadecimal digits.

    Without `places` equal names are one.
    """
    texts = names.cast(pl.Binary).to_list()
    digests = _sha1(namespace, texts)
    if places is None:
        return _hexadecimal(digests)
    taken = places.take(np.ascontiguousarray(digests[:, :8]).view(np.uint64).ravel())
    later = np.flatnonzero(taken)
    if len(later):
        digests[later] = _sha1(namespace, (texts[place] + b"\x00#%d" % taken[place] for place in later))
    return _hexadecimal(digests)


def _names(events: pl.DataFrame, columns: Sequence[str] = NAMED_COLUMNS) -> pl.Series:
    texts = [
        pl.col(name).dt.timestamp("us").cast(pl.String)
        if events.schema[name].is_temporal()
        else pl.col(name).cast(pl.String)
        for name in columns
    ]
    return events.select(pl.concat_str([text.fill_null("") for text in texts], separator=_SEPARATOR)).to_series()


def _sha1(namespace: UUID, texts: Iterable[bytes]) -> Digests:
    # UUIDv5 is defined by SHA-1; nothing here depends on it being hard to break.
    start, sha1 = namespace.bytes, hashlib.sha1
    digests = b"".join([sha1(start + text, usedforsecurity=False).digest() for text in texts])
    return np.frombuffer(digests, np.uint8).reshape(-1, 20).copy()


def _hexadecimal(digests: Digests) -> pl.Series:
    uuids = np.ascontiguousarray(digests[:, :16])
    uuids[:, 6] = (uuids[:, 6] & 0x0F) | 0x50
    uuids[:, 8] = (uuids[:, 8] & 0x3F) | 0x80
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(uuids), [None, pa.py_buffer(uuids)])
    return pl.Series(pl.from_arrow(fixed.cast(pa.binary()))).bin.encode("hex")
