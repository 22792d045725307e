"""Why rows are held back: SQL on `raw.events_quarantine` for people to look at."""

from backend.quarantine.schemas import HeldReason
from warehouse.database import Statement, rows

_MOST = 100


def reasons() -> Statement[list[HeldReason]]:
    """The reasons with the most rows; rows that wait for a rate are together by currency, whatever their day."""
    return rows(
        lambda reason, waits_for, count, first_at, last_at: HeldReason(
            reason=reason, waits_for=waits_for, rows=count, first_at=first_at, last_at=last_at
        ),
        "select min(reason), waits_for, count(*), min(quarantined_at), max(quarantined_at)"
        " from raw.events_quarantine where repaired_at is null"
        " group by waits_for, case when waits_for is null then reason end"
        " order by 3 desc, 1 limit %(most)s",
        most=_MOST,
    )
