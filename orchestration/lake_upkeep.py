"""The job that keeps the lake's tables in good shape: compaction, expiry of old snapshots, files without a table.

Like `retention` it makes no asset: the tables have the same rows afterwards.
"""

import dagster as dg

from lake.opening import open_lake
from orchestration.resources import WarehouseResource
from warehouse.lake_events import has_tables
from warehouse.locks import marts_lock


@dg.op(description="Puts small files together, drops snapshots older than a week and files that nothing refers to.")
def keep_up_tables(context: dg.OpExecutionContext, warehouse: WarehouseResource) -> None:
    """Where there is no lake there is nothing to do. Nobody builds marts meanwhile."""
    opened = warehouse.open()
    if not opened.run(has_tables()):
        context.log.info("There is no lake.")
        return
    lake = open_lake(opened.url)
    from lake.upkeep import keep_up

    with marts_lock(opened):
        kept = keep_up(lake)
    context.log.info(
        f"{kept.compacted} files were put together into {kept.made} lots, {kept.expired} snapshots have expired,"
        f" {kept.removed} files were removed."
    )


@dg.job(description="Compaction and expiry of the lake's tables.")
def lake_upkeep() -> None:
    """One step."""
    keep_up_tables()
