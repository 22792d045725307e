"""The day and the cutoffs of a run, settled before it starts.

Small, so that a command can refuse an impossible day at once: what a run needs takes seconds to import.
"""

from datetime import UTC, date, datetime, timedelta

from core.errors import UserError
from ml.cutoffs import CutoffPlan, plan_cutoffs
from warehouse.database import Database
from warehouse.events import event_range


def plan_run(warehouse: Database, as_of: date | None, horizon_days: int) -> CutoffPlan:
    """The cutoffs of a run before it starts, so that an impossible day or horizon is refused at once.

    Without `as_of` it is the day after the last event, or today if that day has not begun yet. Raises UserError or
    ml.errors.MLError with the way out.
    """
    today = datetime.now(UTC).date()
    day = as_of or min(event_range(warehouse).last + timedelta(days=1), today)
    if day > today:
        raise UserError(f"{day} has not begun yet, so not everything before it is known; choose {today} or earlier.")
    known = event_range(warehouse, day)
    return plan_cutoffs(day, horizon_days, known.first, known.last)
