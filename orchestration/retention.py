"""The job that drops old records. It makes no asset: what it leaves behind is that something is gone."""

import dagster as dg

from orchestration.resources import WarehouseResource
from warehouse.retention import KEPT_MONTHS, trim_audit, trim_ledger


@dg.op(description=f"Drops what is older than {KEPT_MONTHS} months from the audit log and the ledger.")
def drop_old_records(context: dg.OpExecutionContext, warehouse: WarehouseResource) -> None:
    """The rest of the audit log stays a whole chain."""
    months = warehouse.open().run(trim_audit())
    rows = trim_ledger(warehouse.open())
    context.log.info(f"{months} months of the audit log and {rows} rows of the ledger were dropped.")


@dg.job(description="Drops records that need not be kept any longer.")
def retention() -> None:
    """One step."""
    drop_old_records()
