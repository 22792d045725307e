"""A Telegram shop that does not exist: events from a seed, with everything about its users known.

Belongs here: who the users are (`population`), what they do in a week (`week`, `sessions`), what may change about them
(`drift`), and events as frames and files (`frames`, `writing`). Does not: loading them (`orchestration.events`). What
comes out is synthetic; say so wherever it is shown.
"""

from orchestration.simulator.drift import Drift, DriftKind, parse_drift
from orchestration.simulator.population import Behaviour, Population, draw_population
from orchestration.simulator.simulation import simulate
from orchestration.simulator.writing import write

__all__ = ["Behaviour", "Drift", "DriftKind", "Population", "draw_population", "parse_drift", "simulate", "write"]
