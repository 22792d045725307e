"""What every model must meet, whatever it answers: its inputs are there, and it is small and fast enough.

Belongs here: figures of one model alone. Does not belong here: comparisons of two models.
"""

import time

import polars as pl

from ml.artifact import Model
from ml.gate.terms import GateInputs, GateLimits


def input_fault(challenger: Model, inputs: GateInputs, limits: GateLimits) -> str | None:
    """The first feature that today's users do not have as the users learned from had it, or None."""
    for name in challenger.feature_names:
        if name not in inputs.newest.columns:
            return f"the marts have no feature `{name}`; build them, or train again without it"
        newest = inputs.newest[name]
        if not (newest.dtype.is_numeric() or newest.dtype in (pl.Boolean, pl.Null)):
            return f"the feature `{name}` is {newest.dtype} now, not a number"
        if name not in inputs.learned.columns or not inputs.learned.height or not inputs.newest.height:
            continue
        then, now = (frame[name].null_count() / frame.height for frame in (inputs.learned, inputs.newest))
        if now == 1 and then <= 1 - limits.empty_from:
            return f"nobody has the feature `{name}` any more; when it was learned from, {1 - then:.0%} of users had it"
        if now - then > limits.missing_gain:
            return f"the feature `{name}` is missing for {now:.0%} of users; when it was learned from, for {then:.0%}"
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
        return f"one answer takes {slowness:.0f} ms, more than {limits.one_answer_ms:.0f}"
    if (size := checks["model_bytes"]) > limits.model_bytes:
        return f"the model's files hold {size / 1e6:.0f} MB, more than {limits.model_bytes / 1e6:.0f}"
    return None


def _one_answer_ms(model: Model, row: pl.DataFrame) -> float:
    """The fastest of a few single answers: what the model costs, not what else the machine is doing."""
    times = []
    for _ in range(10):
        started = time.perf_counter()
        model.predict(row)
        times.append(time.perf_counter() - started)
    return min(times) * 1000
