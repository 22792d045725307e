"""What live answers are worth: live features and last night's, asked at random moments of some days.

At each moment the warehouse holds the events before it and no later one. A model that was trained before the first of
the days answers twice about the same users: from the snapshot of the day's beginning, as the batch has it, and live.
Both answers are judged by what happens within the horizon that begins at the moment, which is read from the file. A
user whom the snapshot does not know gets the model's prior. `active today` are the users who did something between the
day's beginning and the moment; elsewhere both answers are nearly the same.

    python -m benchmarks.live_worth                                      a simulated shop
    python -m benchmarks.live_worth --retail FILE                        and Online Retail II
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from benchmarks.blind import DONE_TO_USERS
from benchmarks.marts import build_marts, imported_warehouse
from dbt_project import CATALOGUE
from ingestion.importing import import_frames
from ml.catalogue import read_catalogue
from ml.cutoffs import plan_cutoffs
from ml.evaluation import auc, brier, log_loss
from ml.kinds import CHURN, PURCHASE
from ml.propensity.matrix import feature_matrix
from ml.propensity.model import PropensityModel
from simulator import simulate, write
from warehouse.database import Database
from warehouse.marts import Marts

HORIZON = timedelta(days=30)
KINDS = {kind.name: kind for kind in (PURCHASE, CHURN)}
_LIVE = "select * from marts.live_user_features(%(users)s::text[], %(as_of)s)"
_RESAMPLES = 200
# Different days of the week.
_DAYS_APART = 8


def main() -> None:
    """Asks, and prints a table for each data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retail", type=Path, help="Online Retail II as a Parquet file of events")
    parser.add_argument("--users", type=int, default=4_000, help="of the simulated shop")
    parser.add_argument("--shop-days", type=int, default=400, help="how long it is simulated")
    parser.add_argument("--days", type=int, default=6, help="days on which is asked")
    parser.add_argument("--moments", type=int, default=6, help="moments of each day")
    parser.add_argument("--asked", type=int, default=400, help="users asked about at a moment, of each group")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="live-worth-") as scratch:
        shop = Path(scratch) / "shop.parquet"
        write(simulate(given.users, given.shop_days, given.seed), shop)
        data = {f"A simulated shop, {given.users:,} users": pl.read_parquet(shop)}
    if given.retail is not None:
        order = pl.col("properties").str.json_path_match("$.invoice")
        data["Online Retail II"] = pl.read_parquet(given.retail).with_columns(order_id=order)
    for name, events in data.items():
        # What an import learns of is known from when it happened.
        known = events.drop("received_at", strict=False).sort("occurred_at")
        rows = answers(known, given.days, given.moments, given.asked, np.random.default_rng(given.seed))
        print(f"\n{name}, {HORIZON.days} days ahead\n")
        print("\n".join(table(rows, given.seed)), flush=True)


def answers(events: pl.DataFrame, days: int, moments: int, asked: int, random: np.random.Generator) -> pl.DataFrame:
    """One row for each model, group, user and moment: the batch's answer, the live one, and what happened."""
    at = pl.col("occurred_at")
    first, end = events.select(at.min().alias("first"), at.max().alias("end")).row(0)
    last_day = (end - HORIZON).date() - timedelta(days=1)
    chosen = [last_day - timedelta(days=_DAYS_APART * place) for place in reversed(range(days))]
    plan = plan_cutoffs(chosen[0], HORIZON.days, first.date())
    found = []
    with imported_warehouse([], {}) as warehouse:
        known = _store(warehouse, events, first, _midnight(chosen[0]))
        build_marts(plan.all, HORIZON.days, "live_user_features")
        frame = Marts(warehouse).training_frame(plan.all, HORIZON.days)
        catalogue = read_catalogue(CATALOGUE)
        models = {name: kind.load_trainer()(frame, catalogue, plan, seed=0).model for name, kind in KINDS.items()}
        for day in chosen:
            known = _store(warehouse, events, known, _midnight(day))
            drawn = np.sort(random.uniform(0, 24 * 3600, moments))
            asks = [(_midnight(day) + timedelta(seconds=float(second))) for second in drawn]
            groups = [dict(_groups(events, day, moment, asked, random)) for moment in asks]
            everybody = sorted({user for each in groups for users in each.values() for user in users})
            # At a day's beginning, live features are the snapshot, bit for bit.
            night = _features(warehouse, everybody, day)
            for moment, users_of in zip(asks, groups, strict=True):
                known = _store(warehouse, events, known, moment)
                live = _features(
                    warehouse, sorted({user for users in users_of.values() for user in users}), day + timedelta(1)
                )
                for group, users in users_of.items():
                    for name, model in models.items():
                        outcome = outcomes(events, users, moment, name)
                        found.append(
                            outcome.with_columns(
                                batch=_probabilities(model, night, outcome.get_column("user_id")),
                                live=_probabilities(model, live, outcome.get_column("user_id")),
                                model=pl.lit(name),
                                group=pl.lit(group),
                            )
                        )
    return pl.concat(found)


def outcomes(events: pl.DataFrame, users: Sequence[str], moment: datetime, kind: str) -> pl.DataFrame:
    """`user_id` and `happened` for those users whom the model is about at that moment, from the events alone."""
    at = pl.col("occurred_at")
    theirs = events.filter(pl.col("user_id").is_in(users))
    after = theirs.filter((at >= moment) & (at < moment + HORIZON))
    is_activity = ~pl.col("event_type").is_in(DONE_TO_USERS)
    if kind == PURCHASE.name:
        asked = theirs.filter(at < moment)
        happened = pl.col("user_id").is_in(after.filter(pl.col("event_type") == "purchase")["user_id"].implode())
    else:
        asked = theirs.filter((at < moment) & (at >= moment - HORIZON) & is_activity)
        happened = ~pl.col("user_id").is_in(after.filter(is_activity)["user_id"].implode())
    return asked.select(pl.col("user_id").unique().sort()).with_columns(happened=happened)


def table(rows: pl.DataFrame, seed: int) -> Iterator[str]:
    """A line for each model, group and way to answer; differences with 95 % intervals from resamples of users."""
    yield "| model | asked about | answers | features | AUC | Brier | log loss | mean said | came true |"
    yield "| --- " * 9 + "|"
    for (model, group), part in rows.group_by("model", "group", maintain_order=True):
        labels = part.get_column("happened").cast(pl.Float64).to_numpy()
        for way in ("batch", "live"):
            said = part.get_column(way).to_numpy()
            figures = (auc(labels, said), brier(labels, said), log_loss(labels, said))
            shown = " | ".join(f"{each:.4f}" for each in figures)
            yield f"| {model} | {group} | {part.height:,} | {way} | {shown} | {said.mean():.3f} | {labels.mean():.3f} |"
        yield f"| {model} | {group} | | live - batch | {' | '.join(_differences(part, seed))} | | |"


def _differences(part: pl.DataFrame, seed: int) -> list[str]:
    """AUC, Brier score and log loss of live less those of the batch."""
    random = np.random.default_rng(seed)
    labels = part.get_column("happened").cast(pl.Float64).to_numpy()
    said = {way: part.get_column(way).to_numpy() for way in ("batch", "live")}
    rows_of = [np.array(places) for places in part.with_row_index("place").group_by("user_id").agg("place")["place"]]
    drawn = [
        np.concatenate([rows_of[user] for user in random.integers(0, len(rows_of), len(rows_of))])
        for _ in range(_RESAMPLES)
    ]
    shown = []
    for figure in (auc, brier, log_loss):
        found = figure(labels, said["live"]) - figure(labels, said["batch"])
        resampled = [
            figure(labels[rows], said["live"][rows]) - figure(labels[rows], said["batch"][rows]) for rows in drawn
        ]
        low, high = np.quantile(resampled, [0.025, 0.975])
        shown.append(f"{found:+.4f} [{low:+.4f}, {high:+.4f}]")
    return shown


def _groups(
    events: pl.DataFrame, day: date, moment: datetime, asked: int, random: np.random.Generator
) -> Iterator[tuple[str, list[str]]]:
    """Whom to ask about: some of everyone who was seen before the moment, and of those who were active that day."""
    before = events.filter(pl.col("occurred_at") < moment)
    today = before.filter((pl.col("occurred_at") >= _midnight(day)) & ~pl.col("event_type").is_in(DONE_TO_USERS))
    for name, part in (("everyone", before), ("active today", today)):
        users = part.get_column("user_id").unique().sort().to_list()
        if users:
            yield name, sorted(random.permutation(users)[:asked].tolist())


def _store(warehouse: Database, events: pl.DataFrame, known: datetime, until: datetime) -> datetime:
    """Stores the events from `known` to `until`, which is returned."""
    at = pl.col("occurred_at")
    rows = events.filter((at >= known) & (at < until))
    if rows.height:
        import_frames(warehouse.url, [rows], f"events before {until:%Y-%m-%d %H:%M:%S}")
    return max(known, until)


def _features(warehouse: Database, users: Sequence[str], as_of: date) -> pl.DataFrame:
    return warehouse.frame(_LIVE, users=list(users), as_of=as_of)


def _probabilities(model: PropensityModel, features: pl.DataFrame, users: pl.Series) -> pl.Series:
    """What the model says of each user, and its prior of users without features."""
    scores: Mapping[str, Any] = model.answer(feature_matrix(features, model.feature_names)).columns
    said = pl.DataFrame({"user_id": features.get_column("user_id"), "said": scores["score"]})
    answered = users.to_frame("user_id").join(said, on="user_id", how="left", maintain_order="left")
    return answered.get_column("said").fill_null(model.prior.score)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


if __name__ == "__main__":
    main()
