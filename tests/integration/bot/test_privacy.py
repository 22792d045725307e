"""/privacy with the worker that does exports and erasures: a file with all that is held, or nothing left."""

import json

import pytest

from standalone.servers import worker_server
from tests.integration.bot.conftest import Shop, wait_for
from tests.integration.bot.test_bot import pressed
from warehouse.database import Database, rows


@pytest.fixture(scope="module")
def shop_with_worker(shop: Shop) -> Shop:
    """The shop with its worker."""
    shop.fleet.start([worker_server(shop.platform)])
    return shop


def test_people_get_their_data_as_a_file(shop_with_worker: Shop) -> None:
    shop = shop_with_worker
    anna = shop.visitor()
    pressed(anna, anna.say("/privacy"), "privacy:export")
    message = wait_for(lambda: [answer for answer in anna.answers() if "document" in answer])[0]
    token = shop.telegram.token
    file = shop.page.get(f"/bot{token}/getFile", params={"file_id": message["document"]["file_id"]}).json()["result"]
    text = shop.page.get(f"/file/bot{token}/{file['file_path']}").text
    assert str(anna.user_id) in json.dumps(json.loads(text))
    assert message["caption"] == "This is all that we hold about you."


def test_people_are_erased_after_they_have_said_so_twice(shop_with_worker: Shop) -> None:
    shop = shop_with_worker
    boris = shop.visitor("en", "Boris")
    boris.say("/start")
    boris.events("answer_sent")
    sure = pressed(boris, boris.say("/privacy"), "privacy:erase")
    assert "cannot be undone" in sure["text"]
    kept = pressed(boris, sure, "privacy:no")
    assert kept["text"] == "Nothing was erased."
    sure = pressed(boris, boris.say("/privacy"), "privacy:erase")
    pressed(boris, sure, "privacy:yes")
    own = Database(shop.platform.backend_url)
    left = (
        "select event_type from raw.events where user_id = %(user_id)s"
        " union all select user_id from app.subscriptions where user_id = %(user_id)s"
    )
    wait_for(lambda: [{}] if not own.run(rows(str, left, user_id=str(boris.user_id))) else [])
    # Whoever was erased is still answered, and nothing of it is kept.
    assert "/recommend" in boris.say("/help")["text"]
    assert own.run(rows(str, left, user_id=str(boris.user_id))) == []
