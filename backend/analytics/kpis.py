"""The figures that a day begins with: the last days, beside as many before.

Belongs here: what a figure is of, and its change. Does not belong here: counting (the stores).
"""

from collections.abc import Sequence
from datetime import date

from backend.analytics.activity_store import Funnel
from backend.analytics.schemas import Kpi, RevenuePeriod
from warehouse.revenue_at_risk import AtRisk

_SUMS = ("revenue", "orders", "new_users")


def sums(days: Sequence[RevenuePeriod], before: Sequence[RevenuePeriod]) -> list[Kpi]:
    """What adds up over days."""
    return [_kpi(name, sum(_by_day(name, days)), sum(_by_day(name, before)), _by_day(name, days)) for name in _SUMS]


def people(days: Sequence[RevenuePeriod], now: Funnel, before: Funnel) -> list[Kpi]:
    """Different users, and how many of them bought: whoever came on two days counts once."""
    shares = [day.buyers / day.active_users if day.active_users else 0.0 for day in days]
    return [
        _kpi("active_users", now.active_users, before.active_users, _by_day("active_users", days)),
        _kpi("conversion", _conversion(now), _conversion(before), shares),
    ]


def at_risk(found: Sequence[AtRisk], days: Sequence[date]) -> list[Kpi]:
    """Revenue at risk, if a run of these days noted it. `found` may begin with the newest run before them."""
    before = [each.expected_value for each in found if each.as_of <= days[0]]
    noted = [each.expected_value for each in found if each.as_of > days[0]]
    return [_kpi("revenue_at_risk", noted[-1], before[-1] if before else 0.0, noted)] if noted else []


def _kpi(name: str, value: float, before: float, series: Sequence[float]) -> Kpi:
    change = (value - before) / before if before else None
    return Kpi(name=name, value=value, before=before, change=change, series=[*series])


def _by_day(name: str, days: Sequence[RevenuePeriod]) -> list[float]:
    return [float(getattr(day, name)) for day in days]


def _conversion(counts: Funnel) -> float:
    return counts.buyers / counts.active_users if counts.active_users else 0.0
