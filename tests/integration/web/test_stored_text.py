"""What an event carries is text on every page, whatever it says."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import uuid4

import httpx
from playwright.sync_api import expect

from core.api_keys import digest_of, new_key
from tests.integration.conftest import RanPlatform
from tests.integration.web.conftest import Visit
from warehouse.api_keys import add_api_key
from warehouse.database import Database

ATTACK = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>{{7*7}}"


def test_markup_in_every_field_stays_text(ran_platform: RanPlatform, ran_api: str, visit: Callable[..., Visit]) -> None:
    user = f"{ATTACK[:60]} {uuid4().hex}"
    event = {
        "user_id": user,
        "event_type": "view",
        "occurred_at": datetime.now(UTC).isoformat(),
        "source": "telegram",
        "item_id": ATTACK[:200],
        "properties": {"note": ATTACK},
    }
    key = new_key()
    Database(ran_platform.platform.backend_url).run(add_api_key("test", digest_of(key), ["events:write"]))
    headers = {"authorization": f"Bearer {key}", "idempotency-key": uuid4().hex}
    answer = httpx.post(f"{ran_api}/events", json=event, headers=headers, trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text

    seen = visit()
    page = seen.open(f"users/{quote(user, safe='')}?freshness=live")
    expect(page.locator("h1")).to_have_text(user)
    expect(page.get_by_role("cell", name=ATTACK[:40])).to_be_visible()
    page.goto("settings?view=audit")
    expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert "run" not in page.title()
    assert seen.complaints == []
