"""A simulated Telegram shop: events are generated from a seed, and everything about its users is known.

Belongs here: who the users are (`population`), what they do in a week (`week`, `sessions`), how their behaviour may
change (`drift`), the true probabilities (`truth`), events as frames and files (`frames`, `writing`), and transmission
faults (`faults`). Does not belong here: loading the events (`ingestion`). The results are synthetic and must be
labelled so wherever they are shown.
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
