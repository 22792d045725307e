"""Jobs are selections of assets and nothing more."""

import dagster as dg

_TRAINING = dg.AssetSelection.groups("models", "serving")

REFRESH = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all() - _TRAINING,
    description="Events checked, marts built, every user scored by the champions, drift watched. No training.",
)
RETRAIN = dg.define_asset_job(
    "retrain",
    selection=dg.AssetSelection.all(),
    description="Everything once: refresh, train challengers, let the gate decide, score, deploy.",
)
