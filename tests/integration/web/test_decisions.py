"""Experiments and policies in the browser: what is used and what is not, with the reason; a plan; a new experiment."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from backend.access.permissions import Role
from tests.integration.backend.test_campaigns import REPORT
from tests.integration.conftest import RanPlatform
from tests.integration.web.conftest import Visit
from tests.integration.web.test_pages import violations
from warehouse.database import Database
from warehouse.databases import WAREHOUSE
from warehouse.policies import add_policy

TERMS = {"terms": {"window_days": 14, "cost_per_contact": 0.1, "budget_share": 0.2}}


def report(low: float) -> dict[str, object]:
    """A policy that is better than nobody by 0.4, at worst by `low`."""
    nobody = {
        "policy": "none",
        "doubly_robust": {"value": 0.6, "low": 0.4, "high": 0.8},
        "self_normalised": None,
        "advantage": {"value": 0.4, "low": low, "high": 0.9},
    }
    return {**REPORT, "values": [*REPORT["values"], nobody]}


@pytest.fixture
def learn(ran_platform: RanPlatform) -> Iterator[Callable[[bool], int]]:
    """Stores a policy that was promoted, or not; its number. Afterwards nobody has ever learned one."""
    warehouse = Database(ran_platform.platform.warehouse_url)

    def store(is_promoted: bool) -> int:
        found = report(0.1 if is_promoted else -0.1)
        verdict = "better than none" if is_promoted else "not shown to be better than none"
        return warehouse.run(add_policy("anna", ["c"], 900, "s-trees", TERMS, found, verdict, is_promoted=is_promoted))

    yield store
    with ran_platform.platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute("truncate ml.policies cascade")
        connection.execute("truncate app.campaigns cascade")


def test_a_policy_that_is_not_better_is_visibly_not_used(
    learn: Callable[[bool], int], visit: Callable[..., Visit]
) -> None:
    number = learn(False)
    seen = visit(Role.ANALYST)
    page = seen.open("campaigns/policies")
    expect(page.get_by_text("No policy is in use, so users are drawn by chance.")).to_be_visible()
    row = page.get_by_role("row").filter(has_text=f"Policy {number}")
    expect(row).to_contain_text("not used: not shown to be better than chance")
    expect(page.get_by_text("better by 0.400 (-0.100 to 0.900) than none")).to_be_visible()
    expect(page.get_by_role("button", name="Take out of use")).to_have_count(0)
    assert violations(page) == []

    number = learn(True)
    page = seen.open("campaigns/policies")
    expect(page.get_by_text(f"Policy {number} is in use: campaigns may choose by it.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=f"Policy {number}")).to_contain_text("in use")
    assert violations(page) == []
    page.get_by_role("button", name="Take out of use").click()
    expect(page.get_by_text("No policy is in use, so users are drawn by chance.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=f"Policy {number}")).to_contain_text("taken out of use")
    assert seen.complaints == []


def test_an_experiment_is_planned_and_made(learn: Callable[[bool], int], visit: Callable[..., Visit]) -> None:
    seen = visit(Role.MARKETER)
    page = seen.open("campaigns/experiments")
    expect(page.get_by_text("users to find an effect of 1.00 points")).to_be_visible()
    page.get_by_label("Effect to find").fill("2")
    expect(page.get_by_text("an effect of 2.00 points")).to_be_visible()
    page.get_by_role("link", name="New experiment on policies").click()
    page.get_by_label("Name").first.fill("Whom and when")
    for arm, text in enumerate(("Hello", "Hello again")):
        page.get_by_label("English").nth(arm).fill(text)
    page.get_by_label("At this hour").nth(1).fill("19")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Whom and when")
    assert seen.complaints == []
