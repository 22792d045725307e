"""The scorecard as an asset: live AUC, calibration and lift of everything that has matured, by version and week."""

import dagster as dg

from orchestration.partitions import AS_OF
from orchestration.resources import WarehouseResource
from orchestration.scorecard_report import campaigns_markdown, read_scorecard, scorecard_markdown
from warehouse.campaign_effects import newest_looks

_WEEKS = 12


@dg.asset(
    group_name="monitoring",
    description="What predictions came to (models scorecard), and what campaigns did (campaigns scorecard).",
    kinds={"postgres"},
    partitions_def=AS_OF,
    deps=[dg.AssetKey(["scorecards", "model_scorecard"])],
)
def scorecard(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Shows the newest weeks of the mart."""
    database = warehouse.open()
    rows = read_scorecard(database, weeks=_WEEKS)
    live = rows.filter("is_live").drop_nulls("auc").reverse()
    newest = {f"{row['model']}_{row['kind']}_auc": row["auc"] for row in live.iter_rows(named=True)}
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": rows.height,
            "scorecard": dg.MetadataValue.md(scorecard_markdown(rows)),
            "campaigns": dg.MetadataValue.md(campaigns_markdown(database.run(newest_looks()))),
            **newest,
        }
    )
