"""The bot while something is away, slow, or killed: polite, short, and nothing lost or said twice."""

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from standalone.processes import Child, stop
from tests.integration.bot.conftest import Chat, Shop, wait_for
from warehouse.database import Database, command, rows


def server(shop: Shop, name: str) -> Child:
    """A running server by its name."""
    (child,) = [each for each in shop.fleet.children if each.command.name == name]
    return child


def bot_caller(shop: Shop) -> httpx.Client:
    """The API as the bot calls it."""
    key = shop.platform.home.bot_key.read_text(encoding="utf-8").strip()
    return httpx.Client(base_url=shop.api_url, headers={"authorization": f"Bearer {key}"}, timeout=30, trust_env=False)


def fault(chat: Chat, kind: str, count: int = 1, seconds: float = 0) -> None:
    """Lets the bot's next messages go wrong."""
    chat.act("fault", method="sendMessage", kind=kind, count=count, seconds=seconds)


def texts(chat: Chat) -> list[str]:
    """What the bot has said."""
    return [answer["text"] for answer in chat.answers()]


def test_while_the_api_is_away_people_are_told_once_and_answered_later(shop: Shop) -> None:
    anna = shop.visitor()
    stop([server(shop, "api")])
    assert "does not answer right now" in anna.say("/help")["text"]
    shop.fleet.revive()
    shop.fleet.await_ready()
    wait_for(lambda: [{} for said in texts(anna) if "/recommend" in said])
    anna.events("command")
    assert len([said for said in texts(anna) if "does not answer right now" in said]) == 1


def test_what_telegram_did_not_take_is_sent_again_and_what_it_may_have_taken_is_not(shop: Shop) -> None:
    anna = shop.visitor()
    fault(anna, "error", count=2)
    anna.say("/help")
    fault(anna, "flood", seconds=1)
    anna.say("/help")
    fault(anna, "lost")
    anna.say("/help")
    anna.say("/help")
    assert len(texts(anna)) == 4


def test_a_killed_bot_comes_back_and_repeats_no_answer(shop: Shop) -> None:
    anna = shop.visitor()
    anna.say("/help")
    anna.events("answer_sent")
    child = server(shop, "bot")
    child.process.send_signal(signal.SIGKILL)
    child.process.wait()
    anna.act("write", text="/language")
    shop.fleet.revive()
    shop.fleet.await_ready()
    wait_for(lambda: [{} for said in texts(anna) if "Which language" in said])
    anna.events("answer_sent", 2)
    assert len(texts(anna)) == 2


def test_an_update_that_was_taken_and_not_handled_is_given_out_again(shop: Shop) -> None:
    anna = shop.visitor()
    # Registers the chat, as the first word of every user does.
    anna.say("/help")
    mine = next(message for message in anna.messages() if not message["from"]["is_bot"])
    update = json.dumps({"update_id": 77, "message": mine})
    query = (
        "insert into app.telegram_updates (update_id, update, taken_at, attempts)"
        " values (77, %(update)s, now() - interval '61 seconds', 1)"
    )
    before = len(texts(anna))
    Database(shop.platform.backend_url).run(command(query, update=update))
    wait_for(lambda: anna.answers()[before:])
    outcome = rows(dict, "select jsonb_build_object('outcome', outcome) from app.telegram_updates where update_id = 77")
    wait_for(lambda: [each for each in Database(shop.platform.backend_url).run(outcome) if each["outcome"]])


def test_each_update_is_given_to_one_bot_and_known_when_it_comes_again(shop: Shop) -> None:
    stop([server(shop, "bot")])
    try:
        with bot_caller(shop) as caller:
            wait_for(lambda: [{}] if not _taken(caller, 100) else [])
            updates = [{"update_id": 10**6 + number} for number in range(200)]
            for start in (0, 100):
                stored = caller.post("/telegram/updates", json={"updates": updates[start : start + 100]})
                assert stored.json() == {"new": 100}
            assert caller.post("/telegram/updates", json={"updates": updates[:100]}).json() == {"new": 0}
            with ThreadPoolExecutor(8) as pool:
                taken = [each for some in pool.map(lambda _: _taken(caller, 10), range(24)) for each in some]
            assert sorted(each["update_id"] for each in taken) == [each["update_id"] for each in updates]
            for update in updates:
                path = f"/telegram/updates/{update['update_id']}/handled"
                assert caller.post(path, json={"outcome": "ignored"}).json() == {"is_first": True}
            assert caller.post(path, json={"outcome": "ignored"}).json() == {"is_first": False}
            assert caller.post("/telegram/updates", json={"updates": updates[:100]}).json() == {"new": 0}
    finally:
        shop.fleet.revive()
        shop.fleet.await_ready()


def test_updates_that_postgres_could_not_store_are_no_failure(shop: Shop) -> None:
    with bot_caller(shop) as caller:
        odd = {"update_id": 2 * 10**6, "message": {"text": "a\x00b"}}
        assert caller.post("/telegram/updates", json={"updates": [odd]}).json() == {"new": 1}
        too_high = caller.post("/telegram/updates", json={"updates": [{"update_id": 2**63}]})
        assert too_high.status_code == 422


def _taken(caller: httpx.Client, limit: int) -> list[dict[str, Any]]:
    return list(caller.post("/telegram/updates/take", json={"limit": limit}).json()["updates"])
