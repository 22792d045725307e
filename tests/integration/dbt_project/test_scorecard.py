"""What became of those in the ledger, joined once, and the scorecard made of it."""

import random
import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import psycopg
import pytest

from ml import evaluation
from tests.integration.dbt_project.shop import AS_OF_DATES, Dbt, insert, random_events, rows

Warehouse = psycopg.Connection[Any]
HORIZON = 20
MONDAY = date(2024, 3, 4)


def enter(warehouse: Warehouse, ledger: pl.DataFrame) -> None:
    """Adds rows to the ledger, as batch scoring and the services do; what a row does not say is the same for all.

    A row is made as its window begins, unless it says `made_at`.
    """
    filled = {
        "kind": "score",
        "model": "churn",
        "model_version": 1,
        "horizon_days": HORIZON,
        "treatment": None,
        "expected_value": None,
        "made_at": None,
    }
    frame = ledger.with_columns(
        pl.lit(value, pl.String if value is None else None).alias(name)
        for name, value in filled.items()
        if name not in ledger.columns
    )
    with warehouse.cursor() as cursor:
        cursor.executemany(
            "insert into ml.ledger (prediction_id, feature_hash, basis, kind, model, model_version, horizon_days,"
            " treatment, expected_value, user_id, as_of, score, made_at)"
            " values (gen_random_uuid(), 'f', 'model', %(kind)s, %(model)s, %(model_version)s, %(horizon_days)s,"
            " %(treatment)s, %(expected_value)s::float8, %(user_id)s, %(as_of)s::date, %(score)s,"
            " coalesce(%(made_at)s::timestamptz, %(as_of)s::date::timestamp at time zone 'UTC'))",
            frame.to_dicts(),
        )


def everyone(*days: date | str) -> pl.DataFrame:
    """A score for each of the shop's users and one stranger on each day."""
    users = [f"user {number}" for number in range(30)] + ["stranger"]
    return pl.DataFrame([{"user_id": user, "as_of": str(day), "score": 0.5} for day in days for user in users])


@pytest.fixture
def shop(dbt: Dbt, warehouse: Warehouse) -> Warehouse:
    """Random events, a quarter of them late, and everyone scored on three days by two models."""
    insert(warehouse, random_events(seed=20))
    for model in ("churn", "purchase"):
        enter(warehouse, everyone(*AS_OF_DATES).with_columns(model=pl.lit(model)))
    dbt("seed")
    dbt("run", "--select", "staging intermediate user_labels outcomes", known_until="2024-03-25")
    return warehouse


def test_outcomes_are_the_labels_of_windows_that_have_closed(shop: Warehouse) -> None:
    columns = "user_id, as_of, has_activity, has_purchased, purchase_amount, is_churned"
    outcomes = rows(shop, f"(select {columns} from ml.outcomes)", "user_id <> 'stranger'")  # noqa: S608
    labels = rows(shop, f"(select {columns} from marts.user_labels)")  # noqa: S608
    assert set(labels) <= set(outcomes)
    assert len(outcomes) == 60  # 30 users on the two days whose 20 days are over, known as of then or not
    assert (
        rows(shop, "(select user_id, has_purchased, is_churned from ml.outcomes)", "user_id = 'stranger'")
        == [("(stranger,f,)",)] * 2
    )


def test_an_outcome_is_joined_once_and_never_changes(dbt: Dbt, shop: Warehouse) -> None:
    before = rows(shop, "(select xmin, o.* from ml.outcomes as o)")
    late = [(*event[:4], event[3] + timedelta(days=60), *event[5:]) for event in random_events(seed=21, count=600)]  # type: ignore[operator]
    insert(shop, late)
    dbt("run", "--select", "intermediate outcomes", "--full-refresh", known_until="2024-03-25")
    assert rows(shop, "(select xmin, o.* from ml.outcomes as o)") == before
    dbt("run", "--select", "outcomes", known_until="2024-04-09")
    days = shop.execute("select as_of, count(*) from ml.outcomes group by as_of order by as_of").fetchall()
    assert days == [(date.fromisoformat(day), 31) for day in AS_OF_DATES]
    assert set(before) < set(rows(shop, "(select xmin, o.* from ml.outcomes as o)"))


def test_two_runs_at_once_join_an_outcome_once(dbt: Dbt, shop: Warehouse, warehouse_url: str) -> None:
    """The other run has written an outcome that this one cannot see yet; this one waits for it, and leaves it alone."""
    day = date(2024, 3, 2)
    enter(shop, everyone(day))
    with psycopg.connect(warehouse_url) as other:
        other.execute(
            "insert into ml.outcomes (user_id, as_of, horizon_days, has_activity, has_purchased, purchase_amount)"
            " values ('user 1', %s, %s, true, true, 123456)",
            [day, HORIZON],
        )
        timer = threading.Timer(2, other.commit)
        timer.start()
        dbt("run", "--select", "outcomes", known_until="2024-03-25")
        timer.join()
    found = shop.execute("select purchase_amount from ml.outcomes where as_of = %s and user_id = 'user 1'", [day])
    assert found.fetchall() == [(123456.0,)]
    assert shop.execute("select count(*) from ml.outcomes where as_of = %s", [day]).fetchone() == (31,)


def test_days_of_which_nothing_has_arrived_have_not_closed(dbt: Dbt, warehouse: Warehouse) -> None:
    """The newest event is of the 10th of February: whatever day the run is for, the window up to the 21st is open."""
    event = random_events(seed=22, count=1)[0]
    at = "2024-02-10 12:00+00"
    insert(warehouse, [(*event[:3], at, at, *event[5:])])
    enter(warehouse, everyone("2024-01-22", "2024-01-23"))
    dbt("seed")
    dbt("run", "--select", "staging intermediate outcomes", known_until="2024-06-01")
    days = warehouse.execute("select distinct as_of from ml.outcomes").fetchall()
    assert days == [(date(2024, 1, 22),)]


def matured(warehouse: Warehouse, *, users: int, day: date, seed: int, **same: object) -> pl.DataFrame:
    """Scores with many ties and what became of them, already joined; some users treated, some in the control group."""
    chance = random.Random(seed)
    scores = [chance.choice([0.05, 0.1, 0.1, 0.3, round(chance.random(), 2)]) for _ in range(users)]
    frame = pl.DataFrame(
        {
            "user_id": [f"{number:05}" for number in range(users)],
            "as_of": [day] * users,
            "score": scores,
            "treatment": [chance.choice(["treated", "control", None]) for _ in range(users)],
            "is_churned": [chance.choice([None, *[chance.random() < score] * 9]) for score in scores],
        }
    ).with_columns(pl.lit(value).alias(name) for name, value in same.items())
    enter(warehouse, frame)
    with warehouse.cursor() as cursor:
        cursor.executemany(
            "insert into ml.outcomes (user_id, as_of, horizon_days, has_activity, has_purchased, purchase_amount,"
            " is_churned) values (%(user_id)s, %(as_of)s, 20, coalesce(not %(is_churned)s::boolean, false), false, 0,"
            " %(is_churned)s) on conflict do nothing",
            frame.to_dicts(),
        )
    return frame


def scorecard(warehouse: Warehouse) -> pl.DataFrame:
    """The mart without what depends on the clock."""
    cursor = warehouse.execute(
        "select * from scorecards.model_scorecard order by model, kind, model_version, is_live, as_of_week"
    )
    names = [column.name for column in cursor.description or ()]
    return pl.DataFrame([dict(zip(names, row, strict=True)) for row in cursor.fetchall()]).drop("newest_row_at")


def test_money_is_compared_where_it_was_foretold(dbt: Dbt, warehouse: Warehouse) -> None:
    for model, money in (("purchase", 2.5), ("churn", None)):
        matured(warehouse, users=40, day=MONDAY, seed=1, model=model, expected_value=money)
    warehouse.execute("update ml.outcomes set purchase_amount = 10 where user_id < '00008'")
    dbt("run", "--select", "model_scorecard")
    found = {row["model"]: (row["predicted_amount"], row["observed_amount"]) for row in scorecard(warehouse).to_dicts()}
    assert found == {"purchase": (100.0, 80.0), "churn": (None, None)}


@pytest.mark.parametrize("users", [2600, 40])
def test_the_scorecard_agrees_with_the_evaluation_on_the_same_rows(dbt: Dbt, warehouse: Warehouse, users: int) -> None:
    frame = matured(warehouse, users=users, day=MONDAY, seed=users)
    # The same users again, later in the week and higher: they have been counted.
    matured(warehouse, users=users, day=MONDAY + timedelta(days=3), seed=users + 1)
    dbt("run", "--select", "model_scorecard")
    (found,) = scorecard(warehouse).to_dicts()
    counted = frame.drop_nulls("is_churned")
    label, score = counted["is_churned"].cast(pl.Float64), counted["score"]
    expected = evaluation.score_metrics(label, score)
    names = ("auc", "brier", "calibration_error", "lift_at_10", "observed_rate", "predicted_rate")
    assert {name: found[name] for name in names} == pytest.approx({name: expected[name] for name in names})
    assert (found["users"], found["positives"], found["as_of_week"]) == (counted.height, label.sum(), MONDAY)
    rates = {
        arm: counted.filter(pl.col("treatment") == arm)["is_churned"].cast(pl.Float64) for arm in ("treated", "control")
    }
    assert (found["treated_users"], found["control_users"]) == (len(rates["treated"]), len(rates["control"]))
    assert found["uplift"] == pytest.approx(rates["treated"].mean() - rates["control"].mean())
    variances = [float(rate.mean()) * (1 - float(rate.mean())) / len(rate) for rate in rates.values()]
    assert found["uplift_standard_error"] == pytest.approx(sum(variances) ** 0.5)


def test_a_week_is_counted_anew_when_something_about_it_is_new(dbt: Dbt, warehouse: Warehouse) -> None:
    matured(warehouse, users=40, day=MONDAY, seed=1)
    matured(warehouse, users=40, day=MONDAY + timedelta(days=7), seed=2)
    dbt("run", "--select", "model_scorecard")
    assert scorecard(warehouse)["as_of_week"].to_list() == [MONDAY, MONDAY + timedelta(days=7)]
    # A day more of the second week, another version on an old day, predictions, and a third week.
    matured(warehouse, users=60, day=MONDAY + timedelta(days=9), seed=3)
    matured(warehouse, users=40, day=MONDAY, seed=4, model_version=2, made_at=datetime.now(UTC))
    matured(warehouse, users=40, day=MONDAY, seed=5, kind="prediction", made_at=datetime.now(UTC))
    matured(warehouse, users=40, day=MONDAY + timedelta(days=14), seed=6)
    dbt("run", "--select", "model_scorecard")
    found = scorecard(warehouse)
    assert found.select("kind", "model_version", "is_live", "as_of_week").rows() == [
        ("prediction", 1, False, MONDAY),
        ("score", 1, True, MONDAY),
        ("score", 1, True, MONDAY + timedelta(days=7)),
        ("score", 1, True, MONDAY + timedelta(days=14)),
        ("score", 2, False, MONDAY),
    ]
    before = rows(warehouse, "(select xmin, s.* from scorecards.model_scorecard as s)")
    dbt("run", "--select", "model_scorecard")
    assert rows(warehouse, "(select xmin, s.* from scorecards.model_scorecard as s)") == before
    dbt("run", "--select", "model_scorecard", "--full-refresh")
    assert scorecard(warehouse).equals(found)


def test_what_is_said_in_hindsight_is_never_counted_as_live(dbt: Dbt, warehouse: Warehouse) -> None:
    """Made in 2026 about 2024, by somebody who knows how it went: AUC 1. Live it was a coin's toss."""
    users = [f"{number:03}" for number in range(100)]
    outcomes = {user: place % 2 == 0 for place, user in enumerate(users)}
    live = pl.DataFrame(
        {"user_id": users, "as_of": [MONDAY] * 100, "score": [0.5] * 100, "made_at": ["2024-03-04 23:59:59+00"] * 100}
    )
    enter(warehouse, live)
    knowing = live.with_columns(
        score=pl.Series([0.9 if outcomes[user] else 0.1 for user in users]), made_at=pl.lit("2026-01-01 12:00+00")
    )
    for kind in ("score", "prediction"):
        enter(warehouse, knowing.with_columns(kind=pl.lit(kind)))
    # A second after its day, as a clock of another time zone would still call the same day.
    enter(warehouse, knowing.with_columns(model_version=2, made_at=pl.lit("2024-03-04 19:00:01-05")))
    warehouse.cursor().executemany(
        "insert into ml.outcomes"
        " (user_id, as_of, horizon_days, has_activity, has_purchased, purchase_amount, is_churned)"
        " values (%s, %s, 20, %s, false, 0, %s)",
        [(user, MONDAY, not is_churned, is_churned) for user, is_churned in outcomes.items()],
    )

    dbt("run", "--select", "model_scorecard")

    found = scorecard(warehouse).select("kind", "model_version", "is_live", "users", "auc").rows()
    assert found == [
        ("prediction", 1, False, 100, 1.0),
        ("score", 1, False, 100, 1.0),
        ("score", 1, True, 100, 0.5),
        ("score", 2, False, 100, 1.0),
    ]


def test_each_model_is_judged_by_its_own_label(dbt: Dbt, warehouse: Warehouse) -> None:
    """A label that is null says that the model is not about this user; without a label nobody can judge a model."""
    entries = everyone(MONDAY)
    for model in ("churn", "purchase", "activity", "weather"):
        enter(warehouse, entries.with_columns(model=pl.lit(model)))
    warehouse.cursor().executemany(
        "insert into ml.outcomes"
        " (user_id, as_of, horizon_days, has_activity, has_purchased, purchase_amount, is_churned)"
        " values (%s, %s, 20, %s, %s, 0, %s)",
        [
            (user, MONDAY, place < 20, place < 10, None if user == "stranger" else place < 5)
            for place, user in enumerate(entries["user_id"])
        ],
    )
    labels = {"churn": "is_churned", "purchase": "has_purchased", "activity": "has_activity"}

    dbt("run", "--select", "model_scorecard", model_labels=labels)

    counted = scorecard(warehouse).select("model", "users", "positives").rows()
    assert counted == [("activity", 31, 20), ("churn", 30, 5), ("purchase", 31, 10)]


def test_rates_that_cannot_be_told_are_empty(dbt: Dbt, warehouse: Warehouse) -> None:
    """Everybody stayed and nobody was in a campaign: no AUC, no lift, no uplift, and still a calibration error."""
    enter(warehouse, everyone(MONDAY))
    warehouse.execute(
        "insert into ml.outcomes"
        " (user_id, as_of, horizon_days, has_activity, has_purchased, purchase_amount, is_churned)"
        " select user_id, as_of, horizon_days, true, false, 0, false from ml.ledger"
    )
    dbt("run", "--select", "model_scorecard")
    (found,) = scorecard(warehouse).to_dicts()
    assert [found[name] for name in ("auc", "lift_at_10", "uplift", "uplift_standard_error", "treated_rate")] == [
        None
    ] * 5
    assert (found["users"], found["calibration_error"], found["brier"]) == (31, 0.5, 0.25)
