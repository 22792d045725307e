"""A Telegram shop that does not exist: events from a seed, with everything about its users known.

Belongs here: who the users are (`population`), what they do in a week (`week`, `sessions`), what may change about them
(`drift`), what is true of them (`truth`), events as frames and files (`frames`, `writing`), and what goes wrong on
their way (`faults`). Does not: loading them (`ingestion`). What comes out is synthetic; say so wherever it
is shown.
"""

from simulator.drift import Drift, DriftKind, parse_drift
from simulator.faults import Faults
from simulator.population import Behaviour, Population, draw_population
from simulator.simulation import simulate
from simulator.truth import presence_given_history, truth, truth_by_horizon
from simulator.writing import write

__all__ = [
    "Behaviour",
    "Drift",
    "DriftKind",
    "Faults",
    "Population",
    "draw_population",
    "parse_drift",
    "presence_given_history",
    "simulate",
    "truth",
    "truth_by_horizon",
    "write",
]
