"""Contract checks as they run: on the rows that arrived since the last check that passed, and on no others.

What an event must look like is `data_contracts`'; this module remembers how far the checking has come.
"""

from dataclasses import dataclass

from data_contracts.contract import read_contract
from orchestration.warehouse import Warehouse

READER = "contract"


@dataclass(frozen=True)
class ContractCheck:
    """What a check of the new rows found, as a sentence without a single value of the data."""

    success: bool
    checked_rows: int
    sentence: str


def check_new_events(warehouse: Warehouse) -> ContractCheck:
    """Checks the rows of every transaction not yet checked; the watermark moves only when they all pass."""
    # Importing Great Expectations takes seconds, which only this step should pay.
    from data_contracts.expectations import check

    reached = warehouse.oldest_open_transaction()
    start = warehouse.watermark(READER)
    result = check(read_contract(), warehouse.url, f"select * from raw.events where ingested_xid >= {start}")  # noqa: S608
    if result.success:
        warehouse.move_watermark(READER, reached)
        return ContractCheck(True, result.checked_rows, f"{result.checked_rows:,} new rows keep the contract")
    broken = "; ".join(f"{each.column} {each.rule} ({each.unexpected_count:,} rows)" for each in result.failures)
    return ContractCheck(
        False, result.checked_rows, f"of {result.checked_rows:,} new rows some break the contract: {broken}"
    )
