"""Events as an asset. New rows are checked against the contract before anything is built from them."""

import dagster as dg

from ingestion.contract_check import check_new_events
from orchestration.partitions import AS_OF
from orchestration.resources import WarehouseResource
from warehouse.events import estimated_events, event_range, quarantined
from warehouse.excluded_users import excluded_users


@dg.asset(
    key=["raw", "events"],
    group_name="events",
    description="User events of the shop, append-only. Materializing checks the rows that have arrived.",
    kinds={"postgres", "great_expectations"},
    partitions_def=AS_OF,
    check_specs=[
        dg.AssetCheckSpec(
            "contract",
            asset=["raw", "events"],
            blocking=True,
            description="New rows satisfy data_contracts/events.odcs.yaml. Nothing is built from rows that do not.",
        )
    ],
)
def events(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Reports on the events and checks the new ones."""
    opened = warehouse.open()
    known = event_range(opened)
    found = check_new_events(opened)
    return dg.MaterializeResult(
        metadata={
            "about_events": opened.run(estimated_events()),
            "first_day": known.first.isoformat(),
            "last_day": known.last.isoformat(),
            "quarantined_rows": opened.run(quarantined()),
            "excluded_users": len(opened.run(excluded_users())),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name="contract",
                passed=found.success,
                description=found.sentence,
                metadata={"checked_rows": found.checked_rows, "warnings": list(found.warnings)},
            )
        ],
    )
