"""Campaigns: audiences of a million users, and sending at Telegram's limit while senders are killed.

python -m benchmarks.campaigns [--users 1000000] [--recipients 2000] [--kills 20] [--senders 6]

The first part sends a campaign to the double of Telegram, which refuses what is beyond Telegram's limits: 30 messages a
second, in whichever window. Senders are killed at random moments (SIGKILL) and replaced. Nobody may be sent the message
twice or be skipped, and each kill may leave one recipient `unknown`. `--recipients 10000 --kills 100` is the full run.
The second part counts audiences and selects one, with arms and consent, in the transaction of a real sender.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import httpx
import psutil
import psycopg

from backend.campaigns import audiences
from backend.campaigns.schemas import Audience, NewCampaign
from backend.campaigns.service import columns_of
from backend.sending.tending import begin_due
from backend.subscriptions.rules import ContactRules
from core.settings import Settings
from standalone.fleet import running_servers
from standalone.stack import Platform, running_platform
from standalone.telegram_servers import sender_server, telegram_of, telegram_servers
from warehouse import campaigns, recipients
from warehouse.database import Database

_LIMIT = 30
_FIRST_CHAT = 1_000_000
_LOST_SECONDS = 30
_AUDIENCES: dict[str, dict[str, Any]] = {
    "everybody": {},
    "a segment": {"filter": {"segment": "segment 1"}},
    "high risk, worth something": {"filter": {"risk": "high", "min_expected_value": 500}},
    "the best 50,000 for a budget": {"targets": {"max_users": 50_000, "cost_per_contact": 0.5}},
}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--recipients", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--senders", type=int, default=6, help="at least two, of which the first is never killed")
    asked = parser.parse_args()
    with (
        TemporaryDirectory(prefix="benchmark-") as scratch,
        running_platform(Settings(home=Path(scratch) / "home", database_url=None)) as platform,
    ):
        if asked.recipients:
            fill(platform, asked.recipients)
            measure_sending(platform, asked.recipients, asked.kills, asked.senders, Path(scratch))
        fill(platform, asked.users)
        measure_audiences(platform, asked.users)


def fill(platform: Platform, users: int) -> None:
    """A list of users, as a run would leave it; nine of ten have a chat and want offers, at any time."""
    with Database(platform.warehouse_url).transaction() as connection:
        connection.execute("drop table if exists analytics.user_list")
        connection.execute(
            "create table analytics.user_list as select 'user-' || n as user_id, current_date as as_of,"
            " 'segment ' || n %% 4 as segment, (array['low', 'medium', 'high'])[n %% 3 + 1] as churn_risk,"
            " (n %% 1000)::double precision as expected_value from generate_series(1, %s::integer) as n",
            [users],
        )
        connection.execute("create index on analytics.user_list (segment)")
        connection.execute("create index on analytics.user_list ((coalesce(expected_value, '-infinity')))")
        connection.execute("delete from app.recipients")
        connection.execute("delete from app.subscriptions")
    with Database(platform.backend_url).transaction() as connection:
        connection.execute(
            "insert into app.subscriptions (user_id, chat_id, language, topics, quiet_from, quiet_until)"
            " select 'user-' || n, %s + n, 'en', '{offers}', '00:00', '00:00'"
            " from generate_series(1, %s::integer) as n where n %% 10 > 0",
            [_FIRST_CHAT, users],
        )
    with psycopg.connect(platform.warehouse_url, autocommit=True) as connection:
        connection.execute("analyze analytics.user_list")
        connection.execute("analyze app.subscriptions")


def measure_audiences(platform: Platform, users: int) -> None:
    """How long it takes to count audiences, and to select one with its arms."""
    backend = Database(platform.backend_url)
    print(f"{users:,} users, nine of ten with a chat\n\n| audience | users | counted in, ms |\n| --- | --- | --- |")
    for name, audience in _AUDIENCES.items():
        counted, seconds = timed(lambda given=audience: backend.run(audiences.count(Audience.model_validate(given))))
        print(f"| {name} | {counted:,} | {seconds * 1000:,.0f} |")
    campaign_id = scheduled(backend, control_share=0.1)
    found = backend.run(campaigns.campaign(campaign_id))
    if found is None:
        raise SystemExit("the campaign is gone")
    _, seconds = timed(lambda: backend.run(audiences.preview(found, ContactRules().bound())))
    print(f"\nThe preview of a campaign to everybody takes {seconds:.1f} s.")
    _, seconds = timed(lambda: asyncio.run(begun(platform)))
    counts = backend.run(recipients.counts(campaign_id))
    named = ", ".join(f"{number:,} {state}" for state, number in sorted(counts.items()))
    print(f"Selecting {sum(counts.values()):,} recipients with their arms takes {seconds:.1f} s: {named}.\n")
    backend.run(campaigns.move(campaign_id, ["running"], "cancelled"))


def measure_sending(platform: Platform, users: int, kills: int, senders: int, scratch: Path) -> None:
    """Sends a campaign to the end while senders are killed, and says what arrived."""
    backend = Database(platform.backend_url)
    wanted = users - users // 10
    with double(platform) as telegram:
        act(telegram, "users", first_id=_FIRST_CHAT, count=users + 1)
        log = scratch / "senders.log"
        campaign_id = scheduled(backend, control_share=0)
        running = [start_sender(platform, log) for _ in range(senders)]
        drawn, memory = random.Random(1), Memory()  # noqa: S311
        pause = wanted / (_LIMIT * 0.97) / (kills + 1)
        try:
            for _ in range(kills):
                time.sleep(drawn.uniform(0.5, 1.5) * pause)
                memory.note(running)
                # The first one lives, so that its memory can be watched.
                victim = running.pop(drawn.randrange(1, len(running)))
                victim.kill()
                victim.wait()
                running.append(start_sender(platform, log))
            while waiting(backend, campaign_id):
                time.sleep(0.5)
                memory.note(running)
        finally:
            for each in running:
                each.terminate()
            for each in running:
                each.wait(timeout=30)
        sends = httpx.get(f"{telegram}/double/sends", trust_env=False, timeout=60).json()
    report(backend, campaign_id, sends, wanted, kills, log)
    print(f"Resident memory of a sender: {memory.first:.0f} MB early, {memory.last:.0f} MB at the end.")


def report(
    backend: Database, campaign_id: UUID, sends: list[dict[str, Any]], wanted: int, kills: int, log: Path
) -> None:
    """Prints how fast messages arrived, and whether each arrived once."""
    moments = sorted(each["at"] for each in sends)
    chats = Counter(each["chat_id"] for each in sends)
    counts = backend.run(recipients.counts(campaign_id))
    unknown = backend.run(recipients.recipients_page(campaign_id, "unknown", None, 1000))
    in_doubt = {_FIRST_CHAT + int(each.user_id.removeprefix("user-")) for each in unknown}
    rate = (len(moments) - 1) / (moments[-1] - moments[0])
    fullest = max(sum(begin <= each < begin + 1 for each in moments[at : at + 60]) for at, begin in enumerate(moments))
    skipped = wanted - len(chats) - len(in_doubt - set(chats))
    floods = log.read_text(encoding="utf-8").count("Telegram asks to wait")
    print(f"{wanted:,} recipients, {kills} kills (SIGKILL)\n\n| | |\n| --- | --- |")
    print(f"| messages a second, of {_LIMIT} allowed | {rate:.1f} ({rate / _LIMIT:.0%}) |")
    print(f"| most in any window of a second | {fullest} |")
    print(f"| refused by Telegram as too many | {floods} |")
    print(f"| sent twice | {sum(number > 1 for number in chats.values())} |")
    print(f"| skipped | {skipped} |")
    print(f"| unknown | {counts.get('unknown', 0)} (of which arrived: {len(in_doubt & set(chats))}) |")
    print(f"| sent, as the campaign says | {counts.get('sent', 0):,} |\n")


class Memory:
    """The resident memory of the sender that is never killed, in MB: once it has loaded all, and last."""

    def __init__(self) -> None:
        self.first = self.last = 0.0

    def note(self, senders: list["subprocess.Popen[bytes]"]) -> None:
        """Looks at it, once it has run for a while."""
        try:
            process = psutil.Process(senders[0].pid)
            if time.time() - process.create_time() < 15:
                return
            self.last = process.memory_info().rss / 1e6
        except psutil.NoSuchProcess:
            return
        self.first = self.first or self.last


def scheduled(backend: Database, control_share: float) -> UUID:
    """A campaign to everybody that is to begin now."""
    given = NewCampaign.model_validate(
        {
            "name": "benchmark",
            "topic": "offers",
            "audience": {},
            "variants": [{"name": "plain", "texts": {"en": "Hello!"}}],
            "control_share": control_share,
        }
    )
    made = backend.run(campaigns.add_campaign(columns_of(given), "benchmark"))
    if made is None:
        raise SystemExit("the campaign was not made")
    backend.run(campaigns.approve(made.campaign_id, "benchmark"))
    backend.run(campaigns.schedule(made.campaign_id))
    return made.campaign_id


async def begun(platform: Platform) -> None:
    """Selects the recipients of what is scheduled, as a sender does."""
    async with await psycopg.AsyncConnection.connect(platform.backend_url, autocommit=True) as connection:
        await begin_due(connection, ContactRules().bound())


def waiting(backend: Database, campaign_id: UUID) -> bool:
    """Whether somebody is still to be sent the message, or may be in flight."""
    found = backend.run(campaigns.campaign(campaign_id))
    return found is None or found.state != "done"


@contextmanager
def double(platform: Platform) -> Iterator[str]:
    """The double with Telegram's own limits; its address."""
    with running_servers(telegram_servers(platform)):
        yield telegram_of(platform).url


def act(telegram: str, action: str, **given: Any) -> None:
    """What people do at the double."""
    httpx.post(f"{telegram}/double/{action}", json=given, trust_env=False, timeout=60).raise_for_status()


def start_sender(platform: Platform, log: Path) -> "subprocess.Popen[bytes]":
    """A sender as `up` starts it."""
    command = sender_server(platform)
    settings = {"SENDER_LOST_SECONDS": str(_LOST_SECONDS), "CONTACT_MOST_A_DAY": "1000", "CONTACT_MOST_A_WEEK": "1000"}
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "backend.sending"],
            env={**os.environ, **platform.environment, **command.environment, **settings},
            stdout=output,
            stderr=output,
        )


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """What a call answers, and how many seconds it takes."""
    began = time.perf_counter()
    answer = call()
    return answer, time.perf_counter() - began


if __name__ == "__main__":
    main()
