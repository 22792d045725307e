"""The early warning as an asset: how many users are likely to leave, told to people at the dashboard."""

import dagster as dg

from orchestration.partitions import AS_OF
from orchestration.resources import WarehouseResource
from warehouse import notices
from warehouse.revenue_at_risk import note_revenue_at_risk


@dg.asset(
    group_name="monitoring",
    description="How many users of the newest list are at high risk of leaving; people are told once for each day.",
    kinds={"postgres"},
    partitions_def=AS_OF,
    deps=[dg.AssetKey(["analytics", "user_list"])],
)
def early_warning(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Counts users by risk and keeps what is expected of them; tells of those at high risk where there are any."""
    warehouse.open().run(note_revenue_at_risk())
    found = warehouse.open().run(notices.users_at_risk())
    as_of, at_risk, asked_about = found or (None, 0, 0)
    if as_of is not None and at_risk:
        warehouse.open().run(notices.early_warning(as_of, at_risk, asked_about))
    return dg.MaterializeResult(
        metadata={"users_at_high_risk": at_risk, "users_asked_about": asked_about, "list_as_of": str(as_of)}
    )
