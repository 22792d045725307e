"""Jobs. Each is a selection of assets and nothing more."""

import dagster as dg

_BACKTESTS = dg.AssetSelection.groups("backtests")
_TRAINING = dg.AssetSelection.groups("models", "serving") | _BACKTESTS

REFRESH = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all() - _TRAINING,
    description="Checks events, builds marts, scores every user with the champions, checks drift. No training.",
)
RETRAIN = dg.define_asset_job(
    "retrain",
    selection=dg.AssetSelection.all(),
    description="Runs everything once: refresh, train challengers, let the gate decide, backtest, score, deploy.",
)
QUICK_RETRAIN = dg.define_asset_job(
    "quick_retrain",
    selection=dg.AssetSelection.all() - _BACKTESTS,
    description="A retrain without backtests. Those train every model once more for each past test cutoff.",
)
_SNAPSHOTS = dg.AssetSelection.assets(["marts", "user_features"], ["marts", "user_labels"])
BACKFILL = dg.define_asset_job(
    "backfill",
    selection=(_SNAPSHOTS.upstream() & dg.AssetSelection.groups("marts")).without_checks(),
    description="Builds features and labels of a range of days in one run. What is there and still true is kept.",
)
