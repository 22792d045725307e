"""Simulated events as frames with the columns of the events contract.

Belongs here: texts, times, ids. Does not belong here: what happened (`sessions`).
"""

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from simulator import sessions
from simulator.population import SOURCES, Booleans, Integers
from simulator.sessions import Events

_TYPES = pl.Series(sessions.EVENT_TYPES)
_SOURCES = pl.Series(SOURCES)
_CURRENCY = pl.Series(["USD"])
_ITEMS = pl.Series([f"i{number:05d}" for number in range(sessions.ITEMS)])
_COMMANDS = tuple(f'{{"command":"/{name}"}}' for name in ("start", "catalog", "search", "cart", "orders", "help"))
_QUERIES = tuple(
    f'{{"query":"{colour} {thing}"}}'
    for colour in ("red", "blue", "green", "black", "white", "small", "large", "gift")
    for thing in ("mug", "lamp", "scarf", "poster", "candle", "notebook", "bag", "toy")
)
_LENGTHS = tuple(f'{{"length":{length}}}' for length in range(5, 205, 5))
# Most feedback is good.
_RATINGS = tuple(f'{{"rating":{stars}}}' for stars in (1, 2, 3, 4, 4, 5, 5, 5))
# The possible properties of each kind of event. Other kinds have none.
_DETAILS = {
    sessions.COMMAND: _COMMANDS,
    sessions.SEARCH: _QUERIES,
    sessions.MESSAGE: _LENGTHS,
    sessions.FEEDBACK: _RATINGS,
}
_DETAIL_TEXTS = pl.Series([text for texts in _DETAILS.values() for text in texts])
_CAMPAIGN_KINDS = (sessions.SENT, sessions.OPENED, sessions.WITHHELD)
# Servers receive an event within seconds.
_MEAN_DELAY_MICROSECONDS = 2_000_000.0

Bits = npt.NDArray[np.uint64]


def user_names(users: int) -> pl.Series:
    """The text of each user's id."""
    width = len(str(users - 1))
    return pl.Series([f"u{number:0{width}d}" for number in range(users)])


def to_frame(
    events: Events, names: pl.Series, start: date, key: int, first_number: int, random: np.random.Generator
) -> pl.DataFrame:
    """One row for each event. Ids are made of the simulation's `key` and the event's number, from `first_number` on."""
    origin = np.datetime64(start, "us").astype(np.int64)
    delay = (random.standard_exponential(len(events), np.float32) * _MEAN_DELAY_MICROSECONDS).astype(np.int64)
    at = events.at + origin
    is_paid = (events.kind == sessions.PURCHASE) | (events.kind == sessions.REFUND)
    return pl.DataFrame(
        {
            "event_id": _event_ids(key, first_number, len(events)),
            "user_id": names.gather(events.user),
            "event_type": _TYPES.gather(events.kind),
            "occurred_at": pl.Series(at).cast(pl.Datetime("us", "UTC")),
            "received_at": pl.Series(at + delay).cast(pl.Datetime("us", "UTC")),
            "order_id": _null_unless(events.order >= 0, pl.Series(events.order).cast(pl.String)),
            "item_id": _ITEMS.gather(_nullable_positions(events.item)),
            "amount": _null_unless(is_paid, pl.Series(events.amount)),
            "currency": _CURRENCY.gather(_nullable_positions(is_paid.astype(np.int64) - 1)),
            "quantity": _null_unless(events.quantity != 0, pl.Series(events.quantity)),
            "source": _SOURCES.gather(events.source),
            "properties": _properties(events),
        }
    )


def _properties(events: Events) -> pl.Series:
    places = np.full(len(events), sessions.NONE)
    first = 0
    for kind, choices in _DETAILS.items():
        of_kind = np.flatnonzero(events.kind == kind)
        places[of_kind] = first + events.detail[of_kind] % len(choices)
        first += len(choices)
    campaigns = np.flatnonzero(np.isin(events.kind, _CAMPAIGN_KINDS))
    texts = _DETAIL_TEXTS
    if len(campaigns):
        numbers = np.unique(events.detail[campaigns])
        texts = pl.concat([texts, pl.Series([f'{{"campaign":"week-{number:03d}"}}' for number in numbers])])
        places[campaigns] = first + np.searchsorted(numbers, events.detail[campaigns])
    return texts.gather(_nullable_positions(places))


def _nullable_positions(places: Integers) -> pl.Series:
    """Positions for `gather`, where NONE becomes null, so that it gathers null."""
    return _null_unless(places >= 0, pl.Series(places))


def _null_unless(condition: Booleans, values: pl.Series) -> pl.Series:
    frame = pl.DataFrame([pl.Series("condition", condition), values.alias("value")])
    return frame.select(pl.when("condition").then("value")).to_series()


def _event_ids(key: int, first: int, count: int) -> pl.Series:
    """UUIDs of version 8 (a scheme of our own): two hashes of the simulation's key and the event's number."""
    numbers = np.arange(first, first + count, dtype=np.uint64)
    halves = np.empty((count, 2), ">u8")
    halves[:, 0] = _splitmix64(numbers, 2 * key)
    halves[:, 1] = _splitmix64(numbers, 2 * key + 1)
    uuids = halves.view(np.uint8).reshape(count, 16)
    uuids[:, 6] = (uuids[:, 6] & 0x0F) | 0x80
    uuids[:, 8] = (uuids[:, 8] & 0x3F) | 0x80
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), count, [None, pa.py_buffer(uuids)])
    return pl.Series(pl.from_arrow(fixed.cast(pa.binary()))).bin.encode("hex")


def _splitmix64(numbers: Bits, stream: int) -> Bits:
    """SplitMix64, a bijection for each stream: different numbers get different results."""
    state = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    state ^= np.uint64((stream * 0xD1342543DE82EF95 + 0x2545F4914F6CDD1D) & 0xFFFFFFFFFFFFFFFF)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(state ^ (state >> np.uint64(31)), np.uint64)
