"""Faults between a shop and its warehouse: events that arrive late, twice, or damaged.

Belongs here: adding such rows to frames of good events. What happened in the shop stays the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from core.errors import UserError
from simulator.population import FAULT_STREAM

# Delays are from an hour to 90 days, uniform in their logarithm: most are about a day, some are months.
_LEAST_DELAY_HOURS, _MOST_DELAY_HOURS = 1, 90 * 24

# Mistakes of senders. Each breaks the events contract in a different way.
_DAMAGES: tuple[dict[str, pl.Expr], ...] = (
    # Longer than any index can hold.
    {"user_id": pl.lit("x" * 3000)},
    {"user_id": pl.lit(None)},
    {"event_type": pl.lit("")},
    {"occurred_at": pl.lit(None)},
    # Zero, taken as a time.
    {"occurred_at": pl.lit(datetime(1970, 1, 1, tzinfo=UTC))},
    # The sender's clock is days ahead.
    {"occurred_at": pl.col("received_at") + timedelta(days=3)},
    {"occurred_at": pl.lit(datetime(2100, 1, 1, tzinfo=UTC)), "received_at": pl.lit(datetime(2100, 1, 1, tzinfo=UTC))},
    {"amount": pl.lit(1e15)},
    {"currency": pl.lit("dollars")},
    {"quantity": pl.lit(10**15)},
    {"source": pl.lit("fax")},
    {"properties": pl.lit('{"campaign":')},
)


@dataclass(frozen=True, slots=True)
class Faults:
    """How often each fault occurs, as shares of the events (at least 0 and below 1).

    `late`: received from an hour to 90 days after they occurred. Events that would arrive after the simulation's last
    day are left out. `duplicates`: sent a second time, with the same event_id. `bad`: a damaged copy, which breaks the
    events contract in one of a dozen ways, is sent in addition; no good event is lost.
    """

    late: float = 0.0
    duplicates: float = 0.0
    bad: float = 0.0


def inject(frames: Iterable[pl.DataFrame], faults: Faults, seed: int, end: datetime) -> Iterator[pl.DataFrame]:
    """Yields the frames with faults. Additional rows are at the end of their frame.

    The same seed gives the same faults. `end` is the moment at which the simulation ends. Raises UserError if a share
    is outside [0, 1).
    """
    for name, share in asdict(faults).items():
        if not 0 <= share < 1:
            raise UserError(f"--{name} is {share}; it is a share of the events, from 0 to below 1")
    return _injected(frames, faults, np.random.default_rng([seed, FAULT_STREAM]), end)


def _injected(
    frames: Iterable[pl.DataFrame], faults: Faults, random: np.random.Generator, end: datetime
) -> Iterator[pl.DataFrame]:
    for frame in frames:
        sent = frame
        if faults.late:
            hours = np.exp(random.uniform(np.log(_LEAST_DELAY_HOURS), np.log(_MOST_DELAY_HOURS), frame.height))
            delay = pl.Series((hours * 3_600_000_000).astype(np.int64)).cast(pl.Duration("us"))
            is_late = pl.Series(random.random(frame.height) < faults.late)
            arrival = pl.when(is_late).then(pl.col("occurred_at") + delay).otherwise("received_at")
            sent = frame.with_columns(received_at=arrival).filter(pl.col("received_at") < end)
        again = sent.filter(random.random(sent.height) < faults.duplicates)
        bad = _damaged(sent.filter(random.random(sent.height) < faults.bad), random)
        yield pl.concat([sent, again, bad])


def _damaged(frame: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    kind = pl.Series(random.integers(0, len(_DAMAGES), frame.height))
    columns = {name: pl.col(name) for name in frame.columns}
    for number, damage in enumerate(_DAMAGES):
        for name, value in damage.items():
            columns[name] = pl.when(kind == number).then(value.cast(frame.schema[name])).otherwise(columns[name])
    return frame.with_columns(**columns)
