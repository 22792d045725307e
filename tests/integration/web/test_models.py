"""A model is rolled back, and a run is started and cancelled, in a browser."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from backend.access.permissions import Role
from core.home import Home
from orchestration.publishing import publish_version
from registry.mlflow_registry import CHALLENGER, Registry
from registry.promotion import promote
from standalone.fleet import running_servers
from standalone.servers import page_servers, worker_server
from tests.integration.conftest import RanPlatform
from tests.integration.web.conftest import Visit
from warehouse.database import Database
from warehouse.databases import WAREHOUSE

REASON = "complaints about the list of the weekend"


@pytest.fixture
def champions(ran_platform: RanPlatform, tmp_path: Path) -> Iterator[tuple[int, int]]:
    """The champion of churn, and the same once more as the version that replaced it; nothing of that one is left."""
    environment, warehouse = ran_platform.platform.environment, Database(ran_platform.warehouse_url)
    home = Home(ran_platform.home)
    registry = Registry(environment["MLFLOW_TRACKING_URI"], environment["MLFLOW_ARTIFACT_ROOT"], home.storage)
    first = registry.champion("churn")
    folder = shutil.copytree(registry.folder(first), tmp_path / "churn")
    tags = {name: tag for name, tag in first.tags.items() if name not in ("digest", "gate")}
    second = registry.log_candidate(
        "churn", folder, first.digest, parameters={}, metrics=first.metrics, figures={}, tables={}, tags=tags
    )
    publish_version(registry, warehouse, "churn", second.version)
    promote(registry, warehouse, second, instead_of=first, reason="promoted: a test", promoted_by="a test")
    yield first.version, second.version
    assert registry.champion("churn").version == first.version
    registry.client.set_registered_model_alias("churn", CHALLENGER, str(first.version))
    registry.client.delete_model_version("churn", str(second.version))
    with ran_platform.platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute(
            "delete from ml.promotions where model = 'churn' and %s in (from_version, to_version)", [second.version]
        )
        connection.execute("delete from ml.model_versions where model = 'churn' and version = %s", [second.version])
        connection.execute("delete from jobs.model_changes")


def section(page: Page, title: str) -> Locator:
    return page.locator("section", has=page.get_by_role("heading", name=title, exact=True))


def test_a_model_is_rolled_back(
    champions: tuple[int, int], ran_platform: RanPlatform, visit: Callable[..., Visit]
) -> None:
    first, second = champions
    anna = visit(Role.ANALYST)
    churn = section(anna.open("models"), "Leaving")
    expect(churn.get_by_text(f"Champion {second}", exact=False).first).to_be_visible()
    with running_servers([worker_server(ran_platform.platform)]):
        churn.get_by_role("button", name="Roll back").click()
        dialog = anna.page.get_by_role("dialog")
        expect(dialog.get_by_role("heading")).to_have_text(f"Roll back Leaving from {second} to {first}?")
        expect(dialog.get_by_role("button", name="Roll back")).to_be_disabled()
        dialog.get_by_label("Reason").fill(REASON)
        dialog.get_by_role("button", name="Roll back").click()
        expect(churn.get_by_text(f"The rollback from {second} to {first} is done")).to_be_visible(timeout=60_000)
    expect(churn.get_by_role("cell", name=REASON).first).to_be_visible()
    expect(churn.get_by_text(f"Champion {first}", exact=False).first).to_be_visible()
    assert anna.complaints == []


def test_only_managers_of_models_see_the_buttons(visit: Callable[..., Visit]) -> None:
    page = visit(Role.VIEWER).open("models")
    expect(page.get_by_role("heading", name="Leaving", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Roll back")).to_have_count(0)
    expect(page.get_by_role("button", name="Start a run")).to_have_count(0)


def test_a_run_is_started_and_cancelled(ran_platform: RanPlatform, visit: Callable[..., Visit]) -> None:
    """Without Dagster's daemon, which would begin it: the run waits, and is cancelled."""
    _mlflow, code, dagster, _daemon = page_servers(ran_platform.platform)
    with running_servers([code, dagster]):
        anna = visit(Role.ANALYST)
        page = anna.open("data")
        page.get_by_role("button", name="Start a run").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("As of (UTC)").fill(ran_platform.as_of.isoformat())
        dialog.get_by_role("button", name="Start", exact=True).click()
        run = page.get_by_role("row").filter(has_text="waiting")
        expect(run).to_contain_text("Daily run", timeout=60_000)
        run.get_by_role("button", name="Cancel run").click()
        expect(page.get_by_role("row").filter(has_text="cancelled").first).to_contain_text("Daily run")
        assert anna.complaints == []
