"""Recommendations out of time on Online Retail II, beside what a shop would use instead.

python -m benchmarks.recommendations --retail FILE

At four cutoffs, 30 days apart, everything is learned from what was known before the cutoff and asked about what was
bought within 30 days after it. Peers are the most popular items, what each user bought most often, and ALS and BPR of
the `implicit` library, each with the best of a search at the calibration cutoff of the first fold. Nobody is offered
what they gave back. Intervals are of 1,000 resamples of users, who bring all their cutoffs; differences are paired.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from ml.bootstrap import draw_counts
from ml.cutoffs import plan_cutoffs
from ml.recommendation.evaluation import FIGURES, RECIPE, CutoffTest, Hits, Interval, hits_of, make_test
from ml.recommendation.fitting import train_recipe
from ml.recommendation.history import HISTORY, summed
from ml.recommendation.related import Method

HORIZON = 30
FOLDS = 4
PEERS = Path(__file__).with_name("peers")
Setting = Mapping[str, object]
ALS: tuple[Setting, ...] = tuple(
    {"model": "als", "factors": factors, "regularization": 0.05, "alpha": alpha, "iterations": 15}
    for factors in (32, 128)
    for alpha in (1.0, 10.0, 40.0)
)
BPR: tuple[Setting, ...] = tuple(
    {"model": "bpr", "factors": factors, "regularization": regularization, "learning_rate": 0.05, "iterations": 150}
    for factors in (32, 128)
    for regularization in (0.01, 0.1)
)
NAMES = {
    RECIPE: "recommendation",
    "most_popular": "most popular",
    "own_repeats": "own repeats",
    "als": "implicit ALS",
    "bpr": "implicit BPR",
}


@dataclass(frozen=True, eq=False)
class Rows:
    """Figures of a contender over all cutoffs, a row for each user and cutoff; `user` numbers users from 0."""

    user: NDArray[np.intp]
    figures: Mapping[str, NDArray[np.float64]]


def main() -> None:
    """Runs the comparison and prints it as Markdown."""
    parser = argparse.ArgumentParser(description="Compare recommendations with what a shop would use instead.")
    parser.add_argument("--retail", type=Path, required=True, help="events.parquet of Online Retail II")
    file = parser.parse_args().retail
    history = read_retail(file)
    first, last = min(history["day"]), max(history["day"])
    hits: dict[str, list[Hits]] = {name: [] for name in NAMES}
    chosen: dict[str, Setting] = {}
    with TemporaryDirectory() as scratch:
        python = peers_environment(Path(scratch))
        for fold in reversed(range(FOLDS)):
            as_of = last + timedelta(days=1) - fold * timedelta(days=HORIZON)
            plan = plan_cutoffs(as_of, HORIZON, first)
            begin = time.monotonic()
            trained = train_recipe(history.filter(pl.col("known_day") < as_of), plan)
            print(
                f"cutoff {plan.test}: {len(trained.test.users)} users, {trained.test.tables.items.height} items;"
                f" trained in {time.monotonic() - begin:.0f} s; {trained.recipe.method}",
                file=sys.stderr,
            )
            for name, found in trained.hits.items():
                hits[name].append(found)
            for name, settings in (("als", ALS), ("bpr", BPR)):
                if name not in chosen:
                    asked = make_test(history, plan.calibration, HORIZON, Method.CO_OCCURRENCE)
                    searched = by_implicit(python, asked, settings)
                    reached = [found.mean()["ndcg"] for found in searched]
                    chosen[name] = settings[reached.index(max(reached))]
                    print(f"  {name}: {dict(chosen[name])}", file=sys.stderr)
                hits[name] += by_implicit(python, trained.test, [chosen[name]])
    print(table(hits))


def read_retail(file: Path) -> pl.DataFrame:
    """The history of merchandise: items whose code begins with five digits, without postage and corrections."""
    events = pl.read_parquet(file).filter(pl.col("item_id").str.contains("^[0-9]{5}"))
    day = pl.col("occurred_at").dt.date()
    return (
        events.group_by("user_id", "item_id", kind="event_type", day=day)
        .agg(times=pl.len().cast(pl.Int64))
        .with_columns(known_day="day")
        .select(*HISTORY)
        .sort(pl.all())
    )


def peers_environment(scratch: Path) -> Path:
    """The interpreter of an environment with the peers in it."""
    uv, python = Path(sys.executable).with_name("uv"), scratch / "peers" / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, scratch / "peers"], check=True)
    wanted = ["--requirements", str(PEERS / "recommenders.txt")]
    subprocess.run([uv, "pip", "install", "--quiet", "--system-certs", "--python", python, *wanted], check=True)
    return python


def by_implicit(python: Path, test: CutoffTest, settings: Sequence[Setting]) -> list[Hits]:
    """What each of the settings reaches: learned from all users' purchases before the cutoff, the same user's too."""
    sums = summed(test.known, test.tables.as_of).filter(pl.col("item_id").is_in(test.tables.items["item_id"].to_list()))
    users = sums["user_id"].unique().sort().to_list()
    row = sums["user_id"].replace_strict({user: at for at, user in enumerate(users)}, return_dtype=pl.Int64)
    items = {item: at for at, item in enumerate(test.tables.items["item_id"])}
    column = sums["item_id"].replace_strict(items, return_dtype=pl.Int64)
    place = (row.to_numpy(), column.to_numpy())
    shape = (len(users), len(items))
    known = {user: at for at, user in enumerate(users)}
    with TemporaryDirectory() as folder:
        given = Path(folder)
        sparse.save_npz(given / "weights.npz", sparse.csr_matrix((sums["days"].to_numpy(), place), shape=shape))
        refunds = sums["is_refunded"].cast(pl.Float64).to_numpy()
        sparse.save_npz(given / "refunded.npz", sparse.csr_matrix((refunds, place), shape=shape))
        # Of somebody with nothing but items that nobody bought, nothing is known: row 0 stands in, and is taken out.
        np.save(given / "users.npy", np.array([known.get(user, 0) for user in test.users]))
        (given / "settings.json").write_text(json.dumps([dict(each) for each in settings]), encoding="utf-8")
        subprocess.run([python, PEERS / "implicit_rankings.py", given], check=True, capture_output=True)
        found = [np.load(given / f"{at}.npy").astype(np.int64) for at in range(len(settings))]
    is_unknown = np.array([user not in known for user in test.users])
    popular = np.arange(10)
    return [hits_of(test, np.where(is_unknown[:, None], popular[None, :], places)) for places in found]


def rows_of(hits: Iterable[Hits]) -> Rows:
    """The figures of all cutoffs together."""
    folds = list(hits)
    names = sorted({user for fold in folds for user in fold.users})
    number = {user: at for at, user in enumerate(names)}
    user = np.array([number[each] for fold in folds for each in fold.users])
    return Rows(user, {figure: np.concatenate([getattr(fold, figure) for fold in folds]) for figure in FIGURES})


def interval(user: NDArray[np.intp], values: NDArray[np.float64], draws: int = 1000) -> Interval:
    """The mean over rows, with a bootstrap over users."""
    sums = np.bincount(user, values)
    counts = np.bincount(user).astype(np.float64)
    means = np.array([(drawn @ sums) / (drawn @ counts) for drawn in draw_counts(len(sums), draws)])
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))


def table(hits: Mapping[str, Sequence[Hits]]) -> str:
    """The comparison as Markdown."""
    rows = {name: rows_of(found) for name, found in hits.items()}
    ours = rows[RECIPE]
    lines = [
        "| | recall@10 | NDCG@10 | ours above it, recall@10 | NDCG@10 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, words in NAMES.items():
        found = [_words(interval(ours.user, rows[name].figures[figure])) for figure in FIGURES]
        above = (
            ["", ""]
            if name == RECIPE
            else [
                _words(interval(ours.user, ours.figures[figure] - rows[name].figures[figure]), sign="+")
                for figure in FIGURES
            ]
        )
        lines.append(f"| {' | '.join([words, *found, *above])} |")
    lines.append("")
    lines.append(f"{len(ours.user):,} users and cutoffs, {len(set(ours.user.tolist())):,} users.")
    return "\n".join(lines)


def _words(found: Interval, sign: str = "") -> str:
    return f"{found.estimate:{sign}.4f} [{found.low:{sign}.4f}, {found.high:{sign}.4f}]"


if __name__ == "__main__":
    main()
