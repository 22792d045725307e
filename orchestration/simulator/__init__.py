"""A Telegram shop that does not exist: events from a seed, with everything about its users known.

Belongs here: who the users are (`population`), what they do in a week (`week`, `sessions`), and events as frames and
files (`frames`, `writing`). Does not: loading them (`orchestration.events`). What comes out is synthetic; say so
wherever it is shown.
"""

from orchestration.simulator.population import Behaviour, Population, draw_population
from orchestration.simulator.simulation import simulate
from orchestration.simulator.writing import write

__all__ = ["Behaviour", "Population", "draw_population", "simulate", "write"]
