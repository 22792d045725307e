"""The gate's one entrance: may this challenger take the champion's place?

Belongs here: choosing the comparison that fits what a model answers. Does not belong here: the comparisons
(`ml.gate.probabilities`, `ml.gate.segments`) and what every model must meet (`ml.gate.requirements`).
"""

import polars as pl

from ml.artifact import Model
from ml.gate.probabilities import compare_probabilities
from ml.gate.requirements import input_fault
from ml.gate.segments import compare_segments
from ml.gate.terms import GateDecision, GateInputs, GateLimits
from ml.kinds import model_kind


def decide(
    rows: pl.DataFrame,
    *,
    challenger: Model,
    champion: Model | None,
    inputs: GateInputs | None = None,
    limits: GateLimits | None = None,
    seed: int = 0,
) -> GateDecision:
    """Judge `challenger` against `champion` on `rows`, features joined with labels of one matured cutoff.

    Neither probability model may have been trained on the rows; a segmentation has no label to know. Without a
    champion, or with one that cannot read today's features, a probability must only not be clearly worse than recency
    alone, and segments must be found again in resamples of the users. Without `inputs` the rows stand for them. Raises
    NotEnoughData if no row has a label.
    """
    limits = limits or GateLimits()
    if fault := input_fault(challenger, inputs or GateInputs(rows, rows), limits):
        return GateDecision(False, fault, {})
    outcome = model_kind(challenger.kind).outcome
    if outcome is None:
        return compare_segments(rows, challenger, champion, limits, seed)
    return compare_probabilities(rows, outcome, challenger, champion, limits, seed)
