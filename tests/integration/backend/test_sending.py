"""Messages over a double of Telegram: once to everybody who wants them, whatever happens to senders and to Telegram."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from backend.sending.__main__ import send
from backend.sending.outcomes import message_id
from backend.sending.settings import SenderSettings
from backend.subscriptions.rules import ContactRules
from standalone.stack import Platform
from tests.integration.backend.audience import FIRST_CHAT, draft, forget_campaigns, make_users, subscribe
from tests.integration.backend.conftest import Api
from tests.integration.backend.telegram import Double, kill, running_double, start_sender
from warehouse.campaigns import see_to_running
from warehouse.database import command, execute, rows, value
from warehouse.databases import WAREHOUSE
from warehouse.recipients import EPOCH, Key
from warehouse.restorations import note_restoration
from warehouse.shop_settings import Chosen, add_settings

Json = dict[str, Any]
USERS = 60
KILLS = 5
_PATIENCE_SECONDS = 45


@pytest.fixture(scope="module")
def telegram(empty_platform: Platform) -> Iterator[Double]:
    """A double that knows everybody, and has no limits of its own."""
    with running_double(empty_platform) as double:
        double.act("users", first_id=FIRST_CHAT, count=USERS + 1)
        yield double


@pytest.fixture(autouse=True)
def shop(api: Api, empty_platform: Platform) -> None:
    with empty_platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        forget_campaigns(connection)
        connection.execute("delete from raw.events")
        subscribe(connection, USERS)
    with api.warehouse.transaction() as connection:
        make_users(connection, USERS)


class Sending:
    """Campaigns that are started, and a sender in this process that sends them."""

    def __init__(self, api: Api, caller: httpx.Client, telegram: Double) -> None:
        self.api, self.caller, self.telegram = api, caller, telegram
        self._before = len(telegram.sends())

    def start(self, **given: Any) -> str:
        campaign_id = str(self.caller.post("/campaigns", json=draft(**given)).raise_for_status().json()["campaign_id"])
        for step in ("approve", "start"):
            self.caller.post(f"/campaigns/{campaign_id}/{step}").raise_for_status()
        return campaign_id

    def status(self, campaign_id: str) -> Json:
        status: Json = self.caller.get(f"/campaigns/{campaign_id}").raise_for_status().json()
        numbers = status["numbers"]
        assert numbers["selected"] == sum(numbers.values()) - numbers["selected"]
        return status

    def numbers(self, campaign_id: str) -> Json:
        """The numbers that are not zero, without the sum."""
        numbers = self.status(campaign_id)["numbers"]
        return {name: number for name, number in numbers.items() if number and name != "selected"}

    def sent(self) -> list[Json]:
        """What arrived since this test began."""
        return self.telegram.sends()[self._before :]

    def until(self, is_so: Callable[[], bool], **settings: Any) -> None:
        """Sends until something is so."""
        given = {
            "warehouse_url": self.api.own.url,
            "telegram_bot_token": self.telegram.token,
            "telegram_api_url": self.telegram.address,
            "messages_a_second": 1000.0,
            "idle_seconds": 0.05,
            "retry_seconds": 0.05,
        }
        chosen = SenderSettings.model_validate({**given, **settings})

        async def work() -> None:
            stopped = asyncio.Event()
            sending = asyncio.create_task(send(chosen, ContactRules(), stopped))
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while not await asyncio.to_thread(is_so):
                assert time.monotonic() < deadline, "it was not so in time"
                await asyncio.sleep(0.1)
            stopped.set()
            await sending

        asyncio.run(work())

    def to_the_end(self, campaign_id: str, **settings: Any) -> Json:
        """Sends all of a campaign; its numbers."""
        self.until(lambda: self.status(campaign_id)["state"] == "done", **settings)
        return self.numbers(campaign_id)


@pytest.fixture
def sending(api: Api, caller: httpx.Client, telegram: Double) -> Sending:
    return Sending(api, caller, telegram)


def events(api: Api, kind: str) -> list[tuple[UUID, str, Json]]:
    return api.warehouse.run(
        rows(
            lambda *row: row,
            "select event_id, user_id, properties from raw.events where event_type = %(kind)s order by user_id",
            kind=kind,
        )
    )


def test_everybody_gets_the_message_once_and_it_is_an_event(sending: Sending, api: Api) -> None:
    campaign_id = sending.start(control_share=0.3)
    numbers = sending.to_the_end(campaign_id, lanes=3)
    assert set(numbers) == {"sent", "control"}
    chats = [each["chat_id"] for each in sending.sent()]
    assert len(chats) == len(set(chats)) == numbers["sent"]
    sent, withheld = events(api, "notification_sent"), events(api, "notification_withheld")
    assert (len(sent), len(withheld)) == (numbers["sent"], numbers["control"])
    assert {event_id for event_id, _, _ in sent} == {
        message_id(Key(UUID(campaign_id), user_id, EPOCH)) for _, user_id, _ in sent
    }
    assert {said["arm"] for _, _, said in sent} == {"plain"}
    # A second sender finds nothing to do, whenever it looks.
    sending.until(lambda: True, lanes=2)
    assert len(sending.sent()) == numbers["sent"]
    assert len(events(api, "notification_sent")) == numbers["sent"]


def test_killed_senders_send_nothing_twice_and_skip_nobody(
    sending: Sending, api: Api, empty_platform: Platform, tmp_path: Path
) -> None:
    campaign_id = sending.start()
    settings = {"messages_a_second": 20, "lost_seconds": 30}
    senders = [start_sender(empty_platform, tmp_path / "log", **settings) for _ in range(3)]
    try:
        for kills in range(1, KILLS + 1):
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while len(sending.sent()) < kills * 8:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            kill(senders.pop(0))
            senders.append(start_sender(empty_platform, tmp_path / "log", **settings))
    finally:
        for each in senders:
            kill(each)
    # Its sender was lost long ago, as the next one sees it.
    api.own.run(command("update app.recipients set sent_at = sent_at - interval '5 minutes' where state = 'sending'"))
    numbers = sending.to_the_end(campaign_id)
    assert set(numbers) <= {"sent", "unknown"}
    assert sum(numbers.values()) == USERS
    assert numbers.get("unknown", 0) <= KILLS + len(senders)
    chats = [each["chat_id"] for each in sending.sent()]
    assert len(chats) == len(set(chats))
    unknown = sending.caller.get(f"/campaigns/{campaign_id}/recipients", params={"state": "unknown"}).json()
    missing = {f"u{n}" for n in range(1, USERS + 1)} - {f"u{chat - FIRST_CHAT}" for chat in chats}
    assert missing <= {each["user_id"] for each in unknown["recipients"]}


def test_a_batch_of_blocked_people_ends_nothing_but_their_subscriptions(sending: Sending, api: Api) -> None:
    for chat in range(FIRST_CHAT + 1, FIRST_CHAT + 31):
        sending.telegram.act("block", user_id=chat, has_blocked=True)
    try:
        numbers = sending.to_the_end(sending.start())
        assert numbers == {"sent": 30, "unreachable": 30}
        blocked = value(int, "select count(*) from app.subscriptions where blocked_at is not null")
        assert api.own.run(blocked) == 30
        assert sending.to_the_end(sending.start()) == {"sent": 30, "unreachable": 30}
        assert len(sending.sent()) == 60
    finally:
        for chat in range(FIRST_CHAT + 1, FIRST_CHAT + 31):
            sending.telegram.act("block", user_id=chat, has_blocked=False)


def test_one_bad_recipient_stops_nobody(sending: Sending, api: Api) -> None:
    api.own.run(command("update app.subscriptions set chat_id = 5 where user_id = 'u1'"))
    assert sending.to_the_end(sending.start()) == {"sent": USERS - 1, "unreachable": 1}


def test_what_was_not_taken_is_sent_again_and_what_may_have_been_is_not(sending: Sending) -> None:
    sending.telegram.act("fault", method="sendMessage", count=3, kind="error")
    sending.telegram.act("fault", method="sendMessage", count=2, kind="lost")
    campaign_id = sending.start()
    assert sending.to_the_end(campaign_id) == {"sent": USERS - 2, "unknown": 2}
    assert len(sending.sent()) == USERS
    retried = sending.caller.post(f"/campaigns/{campaign_id}/retry-unknown").json()
    assert retried["numbers"]["queued"] == 2
    assert sending.to_the_end(campaign_id) == {"sent": USERS}
    assert len(sending.sent()) == USERS + 2


def test_errors_that_do_not_end_are_given_up_for_those_they_hit(sending: Sending) -> None:
    sending.telegram.act("fault", method="sendMessage", count=5, kind="error")
    listed = sending.caller.post("/user-lists", json={"name": "one", "user_ids": ["u1"]}).json()["list_id"]
    campaign_id = sending.start(audience={"list_id": listed})
    assert sending.to_the_end(campaign_id) == {"failed": 1}
    (failed,) = sending.caller.get(f"/campaigns/{campaign_id}/recipients").json()["recipients"]
    assert failed["attempts"] == 5
    assert "Bad Gateway" in failed["reason"]


def test_when_telegram_asks_to_wait_all_lanes_do(sending: Sending) -> None:
    sending.telegram.act("fault", method="sendMessage", count=1, kind="flood", seconds=2)
    campaign_id = sending.start()
    began = time.time()
    assert sending.to_the_end(campaign_id, lanes=3) == {"sent": USERS}
    moments = sorted(each["at"] for each in sending.sent())
    # What was in flight beside it may have arrived; then there is silence.
    gaps = [later - earlier for earlier, later in zip([began, *moments], moments, strict=False)]
    assert max(gaps) > 1.9


def test_consent_is_that_of_the_moment_a_message_leaves(sending: Sending, api: Api) -> None:
    campaign_id = sending.start(starts_at=None, most_a_minute=600)
    sending.until(lambda: sending.numbers(campaign_id).get("sent", 0) >= 3)
    for change in (
        "update app.subscriptions set topics = '{news}' where user_id = 'u57'",
        "update app.subscriptions set stopped_at = now() where user_id = 'u58'",
        "update app.subscriptions set paused_until = 'infinity' where user_id = 'u59'",
        "insert into app.do_not_contact values ('u60', 'asked', 'anna')",
        "update app.recipients set due_at = now() + interval '1 hour' where state = 'queued'"
        " and user_id not in ('u57', 'u58', 'u59', 'u60')",
    ):
        with psycopg.connect(api.own.url) as connection:
            connection.execute(change)  # type: ignore[arg-type]
    sent_before = {each["chat_id"] - FIRST_CHAT for each in sending.sent()}
    if not sent_before & {57, 58, 59, 60}:
        sending.until(lambda: sending.numbers(campaign_id).get("opted_out", 0) == 4)
        assert not {each["chat_id"] - FIRST_CHAT for each in sending.sent()} & {57, 58, 59, 60}


def test_a_cap_is_the_users_own_and_a_capped_message_is_an_event(sending: Sending, api: Api) -> None:
    api.own.run(command("update app.subscriptions set most_a_day = 1 where user_id <> 'u1'"))
    first, second = sending.start(), sending.start()
    sending.until(lambda: {sending.status(each)["state"] for each in (first, second)} == {"done"}, lanes=4)
    numbers = [sending.numbers(each) for each in (first, second)]
    assert sum(each.get("capped", 0) for each in numbers) == USERS - 1
    assert sum(each["sent"] for each in numbers) == USERS + 1
    capped = events(api, "notification_capped")
    assert len(capped) == USERS - 1
    assert {said["reason"] for _, _, said in capped} == {"day"}
    transactional = sending.start(is_transactional=True)
    assert sending.to_the_end(transactional) == {"sent": USERS}
    assert sending.to_the_end(sending.start())["capped"] == USERS - 1


@pytest.mark.parametrize(
    ("zone", "sent_at", "most_a_day", "most_a_week", "reason"),
    [
        # Yesterday there, though less than a day ago.
        ("Asia/Tokyo", "began - interval '1 minute'", 1, 9, None),
        ("Asia/Tokyo", "began + interval '1 second'", 1, 9, "day"),
        ("America/New_York", "began - interval '6 days' + interval '1 minute'", 9, 1, "week"),
        ("America/New_York", "began - interval '6 days' - interval '1 minute'", 9, 1, None),
    ],
)
def test_days_and_weeks_of_caps_are_local(
    sending: Sending, api: Api, zone: str, sent_at: str, most_a_day: int, most_a_week: int, reason: str | None
) -> None:
    listed = sending.caller.post("/user-lists", json={"name": "one", "user_ids": ["u1"]}).json()["list_id"]
    sending.to_the_end(sending.start(audience={"list_id": listed}))
    with psycopg.connect(api.own.url) as connection:
        connection.execute(
            "update app.subscriptions set time_zone = %s, most_a_day = %s, most_a_week = %s where user_id = 'u1'",
            [zone, most_a_day, most_a_week],
        )
        connection.execute(
            f"update app.recipients set sent_at = {sent_at} from (select app.day_began(now(), %s, 0) as began) as day",  # type: ignore[arg-type]  # noqa: S608
            [zone],
        )
    campaign_id = sending.start(audience={"list_id": listed})
    numbers = sending.to_the_end(campaign_id)
    assert numbers == ({"sent": 1} if reason is None else {"capped": 1})


def test_ids_that_were_joined_after_the_selection_get_one_message(sending: Sending, api: Api) -> None:
    campaign_id = sending.start(starts_at=None)
    sending.telegram.act("fault", method="sendMessage", count=1, kind="flood", seconds=3)
    sending.until(lambda: sending.status(campaign_id)["state"] == "running")
    api.warehouse.run(
        command(
            "insert into raw.user_aliases (old_user_id, new_user_id, known_at, said_by)"
            " select 'u' || n, 'u' || n + 1, now(), 'a test' from generate_series(1, 59, 2) as n"
        )
    )
    try:
        numbers = sending.to_the_end(campaign_id)
        chats = [each["chat_id"] for each in sending.sent()]
        assert len(chats) == len(set(chats)) == numbers["sent"]
        assert numbers["sent"] + numbers.get("capped", 0) == USERS
        assert numbers["sent"] < USERS
    finally:
        api.warehouse.run(command("delete from raw.user_aliases"))


def test_a_pause_holds_and_a_resume_goes_on_with_the_rest(sending: Sending) -> None:
    campaign_id = sending.start()
    sending.until(lambda: bool(sending.sent()), messages_a_second=20)
    sending.caller.post(f"/campaigns/{campaign_id}/pause").raise_for_status()
    paused = len(sending.sent())
    assert 0 < paused < USERS
    began = time.monotonic()
    sending.until(lambda: time.monotonic() > began + 1.5)
    assert len(sending.sent()) == paused
    sending.caller.post(f"/campaigns/{campaign_id}/resume").raise_for_status()
    assert sending.to_the_end(campaign_id) == {"sent": USERS}
    assert len({each["chat_id"] for each in sending.sent()}) == len(sending.sent()) == USERS


def test_a_campaign_that_nobody_saw_to_for_hours_is_not_sent(sending: Sending, api: Api) -> None:
    campaign_id = sending.start(most_a_minute=1)
    sending.until(lambda: sending.status(campaign_id)["state"] == "running")
    before = len(sending.sent())
    api.own.run(
        command(
            "update app.campaigns set most_a_minute = null, next_send_at = now(),"
            " worked_at = now() - interval '2 hours'"
        )
    )
    # A lane that looks before anybody else must not take it for seen to.
    api.own.run(see_to_running())
    sending.until(lambda: sending.status(campaign_id)["state"] == "overdue", lanes=4)
    assert len(sending.sent()) == before


def test_a_restored_campaign_sends_nothing_until_somebody_starts_it_again(
    sending: Sending, api: Api, empty_platform: Platform
) -> None:
    campaign_id = sending.start(most_a_minute=1)
    sending.until(lambda: sending.status(campaign_id)["state"] == "running")
    sending.until(lambda: len(sending.sent()) == 1)
    with empty_platform.server.connect(WAREHOUSE) as connection:
        execute(connection, note_restoration(datetime.now(UTC) - timedelta(minutes=5)))
    api.own.run(command("update app.campaigns set most_a_minute = null, next_send_at = now()"))
    # A sender saw to it a moment ago, and a lane looks before anybody else.
    api.own.run(see_to_running())
    sending.until(lambda: sending.status(campaign_id)["state"] == "overdue", lanes=4)
    assert len(sending.sent()) == 1
    sending.caller.post(f"/campaigns/{campaign_id}/start").raise_for_status()
    sending.to_the_end(campaign_id)
    assert len({each["chat_id"] for each in sending.sent()}) == len(sending.sent()) == USERS


def test_a_throttle_holds_a_campaign_back(sending: Sending) -> None:
    campaign_id = sending.start(most_a_minute=300)
    began = time.monotonic()
    sending.until(lambda: len(sending.sent()) >= 10, lanes=2)
    assert time.monotonic() - began > 1.7
    assert sending.status(campaign_id)["state"] == "running"


def test_an_unknown_bot_fails_nobody(sending: Sending, api: Api) -> None:
    campaign_id = sending.start()
    sending.until(
        lambda: api.own.run(value(bool, "select exists (select from app.recipients where reason = 'Unauthorized')")),
        telegram_bot_token="1:wrong",
    )
    assert sending.numbers(campaign_id) == {"queued": USERS}


def test_a_test_message_is_outside_of_the_campaign(sending: Sending, api: Api) -> None:
    campaign_id = str(sending.caller.post("/campaigns", json=draft()).json()["campaign_id"])
    answer = sending.caller.post(f"/campaigns/{campaign_id}/test", json={"user_id": "u1"})
    assert answer.json() == {"is_sent": True, "reason": None}
    assert [each["chat_id"] for each in sending.sent()] == [FIRST_CHAT + 1]
    api.own.run(command("insert into app.do_not_contact values ('u2', 'asked', 'anna')"))
    for user_id, status in (("u2", 409), ("nobody", 409)):
        answer = sending.caller.post(f"/campaigns/{campaign_id}/test", json={"user_id": user_id})
        assert answer.status_code == status
    assert sending.status(campaign_id)["numbers"]["selected"] == 0


def test_erasing_a_user_takes_them_out_of_campaigns_whose_numbers_still_add_up(
    sending: Sending, api: Api, tmp_path: Path
) -> None:
    from core.home import prepare_home
    from privacy.persons import erase_person

    listed = sending.caller.post("/user-lists", json={"name": "two", "user_ids": ["u1", "u2"]}).json()["list_id"]
    campaign_id = sending.start(audience={"list_id": listed})
    sending.to_the_end(campaign_id)
    receipt = erase_person(api.warehouse, prepare_home(tmp_path / "home"), "u1", [], [])
    assert receipt.deleted["app.recipients"] == receipt.deleted["app.user_list_members"] == 1
    assert sending.numbers(campaign_id) == {"sent": 1}
    assert datetime.fromisoformat(sending.status(campaign_id)["ended_at"])


def test_a_change_of_the_shops_caps_counts_without_a_restart(
    sending: Sending, api: Api, empty_platform: Platform
) -> None:
    with empty_platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute("update app.subscriptions set most_a_day = null, most_a_week = null")
    api.own.run(add_settings(1, Chosen(most_a_day=0), "Anna"))
    campaigns = [sending.start()]

    def is_so() -> bool:
        if sending.status(campaigns[-1])["state"] != "done":
            return False
        if len(campaigns) == 1:
            api.own.run(add_settings(2, Chosen(most_a_day=5, most_a_week=5), "Anna"))
            campaigns.append(sending.start())
            return False
        return True

    sending.until(is_so, lanes=2)
    assert [sending.numbers(each) for each in campaigns] == [{"capped": USERS}, {"sent": USERS}]
