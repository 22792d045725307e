"""A whole simulation, week by week.

Belongs here: the sequence of weeks, and what one week passes on to later ones. Does not belong here: what happens
within a week (`week`, `sessions`).
"""

import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from simulator.drift import Drift
from simulator.faults import Faults, inject
from simulator.frames import to_frame, user_names
from simulator.population import POPULATION_STREAM, WEEK_STREAM, Behaviour, Population, draw_population
from simulator.sessions import (
    CHECKOUT,
    concatenate,
    draw_returns,
    draw_sessions,
    empty_events,
    notifications,
    price_list,
    refunds,
)
from simulator.week import DAYS, MICROSECONDS_PER_DAY, draw_week

START = date(2025, 1, 1)
# The number of users whose week is drawn at once: a few hundred thousand events.
_BLOCK_USERS = 50_000


def simulate(
    users: int,
    days: int,
    seed: int,
    *,
    start: date = START,
    behaviour: Behaviour | None = None,
    drift: Drift | None = None,
    faults: Faults | None = None,
) -> Iterator[pl.DataFrame]:
    """Synthetic events of a Telegram shop, as frames with the columns of the events contract.

    A frame holds a week of up to 50,000 users, ordered by time. Frames are yielded in the order of their weeks, so
    memory does not grow with `days`. The same arguments give the same bytes. Raises UserError if a number is out of
    range.
    """
    population = draw_population(users, days, seed, behaviour, drift)
    frames = _frames(population, days, seed, start)
    end = datetime(start.year, start.month, start.day, tzinfo=UTC) + timedelta(days=days)
    return frames if faults is None else inject(frames, faults, seed, end)


def _frames(population: Population, days: int, seed: int, start: date) -> Iterator[pl.DataFrame]:
    prices = price_list(np.random.default_rng([seed, POPULATION_STREAM, 1]))
    names = user_names(population.size)
    blocks = [slice(first, first + _BLOCK_USERS) for first in range(0, population.size, _BLOCK_USERS)]
    # What earlier weeks pass on, for each block of users: the ends of sessions, and lines that will be returned.
    pending = [empty_events()] * len(blocks)
    returns = [empty_events()] * len(blocks)
    orders = numbered = 0
    # Another simulation is another shop, so its events have other ids. A drift is not part of the key, because nothing
    # differs before its day.
    key = zlib.crc32(repr((seed, population.size, days, start, population.behaviour)).encode())
    for week in range(-(-days // DAYS)):
        for block, users in enumerate(blocks):
            random = np.random.default_rng([seed, WEEK_STREAM, week, block])
            drawn_week = draw_week(population, users, week, days, start.weekday(), random)
            events = draw_sessions(population, drawn_week, prices, orders, random)
            orders += int((events.kind == CHECKOUT).sum())
            chosen = draw_returns(events, population.behaviour.refund_probability, random)
            begins = week * DAYS * MICROSECONDS_PER_DAY
            lines = concatenate([returns[block], chosen])
            refunded, returns[block] = refunds(population, lines, drawn_week, begins)
            everything = concatenate([pending[block], events, refunded, notifications(population, drawn_week, week)])
            end = min((week + 1) * DAYS, days) * MICROSECONDS_PER_DAY
            until = int(np.searchsorted(everything.at, end))
            pending[block] = everything.take(np.arange(until, len(everything)))
            if until:
                now = everything.take(np.arange(until))
                yield to_frame(now, names, start, key, numbered, random)
                numbered += until
