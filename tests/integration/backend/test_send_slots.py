"""One budget for the bot and all senders: no window of a second holds more than is allowed, and replies come first."""

import threading
import time
from collections.abc import Callable, Iterator

import httpx
import psycopg
import pytest

from tests.integration.backend.conftest import Api
from warehouse.database import command, execute, value
from warehouse.send_slots import Slot, forget_slots, hold_slots, take_slot


@pytest.fixture(autouse=True)
def unused(api: Api) -> None:
    api.own.run(command("delete from app.send_slots"))


@pytest.fixture
def bot(api: Api, make_key: Callable[..., str]) -> Iterator[httpx.Client]:
    with api.caller(make_key("telegram:write")) as client:
        yield client


def slots(api: Api, chats: range, *, is_reply: bool) -> list[Slot]:
    with psycopg.connect(api.own.url, autocommit=True) as connection:
        return [execute(connection, take_slot(chat, is_reply=is_reply)) for chat in chats]


def test_no_second_holds_more_than_thirty_whoever_sends(api: Api) -> None:
    moments: list[float] = []

    def send(first: int) -> None:
        with psycopg.connect(api.own.url, autocommit=True) as connection:
            for chat in range(first, first + 40):
                while not (slot := execute(connection, take_slot(chat, is_reply=False))).is_granted:
                    time.sleep(slot.wait_seconds)
                moments.append(time.monotonic() + slot.wait_seconds)

    senders = [threading.Thread(target=send, args=(first,)) for first in (1000, 2000, 3000)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    moments.sort()
    assert all(later - earlier > 1 for earlier, later in zip(moments, moments[30:], strict=False))
    assert moments[-1] - moments[0] < len(moments) / (30 * 0.95)


def test_replies_come_before_campaigns(api: Api) -> None:
    assert all(slot.is_granted for slot in slots(api, range(1, 21), is_reply=True))
    (campaign,) = slots(api, range(100, 101), is_reply=False)
    assert not campaign.is_granted
    assert 0 < campaign.wait_seconds < 0.7
    (reply,) = slots(api, range(101, 102), is_reply=True)
    assert reply.is_granted
    # Where only campaigns send, a reply waits for a moment.
    api.own.run(command("delete from app.send_slots"))
    assert [slot.is_granted for slot in slots(api, range(200, 230), is_reply=False)].count(False) > 20
    (reply,) = slots(api, range(101, 102), is_reply=True)
    assert reply.wait_seconds < 0.2


@pytest.mark.parametrize(("chat", "seconds"), [(7, 1.0), (-7, 3.0)])
def test_a_chat_gets_one_message_a_second_and_a_group_twenty_a_minute(api: Api, chat: int, seconds: float) -> None:
    first, second = slots(api, range(chat, chat + 1), is_reply=True) + slots(api, range(chat, chat + 1), is_reply=True)
    assert first.is_granted
    assert not second.is_granted
    assert second.wait_seconds == pytest.approx(seconds, abs=0.3)


def test_when_telegram_asks_to_wait_everybody_does(api: Api, bot: httpx.Client) -> None:
    assert bot.post("/telegram/slots/floods", json={"retry_after_seconds": 20}).status_code == 204
    api.own.run(hold_slots(2))
    (campaign,) = slots(api, range(1, 2), is_reply=False)
    assert not campaign.is_granted
    reply = bot.post("/telegram/slots", json={"chat_id": 2}).json()
    assert reply["is_granted"]
    assert 15 < reply["wait_seconds"] <= 20


def test_chats_are_forgotten(api: Api) -> None:
    slots(api, range(1, 4), is_reply=True)
    assert api.own.run(forget_slots()) == 0
    api.own.run(command("update app.send_slots set next_at = now() - interval '2 minutes'"))
    assert api.own.run(forget_slots()) == 3
    assert api.own.run(value(int, "select count(*) from app.send_slots")) == 1
