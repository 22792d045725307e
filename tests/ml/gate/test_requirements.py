"""What every model must meet: inputs that are there, a size and a speed."""

import polars as pl
import pytest

from benchmarks.gate_simulation import Scored
from ml.gate.decision import decide
from ml.gate.requirements import cost, cost_fault, input_fault
from ml.gate.terms import GateInputs, GateLimits

USERS = 100
ROWS = pl.DataFrame({"user_id": [f"u{n:03}" for n in range(USERS)], "score": [n / USERS for n in range(USERS)]})
READS_ORDERS = Scored("score", feature_names=("orders",))


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (pl.lit(None, pl.Float64), "nobody has the feature `orders`"),
        (pl.lit("many"), "`orders` is String now, not a number"),
        (pl.when(pl.col("score") >= 0.9).then(1.0), "`orders` is missing for 90%"),
    ],
)
def test_an_input_that_changed_since_training_is_refused(column: pl.Expr, reason: str) -> None:
    learned = ROWS.with_columns(orders=1.0)
    inputs = GateInputs(learned=learned, newest=ROWS.with_columns(orders=column))
    assert reason in str(input_fault(READS_ORDERS, inputs, GateLimits()))
    assert input_fault(READS_ORDERS, GateInputs(learned, learned), GateLimits()) is None


def test_an_input_that_the_marts_lack_is_refused_but_one_that_was_always_empty_is_not() -> None:
    reason = input_fault(READS_ORDERS, GateInputs(ROWS, ROWS), GateLimits())
    assert "the marts have no feature `orders`" in str(reason)
    empty = ROWS.with_columns(orders=pl.lit(None, pl.Float64))
    assert input_fault(READS_ORDERS, GateInputs(empty, empty), GateLimits()) is None


@pytest.mark.parametrize("kind", ["purchase", "segmentation"])
def test_every_kind_is_held_to_its_inputs(kind: str) -> None:
    decision = decide(ROWS, challenger=Scored("score", kind=kind, feature_names=("orders",)), champion=None)
    assert not decision.promote
    assert "the marts have no feature `orders`" in decision.reason


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (GateLimits(model_bytes=-1), "the model's files hold 0 MB"),
        (GateLimits(one_answer_ms=0), "one answer takes"),
    ],
)
def test_a_model_that_is_too_large_or_too_slow_is_refused(limits: GateLimits, reason: str) -> None:
    checks = cost(Scored("score"), ROWS)
    assert reason in str(cost_fault(checks, limits))
    assert cost_fault(checks, GateLimits()) is None
