"""Figures stand beside those before: sums of days, different people, and what is at risk."""

from datetime import date

from backend.analytics.activity_store import Funnel
from backend.analytics.kpis import at_risk, people, sums
from backend.analytics.schemas import RevenuePeriod
from warehouse.revenue_at_risk import AtRisk

DAYS = [date(2024, 1, day) for day in range(2, 32)]


def day(revenue: float, orders: int) -> RevenuePeriod:
    return RevenuePeriod(
        first_day=date(2024, 1, 1),
        last_day=date(2024, 1, 1),
        is_running=False,
        active_users=1,
        new_users=0,
        buyers=orders,
        orders=orders,
        purchase_amount=revenue,
        refunds=0,
        refund_amount=0,
        revenue=revenue,
        average_order_amount=None,
    )


def test_sums_stand_beside_those_before() -> None:
    found = {each.name: each for each in sums([day(30, 2), day(10, 1)], [day(20, 0)])}
    revenue, orders = found["revenue"], found["orders"]
    assert (revenue.value, revenue.before, revenue.change, revenue.series) == (40, 20, 1, [30, 10])
    assert (orders.value, orders.before, orders.change, orders.series) == (3, 0, None, [2, 1])


def test_whoever_comes_twice_is_one_user() -> None:
    now, before = Funnel(2, 4, 0, 0, 0, 1), Funnel(1, 2, 0, 0, 0, 1)
    users, conversion = people([day(30, 1), day(10, 0)], now, before)
    assert (users.value, users.before, users.change, users.series) == (4, 2, 1, [1, 1])
    assert (conversion.value, conversion.before, conversion.change) == (0.25, 0.5, -0.5)
    assert conversion.series == [1, 0]


def test_revenue_at_risk_is_of_the_newest_run_beside_the_newest_before() -> None:
    noted = [AtRisk(date(2024, 1, 2), 3, 80), AtRisk(date(2024, 1, 20), 3, 90), AtRisk(date(2024, 2, 1), 4, 100)]
    (found,) = at_risk(noted, DAYS)
    assert (found.value, found.before, found.change, found.series) == (100, 80, 0.25, [90, 100])
    (found,) = at_risk(noted[1:], DAYS)
    assert (found.value, found.before, found.change) == (100, 0, None)
    assert at_risk(noted[:1], DAYS) == []
