"""How well effects are learned on two real trials: Qini over ten splits, and whether a policy beats one e-mail for all.

    python -m benchmarks.decisions.uplift_trials FOLDER     with hillstrom.parquet and starbucks_promotion.parquet

Hillstrom's trial is the MineThatData e-mail challenge of 2008 (64,000 customers in three arms), the other one Udacity's
Starbucks promotion (126,184 customers). Both are public; neither is part of this project.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from rich.table import Table

from cli.console import make_console
from ml.policies.decisions import NOTHING, Decisions
from ml.policies.learning import learn
from ml.policies.policy import Terms
from ml.propensity.linear import fit_linear
from ml.propensity.matrix import Floats, Matrix
from ml.uplift.learners import LEARNERS, Integers, fit_learner
from ml.uplift.qini import qini

SPLITS = 10


def hillstrom(folder: Path) -> tuple[pl.DataFrame, Matrix, tuple[str, ...]]:
    """The trial, its features as numbers, and their names."""
    trial = pl.read_parquet(folder / "hillstrom.parquet")
    features = trial.select("recency", "history", "mens", "womens", "newbie", "zip_code", "channel")
    numbers = features.to_dummies(["zip_code", "channel"])
    return trial, numbers.to_numpy().astype(np.float32), tuple(numbers.columns)


def splits(treated: Integers, outcome: Floats) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
    """Whether each row is learned from: half of the rows of each arm and outcome, drawn anew for each split."""
    for seed in range(SPLITS):
        random = np.random.default_rng(seed)
        past = np.zeros(len(treated), bool)
        for arm in (0, 1):
            for happened in (0, 1):
                rows = random.permutation(np.flatnonzero((treated == arm) & (outcome == happened)))
                past[rows[: len(rows) // 2]] = True
        yield past


def qini_table(name: str, matrix: Matrix, treated: Integers, outcome: Floats) -> Table:
    """Mean and spread of Qini over the splits, and of its difference from the best learner on the same split."""
    found: dict[str, list[float]] = {}
    weights = np.where(treated > 0, 1 / treated.mean(), 1 / (1 - treated.mean()))
    for number, past in enumerate(splits(treated, outcome)):
        now = ~past
        for learner in LEARNERS:
            model = fit_learner(learner, matrix[past], outcome[past], treated[past], weights[past], 2)
            effect = model.effects(matrix[now])[:, 0]
            found.setdefault(learner, []).append(qini(outcome[now], effect, treated[now]))
        response = fit_linear(matrix[past], outcome[past], l2=20.0).log_odds(matrix[now])
        found.setdefault("response alone", []).append(qini(outcome[now], response, treated[now]))
        by_chance = np.random.default_rng(number).random(int(now.sum()))
        found.setdefault("chance", []).append(qini(outcome[now], by_chance, treated[now]))
    best = max(found, key=lambda each: float(np.mean(found[each])))
    table = Table(title=f"{name}: Qini over {SPLITS} splits")
    for heading in ("learner", "Qini", "spread", "behind the best, paired"):
        table.add_column(heading, justify="left" if heading == "learner" else "right")
    for each, values in found.items():
        gaps = np.array(found[best]) - values
        behind = "" if each == best else f"{gaps.mean():.3f} +- {gaps.std(ddof=1):.3f}"
        table.add_row(each, f"{np.mean(values):.3f}", f"{np.std(values, ddof=1):.3f}", behind)
    return table


def policy_table(trial: pl.DataFrame, matrix: Matrix, names: tuple[str, ...]) -> Table:
    """Hillstrom's three arms: does a policy beat one e-mail for all?"""
    arms = {"No E-Mail": NOTHING, "Mens E-Mail": "mens", "Womens E-Mail": "womens"}
    actions = (NOTHING, "mens", "womens")
    action = np.array([actions.index(arms[name]) for name in trial["segment"]])
    shares = np.bincount(action) / len(action)
    decisions = Decisions(
        actions=actions,
        user=np.array([str(row) for row in range(trial.height)]),
        day=np.full(trial.height, np.datetime64("2008-03-20")),
        action=action,
        propensity=shares[action],
        outcome=trial["visit"].to_numpy().astype(float),
        value=np.ones(trial.height),
        matrix=matrix,
        features=names,
    )
    table = Table(title="Hillstrom: visits per customer, by policies that may write to everybody")
    for heading in ("cost of an e-mail", "policy", "doubly robust", "the learned one is better by", "verdict"):
        table.add_column(heading)
    for cost in (0.0, 0.05):
        learned = learn(decisions, Terms(14, cost, 1.0))
        for each in learned.values:
            shown = [each.doubly_robust, each.advantage]
            parts = ["" if one is None else f"{one.value:+.4f} ({one.low:+.4f} to {one.high:+.4f})" for one in shown]
            verdict = ("promoted" if learned.is_promoted else "not used") if each.advantage is None else ""
            table.add_row(f"{cost:g} visits", each.policy, *parts, verdict)
    return table


def main() -> None:
    """Prints all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder with both Parquet files")
    folder = parser.parse_args().folder
    console = make_console()
    trial, matrix, names = hillstrom(folder)
    for arm in ("Womens E-Mail", "Mens E-Mail"):
        rows = trial["segment"].is_in([arm, "No E-Mail"]).to_numpy()
        treated = (trial["segment"] == arm).to_numpy()[rows].astype(np.int64)
        outcome = trial["visit"].to_numpy()[rows].astype(float)
        console.print(qini_table(f"Hillstrom, {arm} or none, visit", matrix[rows], treated, outcome))
    other = pl.read_parquet(folder / "starbucks_promotion.parquet")
    features = other.select(f"V{number}" for number in range(1, 8)).to_numpy().astype(np.float32)
    treated = (other["Promotion"] == "Yes").to_numpy().astype(np.int64)
    outcome = other["purchase"].to_numpy().astype(float)
    console.print(qini_table("Starbucks promotion, purchase", features, treated, outcome))
    console.print(policy_table(trial, matrix, names))


if __name__ == "__main__":
    main()
