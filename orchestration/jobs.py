"""Jobs are selections of assets and nothing more."""

import dagster as dg

_BACKTESTS = dg.AssetSelection.groups("backtests")
_TRAINING = dg.AssetSelection.groups("models", "serving") | _BACKTESTS

REFRESH = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all() - _TRAINING,
    description="Events checked, marts built, every user scored by the champions, drift watched. No training.",
)
RETRAIN = dg.define_asset_job(
    "retrain",
    selection=dg.AssetSelection.all(),
    description="Everything once: refresh, train challengers, let the gate decide, backtest, score, deploy.",
)
QUICK_RETRAIN = dg.define_asset_job(
    "quick_retrain",
    selection=dg.AssetSelection.all() - _BACKTESTS,
    description="Retrain without backtests, which train every model once more for each past cutoff they judge.",
)
_SNAPSHOTS = dg.AssetSelection.assets(["marts", "user_features"], ["marts", "user_labels"])
BACKFILL = dg.define_asset_job(
    "backfill",
    selection=(_SNAPSHOTS.upstream() & dg.AssetSelection.groups("marts")).without_checks(),
    description="Features and labels of a range of days in one run; what is there and still true is left as it is.",
)
