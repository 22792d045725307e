"""From events to probabilities, on a shop whose truth is known: marts, training and a test day, then the truth.

Belongs here: how far the models' probabilities are from the true ones. `benchmarks.truth` measures it on a larger shop.
"""

from collections.abc import Callable
from datetime import timedelta

from dbt_project import CATALOGUE
from ingestion.importing import import_frames
from ml.backtest import MODEL, backtest
from ml.catalogue import read_catalogue
from ml.cutoffs import plan_cutoffs
from ml.evaluation import auc, calibration_error, calibration_noise, log_loss
from ml.kinds import CHURN, PURCHASE
from simulator import draw_population, simulate, truth
from warehouse.database import Database
from warehouse.events import event_range
from warehouse.marts import Marts

USERS, DAYS, SEED, HORIZON_DAYS = 4_000, 240, 1, 30


def test_probabilities_are_within_two_points_of_the_truth(dbt: Callable[..., object], warehouse_url: str) -> None:
    import_frames(warehouse_url, simulate(USERS, DAYS, SEED), "a made-up shop")
    warehouse = Database(warehouse_url)
    known = event_range(warehouse)
    as_of = known.last + timedelta(days=1)
    plan = plan_cutoffs(as_of, HORIZON_DAYS, known.first, known.last)
    days = [day.isoformat() for day in plan.all]
    chosen = ("--select", "+user_features", "+user_labels", "--exclude-resource-type", "test", "unit_test")
    dbt("build", *chosen, as_of_dates=days, horizon_days=HORIZON_DAYS, known_until=as_of.isoformat())
    frame = Marts(warehouse).training_frame(plan.all, HORIZON_DAYS)
    told = truth(draw_population(USERS, DAYS, SEED), plan.test, HORIZON_DAYS)
    for kind in (PURCHASE, CHURN):
        predictions = backtest(kind, frame, read_catalogue(CATALOGUE), [plan])
        rows = predictions.join(told, on=["user_id", "as_of"], validate="1:1")
        assert rows.height == predictions.height > 1_000
        label, score, rfm = (rows[name].to_numpy() for name in ("label", MODEL, "rfm_logistic"))
        true = rows[f"{kind}_probability"].to_numpy()
        # Who has left already is chance to the model, as in any bin of so few users.
        assert calibration_error(true, score) <= 0.02 + calibration_noise(score)
        # What is expected to be lost by not knowing the truth: less than with RFM features alone.
        assert 0 < log_loss(true, score) - log_loss(true, true) < log_loss(true, rfm) - log_loss(true, true)
        assert auc(label, rfm) < auc(label, score) < auc(label, true)
