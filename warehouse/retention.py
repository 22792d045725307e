"""How long records are kept, and dropping those that are older.

Belongs here: the audit log and the ledger. Does not belong here: what ends sooner and is dropped by whoever writes it
(notices, texts of exports), and events, which are archived (`ingestion.archive`).
"""

from warehouse.database import Database, Statement, command, value

KEPT_MONTHS = 24
"""Whole months, beside the running one, for the audit log and for the ledger."""

_ROWS_A_TRANSACTION = 50_000


def trim_audit(kept_months: int = KEPT_MONTHS) -> Statement[int]:
    """Drops months of the audit log; how many. Fewer than 12 are never kept."""
    return value(int, "select app.trim_audit(%(kept_months)s)", kept_months=kept_months)


def trim_ledger(database: Database, kept_months: int = KEPT_MONTHS) -> int:
    """Deletes what was said longer ago, some rows at a time; how many.

    A live answer's note of its features is a column of its row.
    """
    deleted = 0
    while count := database.run(_oldest_of_ledger(kept_months)):
        deleted += count
    return deleted


def _oldest_of_ledger(kept_months: int) -> Statement[int]:
    return command(
        "delete from ml.ledger where prediction_id in ("
        " select prediction_id from ml.ledger"
        " where made_at < (date_trunc('month', now() at time zone 'UTC') - make_interval(months => %(kept_months)s))"
        " at time zone 'UTC' limit %(rows)s)",
        kept_months=kept_months,
        rows=_ROWS_A_TRANSACTION,
    )
