"""What every model must meet, whatever it answers: its inputs are there, and it is small and fast enough.

Belongs here: figures of one model alone. Does not belong here: comparisons of two models.
"""

import time

import polars as pl

from ml.artifact import Model
from ml.gate.terms import GateInputs, GateLimits
from ml.gate.words import said


def input_fault(challenger: Model, inputs: GateInputs, limits: GateLimits) -> str | None:
    """The first feature that today's users do not have as the users learned from had it, or None."""
    for name in challenger.feature_names:
        if name not in inputs.newest.columns:
            return said("no_feature", feature=name)
        newest = inputs.newest[name]
        if not (newest.dtype.is_numeric() or newest.dtype in (pl.Boolean, pl.Null)):
            return said("no_number", feature=name, type=str(newest.dtype))
        if name not in inputs.learned.columns or not inputs.learned.height or not inputs.newest.height:
            continue
        then, now = (frame[name].null_count() / frame.height for frame in (inputs.learned, inputs.newest))
        if now == 1 and then <= 1 - limits.empty_from:
            return said("empty_feature", feature=name, share=1 - then)
        if now - then > limits.missing_gain:
            return said("missing_feature", feature=name, now=now, then=then)
    return None


def cost(model: Model, rows: pl.DataFrame) -> dict[str, float]:
    """What it takes to run a model: milliseconds for one answer, bytes of its files."""
    return {
        "one_answer_ms": _one_answer_ms(model, rows.head(1)),
        "model_bytes": float(sum(len(content) for content in model.to_files().values())),
    }


def cost_fault(checks: dict[str, float], limits: GateLimits) -> str | None:
    """Why the figures of `cost` are too high, or None."""
    if (slowness := checks["one_answer_ms"]) > limits.one_answer_ms:
        return said("slow", ms=slowness, limit=limits.one_answer_ms)
    if (size := checks["model_bytes"]) > limits.model_bytes:
        return said("large", megabytes=size / 1e6, limit=limits.model_bytes / 1e6)
    return None


def _one_answer_ms(model: Model, row: pl.DataFrame) -> float:
    """The fastest of a few single answers: what the model costs, not what else the machine is doing."""
    times = []
    for _ in range(10):
        started = time.perf_counter()
        model.predict(row)
        times.append(time.perf_counter() - started)
    return min(times) * 1000
