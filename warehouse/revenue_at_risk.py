"""Revenue at risk by day (`ml.revenue_at_risk`): what is expected of users at high risk of leaving.

Belongs here: SQL on that table. Does not belong here: who is at high risk (`analytics.user_list`).
"""

from dataclasses import dataclass
from datetime import date

from warehouse.database import Statement, command, rows


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Users at high risk of leaving on a day, and the money expected of them within the horizon, in base currency."""

    as_of: date
    users: int
    expected_value: float


def note_revenue_at_risk() -> Statement[int]:
    """Keeps what the newest list of users says; of a day that is run again, what the later run says."""
    return command(
        "insert into ml.revenue_at_risk (as_of, users, expected_value)"
        " select as_of, count(*) filter (where churn_risk = 'high'),"
        " coalesce(sum(expected_value) filter (where churn_risk = 'high'), 0)"
        " from analytics.user_list group by as_of having count(churn_risk) > 0"
        " on conflict (as_of) do update set users = excluded.users, expected_value = excluded.expected_value"
    )


def revenue_at_risk(first: date, last: date) -> Statement[list[AtRisk]]:
    """The days from `first` to `last`, in order, and the newest one before them."""
    return rows(
        AtRisk,
        "select as_of, users, expected_value from ml.revenue_at_risk"
        " where as_of <= %(last)s and as_of >= coalesce("
        " (select max(as_of) from ml.revenue_at_risk where as_of < %(first)s), %(first)s) order by as_of",
        first=first,
        last=last,
    )
