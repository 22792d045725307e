"""A campaign from a file of users to its recipients, as a marketer types it."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from standalone.fleet import running_servers
from standalone.local_key import ensure_local_key
from standalone.servers import api_server
from standalone.stack import Platform
from standalone.up import announce, exclusive_up
from tests.integration.backend.audience import draft, make_users, subscribe
from tests.integration.conftest import command

USERS = 20


@pytest.fixture
def shop(empty_platform: Platform, warehouse_url: str) -> Iterator[Platform]:
    """A platform whose API runs, with users who want offers."""
    with psycopg.connect(warehouse_url) as connection:
        make_users(connection, USERS)
    with psycopg.connect(empty_platform.backend_url) as connection:
        subscribe(connection, USERS)
    ensure_local_key(empty_platform)
    with exclusive_up(empty_platform.home), running_servers([api_server(empty_platform)]) as servers:
        announce(empty_platform.home, servers)
        yield empty_platform


def test_a_campaign_is_made_previewed_approved_started_and_cancelled(shop: Platform, tmp_path: Path) -> None:
    (tmp_path / "tea.json").write_text(json.dumps(draft(name="Tea")))
    (tmp_path / "users.txt").write_text("u1\nu2\n\nnobody\n")
    made = command(
        shop, "campaigns", "create", str(tmp_path / "tea.json"), "--users", str(tmp_path / "users.txt"), "--json"
    )
    campaign = json.loads(made)["campaign_id"]
    preview = command(shop, "campaigns", "preview", campaign)
    assert "2 of 3 users would be written to." in preview
    assert "unreachable (no_chat)" in preview
    assert "u1 (plain, en): Hello!" in preview
    assert "cannot start" in command(shop, "campaigns", "start", campaign, exit_code=2)
    command(shop, "campaigns", "approve", campaign)
    assert "Tea: scheduled" in command(shop, "campaigns", "start", campaign)
    assert "Tea" in command(shop, "campaigns", "list")
    assert "Tea: cancelled" in command(shop, "campaigns", "cancel", campaign)
    assert command(shop, "campaigns", "recipients", campaign) == ""
    (tmp_path / "bad.json").write_text("{")
    assert "is no campaign" in command(shop, "campaigns", "create", str(tmp_path / "bad.json"), exit_code=2)
